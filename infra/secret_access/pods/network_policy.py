"""Who may reach pods, as NetworkPolicies spell it. Pure.

https://kubernetes.io/docs/concepts/services-networking/network-policies/
"""

from collections.abc import Mapping, Sequence
from typing import Any

Manifest = dict[str, Any]
LAST_PORT = 65535


def from_namespaces(namespaces: Sequence[str], port: int) -> Manifest:
    """Return the rule that lets the pods of some namespaces reach one port."""
    # The API server itself sets this label to the namespace's name
    named = {"key": "kubernetes.io/metadata.name", "operator": "In", "values": sorted(namespaces)}
    return {
        "from": [{"namespaceSelector": {"matchExpressions": [named]}}],
        "ports": [{"port": port, "protocol": "TCP"}],
    }


def only_to_port_from(labels: Mapping[str, str], port: int, namespaces: Sequence[str]) -> Manifest:
    """Return a policy that lets only some namespaces reach one TCP port of pods, and leaves all other ports open.

    A pod that any policy selects is closed but for what policies allow, so the other ports have to be allowed.
    """
    others = {
        "ports": [
            {"protocol": "TCP", "port": 1, "endPort": port - 1},
            {"protocol": "TCP", "port": port + 1, "endPort": LAST_PORT},
            {"protocol": "UDP", "port": 1, "endPort": LAST_PORT},
            {"protocol": "SCTP", "port": 1, "endPort": LAST_PORT},
        ]
    }
    allowed = [from_namespaces(namespaces, port)] if namespaces else []
    return {"podSelector": {"matchLabels": dict(labels)}, "policyTypes": ["Ingress"], "ingress": [others, *allowed]}
