"""Who has which rights, and by which bindings. Pure.

https://kubernetes.io/docs/reference/access-authn-authz/rbac/
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .rules import Names, Right, allows, names

Manifest = Mapping[str, Any]
EVERYWHERE = "*"
"""In place of a namespace: the whole cluster."""
ACCOUNT_USER = "system:serviceaccount:"
ACCOUNTS_GROUP = "system:serviceaccounts"
AUTHENTICATED, UNAUTHENTICATED = "system:authenticated", "system:unauthenticated"
"""https://kubernetes.io/docs/reference/access-authn-authz/rbac/#referring-to-subjects"""


@dataclass(frozen=True, order=True)
class Subject:
    """A user, a group or a ServiceAccount, as a binding names it."""

    kind: str
    """`User`, `Group` or `ServiceAccount`."""
    name: str
    namespace: str = ""
    """Of a ServiceAccount."""

    def __str__(self) -> str:
        """Return it as people write it, such as `ServiceAccount ci/deployer`."""
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"

    @property
    def groups(self) -> tuple["Subject", ...]:
        """The groups that the API server puts it, or every member of it, into.

        Those of the identity provider are not known here.
        """
        if self.kind == "ServiceAccount":
            names: tuple[str, ...] = (ACCOUNTS_GROUP, f"{ACCOUNTS_GROUP}:{self.namespace}", AUTHENTICATED)
        elif self.name in ("system:anonymous", UNAUTHENTICATED):
            names = (UNAUTHENTICATED,)
        else:
            is_of_accounts = self.kind == "Group" and self.name.startswith(f"{ACCOUNTS_GROUP}:")
            names = (*((ACCOUNTS_GROUP,) if is_of_accounts else ()), AUTHENTICATED)
        groups = (Subject("Group", name) for name in names)
        return tuple(group for group in groups if group != self)


@dataclass(frozen=True)
class Grant:
    """A right that a binding gives, and the names that it is limited to."""

    by: str
    """The binding and its role, such as `RoleBinding shop/dev of ClusterRole edit`."""
    names: Names
    is_default: bool
    """Kubernetes made the binding itself, and restores it."""


Rights = Mapping[Right, Sequence[Grant]]
Grants = Mapping[Subject, Mapping[str, Rights]]
"""Of each subject, in each namespace or `*`."""


@dataclass(frozen=True)
class Rbac:
    """The objects of RBAC, as the API server has them."""

    roles: Collection[Manifest]
    cluster_roles: Collection[Manifest]
    """With the rules that the controller has aggregated into them."""
    role_bindings: Collection[Manifest]
    cluster_role_bindings: Collection[Manifest]


def grants(rbac: Rbac, rights: Collection[Right]) -> Grants:
    """Return which of the rights each subject has, in which namespaces, by which bindings."""
    given: dict[tuple[str, str, str], list[tuple[Right, Names]]] = {}
    for kind, roles in (("Role", rbac.roles), ("ClusterRole", rbac.cluster_roles)):
        for role in roles:
            given[kind, _namespace(role), role["metadata"]["name"]] = [
                (right, names(rule)) for rule in role.get("rules") or () for right in rights if allows(rule, right)
            ]
    found: dict[Subject, dict[str, dict[Right, list[Grant]]]] = defaultdict(
        lambda: defaultdict(lambda: defaultdict(list))
    )
    for binding in (*rbac.cluster_role_bindings, *rbac.role_bindings):
        namespace, reference = _namespace(binding), binding["roleRef"]
        of = namespace if reference["kind"] == "Role" else ""
        role_grants = given.get((reference["kind"], of, reference["name"]), ())
        by, is_default = _by(binding), _is_default(binding)
        bound = [(right, Grant(by, limit, is_default)) for right, limit in role_grants]
        for subject in _subjects(binding) if bound else ():
            held = found[subject][namespace or EVERYWHERE]
            for right, grant in bound:
                held[right].append(grant)
    return found


def _namespace(manifest: Manifest) -> str:
    return str(manifest["metadata"].get("namespace", ""))


def _by(binding: Manifest) -> str:
    namespace, reference = _namespace(binding), binding["roleRef"]
    kind, where = ("RoleBinding", f"{namespace}/") if namespace else ("ClusterRoleBinding", "")
    return f"{kind} {where}{binding['metadata']['name']} of {reference['kind']} {reference['name']}"


def _is_default(binding: Manifest) -> bool:
    labels = binding["metadata"].get("labels") or {}
    return bool(labels.get("kubernetes.io/bootstrapping") == "rbac-defaults")


def _subjects(binding: Manifest) -> Iterator[Subject]:
    for subject in binding.get("subjects") or ():
        kind, name = subject["kind"], subject["name"]
        if kind == "ServiceAccount":
            namespace = subject.get("namespace") or _namespace(binding)
            if namespace:
                yield Subject(kind, name, namespace)
        elif kind == "User" and name.startswith(ACCOUNT_USER) and name.count(":") == 3:
            namespace, _, account = name.removeprefix(ACCOUNT_USER).partition(":")
            yield Subject("ServiceAccount", account, namespace)
        elif kind in ("User", "Group"):
            yield Subject(kind, name)
