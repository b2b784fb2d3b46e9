"""Rules and specs of NetworkPolicies. Pure.

https://kubernetes.io/docs/concepts/services-networking/network-policies/
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from .sidecar_container import HEALTH_PORT

Manifest = dict[str, Any]
LAST_PORT = 65535
LONGEST_VALUE = 63
"""Characters of a label's value (Kubernetes, "Labels and Selectors", "Syntax and character set")."""
SIDECAR_LABEL = "secret-access/sidecar"
"""The label of pods whose health port a policy limits; its value tells their ServiceAccount."""


def from_namespaces(namespaces: Sequence[str], port: int) -> Manifest:
    """Return a rule that allows the pods of some namespaces to reach one TCP port."""
    # The API server itself sets this label to the namespace's name
    named = {"key": "kubernetes.io/metadata.name", "operator": "In", "values": sorted(namespaces)}
    return {
        "from": [{"namespaceSelector": {"matchExpressions": [named]}}],
        "ports": [{"port": port, "protocol": "TCP"}],
    }


def pod_labels(labels: Mapping[str, str], account_name: str) -> dict[str, str]:
    """Return labels for pods that the health policy selects."""
    return {**labels, SIDECAR_LABEL: _label_value(account_name)}


def _label_value(account_name: str) -> str:
    """Return a ServiceAccount's name as a label's value, which is shorter: a cut one ends in `_`, which no name has,
    and a hash of the whole.
    """
    if len(account_name) <= LONGEST_VALUE:
        return account_name
    digest = hashlib.sha256(account_name.encode()).hexdigest()[:16]
    return f"{account_name[: LONGEST_VALUE - 17]}_{digest}"


def health_policy_name(account_name: str) -> str:
    """Return the name of the health policy of a ServiceAccount's pods."""
    return f"{account_name}-health"


def health_policy(account_name: str, namespaces: Sequence[str]) -> Manifest:
    """Return a policy that limits the sidecar's health port to some namespaces and leaves all other ports open.

    A pod that a policy selects accepts only what policies allow, so the other ports are allowed explicitly.
    """
    others = {
        "ports": [
            {"protocol": "TCP", "port": 1, "endPort": HEALTH_PORT - 1},
            {"protocol": "TCP", "port": HEALTH_PORT + 1, "endPort": LAST_PORT},
            {"protocol": "UDP", "port": 1, "endPort": LAST_PORT},
            {"protocol": "SCTP", "port": 1, "endPort": LAST_PORT},
        ]
    }
    allowed = [from_namespaces(namespaces, HEALTH_PORT)] if namespaces else []
    selector = {"matchLabels": pod_labels({}, account_name)}
    return {"podSelector": selector, "policyTypes": ["Ingress"], "ingress": [others, *allowed]}
