"""Bindings by which somebody gets an identity inside the cluster, which IAM cannot stop. Pure.

The ways are those of `secret-access rbac`, which looks at a live cluster: remainder/ways.py.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..proof.preview import Resource
from ..remainder.rules import allows, names
from ..remainder.ways import CLIENT_SIGNER, CREATE_WORKLOADS, WAYS, Clause, Named, Way
from .manifests import KubernetesObject, Manifest, items, known, mapping, objects, provider_of, selects, texts
from .rule import Found, Options

_BY_EDIT = "pods/exec, create pods, read Secrets"
BUILT_IN: Mapping[str, str] = {
    "admin": _BY_EDIT,
    "cluster-admin": "everything",
    "edit": _BY_EDIT,
    "system:aggregate-to-edit": _BY_EDIT,
    "system:kube-controller-manager": "read Secrets, create serviceaccounts/token",
}
"""ClusterRoles of Kubernetes' own that open ways: https://kubernetes.io/docs/reference/access-authn-authz/rbac/"""
_GROUPS = ("rbac.authorization.k8s.io", "authorization.openshift.io")
VIEW = "rbac.authorization.k8s.io/aggregate-to-view"
"""A label by which a ClusterRole's rules become those of `view`, which clusters give to many."""
TRUSTED = "trusted"
OPTIONS: Mapping[str, Mapping[str, Any]] = {
    TRUSTED: {
        "type": "array",
        "items": {"type": "string"},
        "description": "Who may, as the rule prints them: `Group NAME`, `User NAME`, `ServiceAccount NAMESPACE/NAME`.",
    }
}
_OF_TEMPLATES = (CREATE_WORKLOADS.name, "change workloads")
"""A DeveloperAccess may give these beside a ServiceAccountGuard, which looks into the templates."""


@dataclass
class _Roles:
    """What the roles among the resources open."""

    by_urn: dict[str, list[Way]] = field(default_factory=dict)
    by_name: dict[tuple[str, str, str], dict[str, list[Way]]] = field(default_factory=dict)
    """By kind, namespace and name, and then by provider: two clusters may have roles of one name."""

    def named(self, key: tuple[str, str, str], provider: str) -> list[Way] | None:
        """Return what the roles of a name open: that of the binding's provider, else those of any."""
        found = self.by_name.get(key)
        if found is None:
            return None
        return found.get(provider) or [way for ways in found.values() for way in ways]


@dataclass(frozen=True)
class _Binding:
    """A binding, who has it, and what it opens."""

    urn: str
    called: str
    subjects: Sequence[Manifest]
    namespace: str | None
    """None: the whole cluster."""
    opened: Sequence[Way]
    built_in: str = ""

    def shown(self, ways: Sequence[Way]) -> str:
        """Return the ways, for people."""
        return self.built_in or _names(ways)


def across_namespaces(resources: Sequence[Resource], options: Options) -> Iterator[Found]:
    """Yield what opens ways in every namespace, or to pods of another."""
    for resource in resources:
        for each in objects(resource):
            if each.kind == "ClusterRole" and mapping(each.metadata.get("labels")).get(VIEW) == "true":
                opened = _opened(each)
                if opened:
                    yield Found(f"{_called(each, resource)} adds {_names(opened)} to the role view", resource.urn)
    for binding in _bindings(resources, options):
        who = _who(binding.subjects)
        if binding.namespace is None and (binding.built_in or binding.opened):
            yield Found(f"{binding.called} lets {who} {binding.shown(binding.opened)}, in every namespace", binding.urn)
        foreign = [each for each in binding.subjects if _is_foreign(each, binding.namespace)]
        inside = [way for way in binding.opened if not _is_of_cluster(way)]
        if foreign and (binding.built_in or inside):
            what = binding.shown(inside)
            yield Found(f"{binding.called} lets {_who(foreign)} {what}, in {binding.namespace}", binding.urn)


def in_a_namespace(resources: Sequence[Resource], options: Options) -> Iterator[Found]:
    """Yield what opens ways in one namespace to people, or to ServiceAccounts of the same."""
    for binding in _bindings(resources, options):
        own = [each for each in binding.subjects if not _is_foreign(each, binding.namespace)]
        inside = [way for way in binding.opened if not _is_of_cluster(way) and way.name not in _OF_TEMPLATES]
        if binding.namespace is not None and own and (binding.built_in or inside):
            what = binding.shown(inside)
            yield Found(f"{binding.called} lets {_who(own)} {what}, in {binding.namespace}", binding.urn)


