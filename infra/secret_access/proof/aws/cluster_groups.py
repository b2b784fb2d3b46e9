"""Roles of pods that EKS makes users of a cluster: what these may do there is RBAC's. Pure.

Sources: EKS User Guide, "Grant IAM users access to Kubernetes with EKS access entries" and "Grant IAM users access to
Kubernetes with a ConfigMap" (`aws-auth` in kube-system: lists in YAML, which may be JSON).
"""

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

import yaml

from ..isolation import Reach
from ..preview import UNKNOWN, Resource
from ..strings import ANYTHING
from .chains import Session
from .cluster_access import NATIVE_ENTRY, reach
from .nodes import ACCESS_ENTRY
from .stack import Role, Stack

_CONFIG_MAPS = ("kubernetes:core/v1:ConfigMap", "kubernetes:core/v1:ConfigMapPatch")
_MASTERS = "system:masters"
_OF_NODES = frozenset({"system:nodes", "system:bootstrappers", "system:node-proxier", "eks:kube-proxy-windows"})
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[\w+=,.@/-]*[\w+=.@/-]")
_UNREAD = frozenset(["groups that cannot be read"])


@dataclass(frozen=True)
class _User:
    """A role that is a user of a cluster, as a document says it."""

    role: Role
    groups: frozenset[str]
    where: str


def by_groups(
    stack: Stack, resources: Sequence[Resource], had: Sequence[Session], of_instances: Set[str]
) -> Iterator[Reach]:
    """Yield what sessions may use as administrators of a cluster; note those of other groups.

    `of_instances` are the URNs of roles that instances have: the groups of nodes are theirs.
    """
    for each in resources:
        for user in _users(stack, each):
            sessions = [session for session in had if session.role == user.role.urn]
            is_of_node = user.role.urn in of_instances and user.groups <= _OF_NODES
            if _MASTERS in user.groups:
                where = f"{user.where} makes it one of {_MASTERS}: it makes pods of every namespace"
                yield from (reach(session, ANYTHING, where) for session in sessions)
            elif sessions and not is_of_node:
                groups = ", ".join(sorted(user.groups)) or "a user name of its own"
                stack.undecided.append(
                    f"role {user.role.name} of pods is a user of a cluster by {user.where}, with {groups}: what that "
                    "may do there is RBAC's; take it out"
                )


def _users(stack: Stack, each: Resource) -> Iterator[_User]:
    if each.type in (ACCESS_ENTRY, NATIVE_ENTRY):
        names, user = each.inputs.get("kubernetesGroups"), each.inputs.get("userName", each.inputs.get("username"))
        groups = frozenset(map(str, names)) if isinstance(names, list) else frozenset(["groups that are known later"])
        groups = frozenset() if names is None else groups
        if (groups or user is not None) and (role := stack.role_of(each, "principalArn")) is not None:
            yield _User(role, groups, f"the access entry {each.name}")
    elif each.type in _CONFIG_MAPS and _is_aws_auth(each):
        yield from _of_aws_auth(stack, each)


def _is_aws_auth(each: Resource) -> bool:
    metadata = each.inputs.get("metadata")
    return isinstance(metadata, Mapping) and metadata.get("name") == "aws-auth"


def _of_aws_auth(stack: Stack, each: Resource) -> Iterator[_User]:
    data = each.inputs.get("data")
    text = data.get("mapRoles") if isinstance(data, Mapping) else data
    if not isinstance(text, str) or UNKNOWN in text:
        made = [stack.roles[urn] for urn in each.depends_on.get("data", ()) if urn in stack.roles and text is not None]
        yield from (_User(role, frozenset(), f"{each.name}, which is known later") for role in made)
        return
    for arn, groups in _mapped(text):
        named = Resource(each.urn, each.type, {"roleArn": arn}, {}, provider=each.provider)
        if (role := stack.role_of(named, "roleArn")) is not None:
            yield _User(role, groups, f"aws-auth in {each.name}")


def _mapped(text: str) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield the roles of `mapRoles` with their groups; of a text that EKS could not read either, all that it names."""
    try:
        entries = [_entry(each) for each in yaml.safe_load(text) or ()]
    except (yaml.YAMLError, ValueError, TypeError, RecursionError):
        entries = [(arn, _UNREAD) for arn in _ROLE.findall(text)]
    yield from entries


def _entry(given: Any) -> tuple[str, frozenset[str]]:
    """Return an entry's role and groups; Go takes its keys in any case. Raises ValueError for what is none."""
    entry = {str(key).lower(): value for key, value in given.items()} if isinstance(given, dict) else {}
    groups = entry.get("groups") or []
    if not isinstance(groups, list) or "rolearn" not in entry:
        raise ValueError
    return str(entry["rolearn"]), frozenset(map(str, groups))
