"""What a namespace's developers may do: look, and by name restart, scale and deploy; never use its identity."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_kubernetes as k8s

from .. import checks
from ..arguments import Arguments
from ..inputs import children_of, lift, output
from . import checks as rights_checks
from . import rules
from .rules import DeveloperRight


class DeveloperAccessArgs(TypedDict):
    """Arguments of DeveloperAccess."""

    namespace: pulumi.Input[str]
    """The Kubernetes namespace, which must exist. Example: `test`."""
    groups: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """Groups of developers, as the API server sees them; users or groups must name somebody. Default: none.
    Example: `["team-a"]`."""
    users: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """Developers by name, as the API server sees them. Default: none. Example: `["ann@example.com"]`."""
    rights: NotRequired[pulumi.Input[Sequence[pulumi.Input[DeveloperRight]]]]
    """What they may do besides looking: `restart` pods, `scale` workloads, and `deploy` workloads that do not use the
    identity, which needs a guard. Default: nothing. Example: `["restart", "scale"]`."""
    guarded_namespace: NotRequired[pulumi.Input[str]]
    """The output `namespace` of the ServiceAccountGuard, without which `deploy` is refused: who writes a pod's
    template otherwise has the namespace's identity. Default: none. Example: `test`."""
    role_name: NotRequired[pulumi.Input[str]]
    """Name of the Role and of its binding. Default: `secret-access-developers`."""
    labels: NotRequired[pulumi.Input[Mapping[str, pulumi.Input[str]]]]
    """Labels of the Role and its binding. Default: none. Example: `{"team": "a"}`."""


class DeveloperAccess(pulumi.ComponentResource):
    """The rights of a namespace's developers, none of which leads to its identity or to its secrets.

    Creates a Role and its binding. Rights add up in Kubernetes: who has more from elsewhere, such as from the role
    `edit`, keeps it.
    """

    namespace: pulumi.Output[str]
    """The namespace."""
    role_name: pulumi.Output[str]
    """Name of the Role and of its binding."""

    def __init__(self, name: str, args: DeveloperAccessArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        given = Arguments(f"DeveloperAccess {name!r}", args, DeveloperAccessArgs)
        namespace = given.take("namespace", checks.namespace)
        groups = given.named("groups", rights_checks.developers, [])
        users = given.check(partial(rights_checks.some, ""), given.named("users", rights_checks.developers, []), groups)
        rights = given.take("rights", rights_checks.rights, [])
        rights = given.check(_guarded, rights, given.get("guarded_namespace"), namespace)
        role_name = given.take("role_name", _role_name, "secret-access-developers")
        labels = given.take("labels", checks.labels, {})
        super().__init__("secret-access:index:DeveloperAccess", name, {}, opts)
        child = children_of(self, opts)

        metadata: Any = {"name": role_name, "namespace": namespace, "labels": labels}
        own_rules: Any = lift(rules.rules, rights)
        subjects: Any = lift(rules.subjects, users, groups)
        role = k8s.rbac.v1.Role(f"{name}-role", metadata=metadata, rules=own_rules, opts=child)
        binding = k8s.rbac.v1.RoleBinding(
            f"{name}-binding",
            metadata=metadata,
            role_ref={"api_group": rules.GROUP, "kind": "Role", "name": role_name},
            subjects=subjects,
            opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[role])),
        )
        self.namespace = output(namespace)
        self.role_name = pulumi.Output.all(role_name, binding.id).apply(lambda known: str(known[0]))
        self.register_outputs({"namespace": self.namespace, "roleName": self.role_name})


def _guarded(rights: list[DeveloperRight], guard: object, namespace: str) -> list[DeveloperRight]:
    if DeveloperRight.DEPLOY in rights or guard is not None:
        rights_checks.guarded(guard, namespace)
    return rights


def _role_name(name: object) -> str:
    return rights_checks.object_name("role_name", name, "secret-access-developers")