def _bindings(resources: Sequence[Resource], options: Options) -> Iterator[_Binding]:
    """Yield the bindings to others than those who are trusted."""
    trusted = set(texts(options.get(TRUSTED)))
    roles = _roles(resources)
    for resource in resources:
        for each in objects(resource):
            if each.kind not in ("RoleBinding", "ClusterRoleBinding") or each.group not in _GROUPS:
                continue
            namespace = (each.namespace or "default") if each.kind == "RoleBinding" else None
            reference = mapping(each.body.get("roleRef"))
            kind, name = str(reference.get("kind")), known(reference.get("name")) or ""
            key = (kind, namespace or "" if kind == "Role" else "", name)
            found = roles.named(key, provider_of(resource))
            if found is None:
                urns = resource.depends_on.get("roleRef", ())
                found = [way for urn in urns for way in roles.by_urn.get(urn, ())]
            built_in = BUILT_IN.get(name, "") if kind == "ClusterRole" else ""
            called = _called(each, resource)
            given = items(each.body.get("subjects"))
            subjects = [subject for subject in given if _who([subject]) not in trusted]
            if subjects or not given:
                yield _Binding(resource.urn, called, subjects, namespace, found, built_in)


def _roles(resources: Sequence[Resource]) -> _Roles:
    found = _Roles()
    of_cluster = [each for resource in resources for each in objects(resource) if each.kind == "ClusterRole"]
    for resource in resources:
        for each in objects(resource):
            if each.kind in ("Role", "ClusterRole") and each.group in _GROUPS:
                namespace = (each.namespace or "default") if each.kind == "Role" else ""
                opened = _opened(each, _added(each, of_cluster))
                found.by_urn.setdefault(resource.urn, []).extend(opened)
                if each.name:
                    by_provider = found.by_name.setdefault((each.kind, namespace, each.name), {})
                    by_provider.setdefault(provider_of(resource), []).extend(opened)
    return found


def _added(role: KubernetesObject, others: Sequence[KubernetesObject]) -> list[KubernetesObject]:
    """Return the ClusterRoles whose rules a role gets by their labels."""
    selectors = items(mapping(role.body.get("aggregationRule")).get("clusterRoleSelectors"))
    return [each for each in others if any(selects(one, mapping(each.metadata.get("labels"))) for one in selectors)]


def _opened(role: KubernetesObject, others: Sequence[KubernetesObject] = ()) -> list[Way]:
    rules = [rule for each in (role, *others) for rule in items(each.body.get("rules"))]
    return [way for way in WAYS if all(any(_gives(rule, clause) for rule in rules) for clause in way.clauses)]


def _gives(rule: Mapping[str, Any], clause: Clause) -> bool:
    limited = names(rule)
    if clause.named is Named.NONE and limited is not None and "" not in limited:
        return False
    if clause.named is Named.SIGNER and limited is not None and limited.isdisjoint(CLIENT_SIGNER):
        return False
    return any(allows(rule, right) for right in clause.rights)


def _is_of_cluster(way: Way) -> bool:
    """Whether no RoleBinding can open it."""
    return any(clause.of_cluster for clause in way.clauses)


def _is_foreign(subject: Manifest, namespace: str | None) -> bool:
    """Whether it is a ServiceAccount of another namespace than a RoleBinding's."""
    own = subject.get("namespace")
    return namespace is not None and subject.get("kind") == "ServiceAccount" and own not in (None, namespace)


def _who(subjects: Sequence[Manifest]) -> str:
    named = [
        f"{each.get('kind')} {'/'.join(str(each[key]) for key in ('namespace', 'name') if key in each)}"
        for each in subjects
    ]
    return " and ".join(named) or "its subjects"


def _names(ways: Sequence[Way]) -> str:
    return ", ".join(way.name for way in ways)


def _called(each: KubernetesObject, resource: Resource) -> str:
    return f"{each.kind} {each.name or resource.name}"
