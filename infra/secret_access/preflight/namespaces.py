"""What a namespace has that matters to its identity: Pod Security, and policies of what its pods reach. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..remainder.live import ENFORCE, is_enforced
from .check import Check, Severity

Manifest = Mapping[str, Any]
SYSTEM = ("kube-system", "kube-public", "kube-node-lease")
"""Kubernetes' own namespaces, which have no applications."""


def pod_security(namespaces: Iterable[Manifest]) -> Iterator[Check]:
    """Yield the namespaces whose pods may be their node's root."""
    open_ones = [each["metadata"]["name"] for each in namespaces if not is_enforced(each)]
    what = "Pod Security"
    if open_ones:
        found = f"neither baseline nor restricted is enforced in {_listed(open_ones)}"
        mend = (
            f"kubectl label namespace NAME {ENFORCE}=restricted: pods with the sidecar pass it, and a privileged pod "
            "reads the tokens of all pods on its node"
        )
        yield Check("pod-security", Severity.WARNING, what, found, mend)
    else:
        yield Check("pod-security", Severity.OK, what, "every namespace enforces baseline or restricted")


def egress(policies: Iterable[Manifest]) -> Iterator[Check]:
    """Yield the namespaces that let no pod out, where nothing else lets it out either."""
    denied: set[str] = set()
    allowed: set[str] = set()
    for policy in policies:
        spec, namespace = policy["spec"], policy["metadata"]["namespace"]
        if "Egress" not in (spec.get("policyTypes") or ()):
            continue
        if spec.get("egress"):
            allowed.add(namespace)
        elif not any((spec.get("podSelector") or {}).values()):
            denied.add(namespace)
    closed = sorted(denied - allowed)
    what = "NetworkPolicies of egress"
    if closed:
        found = f"no pod reaches anything from {_listed(closed)}"
        mend = "allow DNS and the vault, for example with PodEgress"
        yield Check("egress", Severity.WARNING, what, found, mend)
    else:
        yield Check("egress", Severity.OK, what, "none denies all")


def _listed(names: Iterable[str]) -> str:
    given = sorted(names)
    more = f" and {len(given) - 5} more" if len(given) > 5 else ""
    return f"{', '.join(given[:5])}{more}"
