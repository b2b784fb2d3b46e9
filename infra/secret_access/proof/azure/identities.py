"""Managed identities, and whose ServiceAccount tokens become one. Pure.

Sources: Entra, "Important considerations and restrictions for federated identity credentials" (issuer and subject match
exactly); AKS, "Identity bindings" (the verb `use-managed-identity` on the identity's client id).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..preview import UNKNOWN, Resource
from ..strings import ANYTHING, NOTHING, StringSet, glob, literal, union
from ..subjects import ALL, of_namespace

BINDING_API = "cid.wi.aks.azure.com"
BINDING_VERB = "use-managed-identity"
_CLUSTER_ROLE = re.compile(r"kubernetes:rbac\.authorization\.k8s\.io/v1\w*:ClusterRole")
_CLUSTER_ROLE_BINDING = re.compile(r"kubernetes:rbac\.authorization\.k8s\.io/v1\w*:ClusterRoleBinding")
_EXPRESSION = re.compile(r"\s*claims\['sub'\]\s+(eq|matches)\s+'([^']*)'\s*")
"""A flexible credential's, where it is about the subject alone."""


@dataclass
class Identity:
    """A user-assigned identity, as far as the documents tell."""

    name: str
    """For people."""
    group: str | None = None
    urns: set[str] = field(default_factory=set)
    """Resources that stand for it: itself, and components that have it alone."""
    become: list[tuple[StringSet, str]] = field(default_factory=list)
    """The subjects that can become it, and by which statement."""
    doubt: str = ""
    """Why others may be it, too."""

    @property
    def subjects(self) -> StringSet:
        """All subjects that can become it."""
        return union(each for each, _ in self.become)


def of_credential(each: Resource) -> StringSet:
    """Return the subjects that a federated credential takes: more in doubt."""
    subject, expression = each.text("subject"), each.inputs.get("claimsMatchingExpression")
    if isinstance(expression, Mapping):
        found = _EXPRESSION.fullmatch(str(expression.get("value")))
        if found is None:
            return ANYTHING
        return literal(found[2]) if found[1] == "eq" else glob(found[2].replace("?", "*"))
    return ANYTHING if subject is None else literal(subject)


def users_of_bindings(resources: Sequence[Resource]) -> Iterator[tuple[Resource, StringSet, str]]:
    """Yield the ClusterRoles about bound identities, the subjects that have them, and by which binding."""
    roles = {each.urn: each for each in resources if _CLUSTER_ROLE.fullmatch(each.type) and list(_rules(each))}
    for each in resources:
        if _CLUSTER_ROLE_BINDING.fullmatch(each.type):
            reference = each.inputs.get("roleRef")
            named = reference.get("name") if isinstance(reference, Mapping) else UNKNOWN
            for urn, role in roles.items():
                if urn in each.depends_on.get("roleRef", ()) or UNKNOWN in (named, _name(role)) or named == _name(role):
                    yield role, _subjects(each), f"ClusterRoleBinding {each.name}"


def names_identity(role: Resource, one: Identity, all_urns: set[str]) -> bool:
    """Return whether a ClusterRole allows the use of an identity: in doubt it does.

    It names client ids, which no other document of Azure has: what counts is where its rules come from.
    """
    if any("*" in _texts(rule.get("resources")) for rule in _rules(role)):
        return True
    sources = {*role.depends_on.get("rules", ())} & all_urns or ({role.parent} & all_urns)
    return not sources or bool(sources & one.urns)


def _rules(role: Resource) -> Iterator[Mapping[str, Any]]:
    rules = role.inputs.get("rules")
    for rule in rules if isinstance(rules, list) else [rules]:
        if isinstance(rule, Mapping):
            groups, verbs = _texts(rule.get("apiGroups")), _texts(rule.get("verbs"))
            if {"*", BINDING_API, UNKNOWN} & groups and {"*", BINDING_VERB, UNKNOWN} & verbs:
                yield rule
        elif rule == UNKNOWN:
            yield {}


def _texts(given: object) -> set[str]:
    return set(map(str, given)) if isinstance(given, list) else {str(given)}


def _subjects(binding: Resource) -> StringSet:
    given = binding.inputs.get("subjects")
    if given is None:
        return NOTHING
    each = given if isinstance(given, list) else [given]
    return union(_subject(one) if isinstance(one, Mapping) else ALL for one in each)


def _subject(one: Mapping[str, Any]) -> StringSet:
    name, namespace = str(one.get("name")), str(one.get("namespace"))
    if one.get("kind") == "ServiceAccount":
        return ALL if UNKNOWN in namespace + name else literal(f"system:serviceaccount:{namespace}:{name}")
    if name.startswith("system:serviceaccounts:"):
        return of_namespace(name.removeprefix("system:serviceaccounts:"))
    if name.startswith("system:serviceaccount:"):
        return literal(name)
    return ALL if UNKNOWN in name or name in ("system:serviceaccounts", "system:authenticated") else NOTHING


def _name(each: Resource) -> object:
    metadata = each.inputs.get("metadata")
    return metadata.get("name", UNKNOWN) if isinstance(metadata, Mapping) else UNKNOWN
