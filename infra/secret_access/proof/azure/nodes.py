"""Identities that a cluster's nodes run as: every pod gets their tokens of the metadata service. Pure.

Sources: AKS, "Use a pre-created kubelet managed identity"; Entra, "How managed identities for Azure resources work with
Azure virtual machines".
"""

from collections.abc import Iterator, Mapping
from typing import Any

from ..preview import UNKNOWN, Resource
from ..subjects import ALL, of_namespace
from .documents import CLUSTER, Stack, lower
from .identities import Identity
from .scopes import scope

MACHINES = ("compute:VirtualMachineScaleSet", "compute:VirtualMachine")


def add_nodes(stack: Stack) -> None:
    """Add to each identity that it is the kubelet's of a cluster, or may be of nodes."""
    for each in stack.of(CLUSTER):
        kubelet = _mapping(_mapping(each.inputs.get("identityProfile")).get("kubeletidentity"))
        by = f"nodes of the cluster {each.name}, whose metadata service every pod reaches"
        for one in _named(stack, each, "identityProfile", [kubelet.get("resourceId")]):
            one.become.append((ALL, by))
        for one, namespace in _pod_identities(stack, each):
            subjects = ALL if UNKNOWN in namespace else of_namespace(namespace)
            one.become.append((subjects, f"pod identity of the cluster {each.name} in the namespace {namespace}"))
    for kind in MACHINES:
        for each in stack.of(kind):
            given = _mapping(each.inputs.get("identity")).get("userAssignedIdentities")
            ids = list(given) if isinstance(given, list | Mapping) else [given]
            for one in _named(stack, each, "identity", ids):
                one.doubt = f"it is on {each.name}: whether pods run there is not among the documents"


def _pod_identities(stack: Stack, cluster: Resource) -> Iterator[tuple[Identity, str]]:
    """Yield the identities that AKS gives pods of a namespace, and the namespace (Entra pod-managed identities)."""
    given = _mapping(cluster.inputs.get("podIdentityProfile")).get("userAssignedIdentities")
    for each in given if isinstance(given, list) else []:
        identity = _mapping(_mapping(each).get("identity"))
        for one in _named(stack, cluster, "podIdentityProfile", [identity.get("resourceId")]):
            yield one, str(_mapping(each).get("namespace", UNKNOWN))


def _named(stack: Stack, each: Resource, key: str, ids: list[object]) -> Iterator[Identity]:
    """Yield the identities that an input names, by what it says or by what it was computed from."""
    sources = {*each.depends_on.get(key, ())}
    scopes = [found for text in ids if isinstance(text, str) and (found := scope(text)) is not None]
    for one in stack.identities:
        is_named = any(one.name.lower() == found.name and lower(one.group) in (None, found.group) for found in scopes)
        if is_named or one.urns & sources:
            yield one


def _mapping(given: object) -> Mapping[str, Any]:
    return given if isinstance(given, Mapping) else {}
