"""Vault's roles and policies in a stack, and which namespace gets what by them. Pure.

Source: https://developer.hashicorp.com/vault/api-docs/auth/jwt (bound_subject, bound_claims, bound_claims_type).
"""

import string
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from ..emptiness import Undecided, member
from ..errors import DocumentError
from ..isolation import Reach, Spelling, Verdict, judge
from ..preview import UNKNOWN, Resource
from ..strings import ANYTHING, StringSet, glob, intersection, literal, sequence, some, union
from ..subjects import named_namespace, namespaces_among
from .policies import Path, allowed, paths, statement, taking

ROLE = "vault:jwt/authBackendRole:AuthBackendRole"
POLICY = "vault:index/policy:Policy"
PROVIDER = "pulumi:providers:vault"
NOT_IN_THE_DOCUMENTS = (
    "policies of identity entities and groups",
    "the policy `default`, where a role leaves it on",
    "roles of other auth methods",
    "secrets engines other than version 2 of KV, and mounts that no policy names by `/data/`",
)
_DATA = "/data/"
_REST = some(string.ascii_letters + string.digits + "/_+=.@-", 0, more=True)


@dataclass
class _Stack:
    providers: Mapping[str, Resource] = field(default_factory=dict)
    """By URN."""
    policies: dict[tuple[str, str], list[Path]] = field(default_factory=dict)
    """By the Vault namespace and their name."""
    undecided: list[str] = field(default_factory=list)
    mounts: set[str] = field(default_factory=set)


def evaluate(resources: Sequence[Resource], prefixes: Mapping[str, str], shared: Sequence[str] = ()) -> Verdict:
    """Return what Vault's documents among the resources let through; `prefixes` are those that are known."""
    roles = [each for each in resources if each.type == ROLE]
    stack = _read(resources)
    subjects = {role.urn: _subjects(role) for role in roles}
    named = {name for role in roles for value in _bound(role) if (name := named_namespace(value)) is not None}
    if not roles:
        return Verdict("vault", {}, ())
    declared = {**{name: f"{name}/" for name in named}, **prefixes}
    reached: list[Reach] = []
    for role in roles:
        try:
            reached += _reached(stack, role, subjects[role.urn], set(declared))
        except Undecided as error:
            stack.undecided.append(f"role {role.name}: {error}")
    return judge(
        "vault",
        declared,
        reached,
        _spelling(stack.mounts),
        shared=shared,
        undecided=stack.undecided,
        not_in_documents=NOT_IN_THE_DOCUMENTS,
    )


def _read(resources: Sequence[Resource]) -> _Stack:
    stack = _Stack({each.urn: each for each in resources if each.type == PROVIDER})
    for each in resources:
        if each.type == POLICY:
            name, text, where = each.text("name") or each.name, each.text("policy"), _where(stack, each)
            stack.policies[where, name] = []
            if text is None:
                stack.undecided.append(f"the policy {name} is known only after `pulumi up`")
                continue
            try:
                found = paths(name, text)
            except DocumentError as error:
                stack.undecided.append(str(error))
            else:
                stack.policies[where, name] = [replace(path, path=f"{where}{path.path}") for path in found]
    every = [each.path for policy in stack.policies.values() for each in policy]
    stack.mounts = {
        path.partition(_DATA)[0] for path in every if _DATA in path and not set(path.partition(_DATA)[0]) & set("+*")
    }
    return stack


def _reached(stack: _Stack, role: Resource, subjects: StringSet, declared: set[str]) -> Iterator[Reach]:
    name = role.text("roleName") or role.name
    found: list[Path] = []
    where = _where(stack, role)
    given = role.inputs.get("tokenPolicies") or []
    for policy in map(str, given if isinstance(given, list) else [given]):
        if (where, policy) in stack.policies:
            found += stack.policies[where, policy]
        else:
            stack.undecided.append(f"role {name} has the policy {policy}, which is not among the documents")
    taken = member(taking(found))
    rights = allowed(found) if taken is None else ANYTHING
    why = partial(_why, found=found, taken=taken)
    for namespace, subject in namespaces_among(subjects, declared):
        yield Reach(namespace, f"role {name}", rights, partial(why, f"role {name}, which takes {subject}"))


def _where(stack: _Stack, each: Resource) -> str:
    """Return the Vault namespace of a role or policy, closed by `/`; empty for the one without a name.

    That of the resource is below that of its provider (Vault provider, "Namespace support"). A path in a policy begins
    in the policy's namespace, and may go on into those below it.
    """
    provider = stack.providers.get(each.provider.rpartition("::")[0])
    parts = []
    for one in (provider, each):
        if one is not None and one.is_pending("namespace"):
            stack.undecided.append(f"the Vault namespace of {each.name} is known only after `pulumi up`")
        text = None if one is None else one.text("namespace")
        parts += [text.strip("/")] if text else []
    return "".join(f"{part}/" for part in parts)


def _why(lets_in: str, path: str, *, found: Sequence[Path], taken: str | None) -> tuple[str, ...]:
    return lets_in, statement(found, path if taken is None else taken)


def _subjects(role: Resource) -> StringSet:
    """The subjects of tokens that may log in; what else is bound, such as an audience, pods may choose."""
    exact = role.text("boundSubject")
    claims: Any = role.inputs.get("boundClaims")
    if role.is_pending("boundSubject"):
        return ANYTHING
    if any(UNKNOWN in value for value in _claim(claims)):
        return ANYTHING
    matched = literal if role.inputs.get("boundClaimsType") in (None, "string") else glob
    by_claim = union(map(matched, _claim(claims))) if _claim(claims) else ANYTHING
    return intersection([ANYTHING if exact is None else literal(exact), by_claim])


def _bound(role: Resource) -> list[str]:
    exact = role.text("boundSubject")
    return [*([] if exact is None else [exact]), *_claim(role.inputs.get("boundClaims"))]


def _claim(claims: Any) -> list[str]:
    """The values of the claim `sub` that are bound: the provider takes several with commas between."""
    value = claims.get("sub") if isinstance(claims, Mapping) else None
    return [each.strip() for each in value.split(",")] if isinstance(value, str) else []


def _spelling(mounts: set[str]) -> Spelling:
    known = sorted(mounts) or ["secret"]

    def under(prefix: str) -> StringSet:
        return union(sequence(literal(f"{mount}{_DATA}{prefix}"), _REST) for mount in known)

    return Spelling(
        under=under,
        spelled=lambda name: f"{known[0]}{_DATA}{name}",
        name_of=lambda path: path.partition(_DATA)[2],
    )
