"""Rules and specs of NetworkPolicies. Pure.

https://kubernetes.io/docs/concepts/services-networking/network-policies/
"""

import hashlib
import ipaddress
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


ANYWHERE = ("0.0.0.0/0", "::/0")
METADATA = ("169.254.0.0/16", "168.63.129.16/32", "fd00:ec2::/32", "fd20:ce::254/128", "fe80::/10")
"""Metadata servers, which give any process on a node the node's, or on GKE the pod's, identity: link-local addresses,
Azure's WireServer, and the IPv6 addresses of EC2 and Compute Engine."""
AGENT = (("169.254.170.23/32", "fd00:ec2::23/128"), 80)
"""The agent of EKS Pod Identity (EKS User Guide, "Understand how EKS Pod Identity works")."""


def egress_policy(
    labels: Mapping[str, str],
    cidrs: Sequence[str],
    ports: Sequence[int],
    dns: bool,
    agent: bool,
    further: Sequence[Manifest],
) -> Manifest:
    """Return a policy by which pods reach some addresses on some ports, DNS, and what further rules say."""
    rules = [{"to": [_without_metadata(cidr) for cidr in cidrs], "ports": [_tcp(port) for port in ports]}]
    if dns:
        rules.append({"ports": [{"protocol": protocol, "port": 53} for protocol in ("UDP", "TCP")]})
    if agent:
        addresses, port = AGENT
        rules.append({"to": [{"ipBlock": {"cidr": address}} for address in addresses], "ports": [_tcp(port)]})
    return {
        "podSelector": {"matchLabels": dict(labels)} if labels else {},
        "policyTypes": ["Egress"],
        "egress": [*rules, *further],
    }


def _tcp(port: int) -> Manifest:
    return {"protocol": "TCP", "port": port}


def _without_metadata(cidr: str) -> Manifest:
    """Return a range without the metadata servers in it; one that is inside theirs was asked for by name."""
    whole = ipaddress.ip_network(cidr)
    inside = [
        address
        for address in METADATA
        if (other := ipaddress.ip_network(address)).version == whole.version
        and other.prefixlen > whole.prefixlen
        and other.subnet_of(whole)  # type: ignore[arg-type]  # both are of one version
    ]
    return {"ipBlock": {"cidr": cidr, "except": inside} if inside else {"cidr": cidr}}
