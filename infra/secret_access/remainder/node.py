"""The ways to every identity with a pod on a node: by a pod that reaches the node's disk. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

from .rules import Right
from .ways import (
    BIND_ROLES,
    CHANGE_PODS,
    CHANGE_WORKLOADS,
    CREATE_PODS,
    CREATE_WORKLOADS,
    EPHEMERAL,
    LABEL_NAMESPACES,
    STREAMS,
    WIDEN_ROLES,
    Clause,
    Named,
    Way,
)

APPLY_PODS = Way(
    "apply pods",
    (Clause((Right("create", "", "pods"),), Named.LIMITED), Clause((Right("patch", "", "pods"),))),
    CREATE_PODS.mend,
)
"""A server-side apply has a name, so a limit of names allows it:
https://kubernetes.io/docs/reference/access-authn-authz/rbac/#referring-to-resources"""
MAKING = (CREATE_PODS, APPLY_PODS, CREATE_WORKLOADS, CHANGE_WORKLOADS, EPHEMERAL)
"""These put a container of one's own into the namespace, privileged unless Pod Security refuses it."""
ENTERING = (CHANGE_PODS, *STREAMS)
"""These run in a container that is there."""
_BINDS = (BIND_ROLES.clauses[0], Clause((Right("bind", "rbac.authorization.k8s.io", "clusterroles"),), Named.ADMIN))
GIVING = (replace(BIND_ROLES, clauses=_BINDS), WIDEN_ROLES)
"""These give all rights of the namespace, to change its labels too."""
_MEND = (
    "let the namespace enforce the Pod Security Standard baseline or restricted, and its labels be others' to change: "
    "a privileged pod reads the tokens of all pods on its node"
)
_ENTERED = "take the right away: a pod of this namespace reaches its node, and with it the tokens of all pods there"


KUBELET = PurePosixPath("/var/lib/kubelet")
"""Where kubelets keep the tokens of pods."""
RULING = tuple(map(PurePosixPath, ("/dev", "/etc", "/proc", "/root", "/run", "/sys", "/var/run")))
"""Folders with devices, credentials, processes, or the sockets of container runtimes."""


def reaches_node(spec: Mapping[str, Any]) -> bool:
    """Tell whether a pod reaches its node's tokens: it is privileged, sees all processes, or mounts such a folder."""
    containers = [each for kind in ("initContainers", "containers") for each in spec.get(kind) or ()]
    is_privileged = any((each.get("securityContext") or {}).get("privileged") for each in containers)
    paths = [(volume.get("hostPath") or {}).get("path") for volume in spec.get("volumes") or ()]
    return bool(spec.get("hostPID") or is_privileged or any(_is_telling(PurePosixPath(path)) for path in paths if path))


def _is_telling(path: PurePosixPath) -> bool:
    return KUBELET.is_relative_to(path) or path.is_relative_to(KUBELET) or any(map(path.is_relative_to, RULING))


def on_the_node(namespace: str, *, is_enforced: bool, has_pods: bool) -> Iterator[Way]:
    """Yield the ways that lead over a node from a namespace, whichever it is.

    `is_enforced`: it enforces the Pod Security Standard baseline or restricted. `has_pods`: a pod of it reaches its
    node.
    """
    for way in MAKING:
        clauses = (*way.clauses, *(LABEL_NAMESPACES.clauses if is_enforced else ()))
        yield replace(way, name=f"{way.name} (privileged), in {namespace}", clauses=clauses, mend=_MEND)
    for way in GIVING if is_enforced else (BIND_ROLES, WIDEN_ROLES):
        yield replace(way, name=f"{way.name} (privileged), in {namespace}")
    for way in ENTERING if has_pods else ():
        yield replace(way, name=f"{way.name} (into a privileged pod), in {namespace}", mend=_ENTERED)
