"""Policies that Vault's identities add to whoever logs in as one. Pure.

Source: https://developer.hashicorp.com/vault/docs/concepts/identity: a token has the policies of its entity, of the
groups that have the entity, and of those that have such a group. An alias of the pods' method is named as the token's
`sub`, or as NAMESPACE/NAME.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..preview import Resource
from ..strings import NOTHING, StringSet, literal, union
from ..subjects import named_namespace
from .logins import JWT, Login

ENTITY = "vault:identity/entity:Entity"
ALIAS = "vault:identity/entityAlias:EntityAlias"
GROUP = "vault:identity/group:Group"
_ADDED = {
    "vault:identity/entityPolicies:EntityPolicies": "entityId",
    "vault:identity/groupPolicies:GroupPolicies": "groupId",
}
_MEMBERS = {
    "vault:identity/groupMemberEntityIds:GroupMemberEntityIds": "memberEntityIds",
    "vault:identity/groupMemberGroupIds:GroupMemberGroupIds": "memberGroupIds",
}
_NAMED = re.compile(r"(?P<namespace>[a-z0-9-]+)/(?P<name>[a-z0-9.-]+)")
_UID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True)
class Held:
    """Policies that some identity adds."""

    source: Resource
    """Has them as `policies`."""
    what: str
    subjects: StringSet
    doubt: str = ""
    """Why others may be that identity too; empty where nobody else is."""


def held(resources: Sequence[Resource], logins: Sequence[Login]) -> list[Held]:
    """Return what entities and groups add to the pods' tokens."""
    return list(_Identities(resources, logins).held())


class _Identities:
    def __init__(self, resources: Sequence[Resource], logins: Sequence[Login]) -> None:
        self.resources = resources
        self.by_urn = {each.urn: each for each in resources if each.type in (ENTITY, GROUP)}
        roles = [each.role for each in logins]
        self.is_by_claim = any(role.inputs.get("groupsClaim") for role in roles)
        self.has_other_names = any(
            role.type == JWT and role.inputs.get("userClaim") not in (None, "sub", "/sub") for role in roles
        )

    def held(self) -> Iterator[Held]:
        for each in self.resources:
            if each.type in (ENTITY, GROUP):
                yield Held(each, _called(each), *self._subjects(each))
            elif each.type in _ADDED:
                of = [self.by_urn[urn] for urn in each.depends_on.get(_ADDED[each.type], ()) if urn in self.by_urn]
                for one in of:
                    yield Held(each, _called(one), *self._subjects(one))
                if not of:
                    yield Held(each, f"what {each.name} names", NOTHING, "it is not among the documents")

    def _subjects(self, one: Resource, seen: frozenset[str] = frozenset()) -> tuple[StringSet, str]:
        """Whose tokens are an identity, and why others may be."""
        if one.urn in seen:
            return NOTHING, ""
        found = list(self._by_alias(one) if one.type == ENTITY else self._of_group(one, seen | {one.urn}))
        return union(subjects for subjects, _ in found), next((doubt for _, doubt in found if doubt), "")

    def _by_alias(self, entity: Resource) -> Iterator[tuple[StringSet, str]]:
        aliases = [
            each
            for each in self.resources
            if each.type == ALIAS and entity.urn in each.depends_on.get("canonicalId", ())
        ]
        if not aliases:
            yield NOTHING, "its aliases are not among the documents"
        for alias in aliases:
            name = alias.text("name")
            if name is None:
                yield NOTHING, f"the name of its alias {alias.name} is known only after `pulumi up`"
            elif named_namespace(name) is not None:
                yield literal(name), ""
            elif found := _NAMED.fullmatch(name):
                yield literal(f"system:serviceaccount:{found['namespace']}:{found['name']}"), ""
            elif _UID.fullmatch(name) or self.has_other_names:
                yield NOTHING, f"its alias {name} may be a ServiceAccount's"

    def _of_group(self, group: Resource, seen: frozenset[str]) -> Iterator[tuple[StringSet, str]]:
        if group.inputs.get("type") == "external":
            if self.is_by_claim:
                yield NOTHING, "roles of pods have a groupsClaim"
            return
        sources = [(group, key) for key in _MEMBERS.values()]
        sources += [
            (each, _MEMBERS[each.type])
            for each in self.resources
            if each.type in _MEMBERS and group.urn in each.depends_on.get("groupId", ())
        ]
        for source, key in sources:
            given = source.inputs.get(key) or []
            members = [self.by_urn[urn] for urn in source.depends_on.get(key, ()) if urn in self.by_urn]
            if len(given if isinstance(given, list) else [given]) > len(members):
                yield NOTHING, "its members are not among the documents"
            for one in members:
                yield self._subjects(one, seen)


def _called(each: Resource) -> str:
    return f"identity {'group' if each.type == GROUP else 'entity'} {each.text('name') or each.name}"
