"""Whose ServiceAccount tokens log in to a role of Vault's. Pure.

Sources: https://developer.hashicorp.com/vault/api-docs/auth/jwt (bound_subject, which binds nothing where it is empty,
bound_claims, bound_claims_type, role_type, user_claim, claim_mappings),
https://developer.hashicorp.com/vault/api-docs/auth/kubernetes (names and namespaces may have `*`; a selector is another
way in beside the namespaces),
https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/ (the claims of a token).
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..preview import UNKNOWN, Resource
from ..strings import ANYTHING, NOTHING, Pattern, StringSet, glob, intersection, literal, sequence, union
from ..subjects import named_namespace

JWT = "vault:jwt/authBackendRole:AuthBackendRole"
KUBERNETES = "vault:kubernetes/authBackendRole:AuthBackendRole"
_SUBJECT = "system:serviceaccount:"
_NAMESPACE_CLAIM = "/kubernetes.io/namespace"
_OF_ONE_NAMESPACE = (None, "sub", "/sub", _NAMESPACE_CLAIM, "/kubernetes.io/serviceaccount/uid")
"""Claims that no two namespaces share: aliases are named by them. An alias keeps the metadata of its last login."""
_CLAIMS = frozenset({"aud", "exp", "iat", "iss", "jti", "kubernetes.io", "nbf", "sub"})
_NAME_LABEL = "kubernetes.io/metadata.name"
_ANY = Pattern(ANYTHING.parts)


@dataclass(frozen=True)
class Login:
    """A role, and the tokens that it takes."""

    role: Resource
    subjects: StringSet
    named: frozenset[str]
    """The namespaces that it spells out."""
    namespace_keys: frozenset[str] = frozenset()
    """The metadata that hold the caller's namespace."""
    selector: str = ""
    """The labels of further namespaces, where it takes those."""

    @property
    def name(self) -> str:
        return self.role.text("roleName") or self.role.name


def logins(resources: Sequence[Resource]) -> list[Login]:
    """Return the roles for tokens of ServiceAccounts."""
    found = [taken for each in resources if (taken := _login(each)) is not None]
    return [replace(each, namespace_keys=frozenset(_kept_keys(each, found))) for each in found]


def _login(role: Resource) -> Login | None:
    """Return whose tokens a role takes; None for what is no role for tokens of ServiceAccounts."""
    if role.type == KUBERNETES:
        return _kubernetes(role)
    if role.type == JWT and role.inputs.get("roleType") != "oidc":
        return _jwt(role)
    return None


def _jwt(role: Resource) -> Login:
    """What else is bound, such as an audience, pods may choose."""
    is_of_one = role.inputs.get("userClaim") in _OF_ONE_NAMESPACE
    keys = {key for claim, key in _mapped(role) if claim == _NAMESPACE_CLAIM and is_of_one}
    exact, claims = role.text("boundSubject") or None, role.inputs.get("boundClaims")
    if isinstance(claims, Mapping) and not all(map(_has_claim, map(str, claims))):
        return Login(role, NOTHING, frozenset())
    named = {named_namespace(each) for each in [*([] if exact is None else [exact]), *_claim(claims, "sub")]}
    known = frozenset(each for each in named if each is not None)
    if role.is_pending("boundSubject") or UNKNOWN in str(claims):
        return Login(role, ANYTHING, known, frozenset(keys))
    matched = literal if role.inputs.get("boundClaimsType") in (None, "string") else glob
    by_subject = _claim(claims, "sub")
    by_namespace = _claim(claims, _NAMESPACE_CLAIM)
    bounds = [
        ANYTHING if exact is None else literal(exact),
        union(map(matched, by_subject)) if by_subject else ANYTHING,
        union(_of(matched(each), _ANY) for each in by_namespace) if by_namespace else ANYTHING,
    ]
    plain = {each for each in by_namespace if not set(each) & set("*")}
    return Login(role, intersection(bounds), known | plain, frozenset(keys))


def _mapped(role: Resource) -> list[tuple[str, str]]:
    """The claims that a role writes into the metadata of an alias, each with its key there."""
    given = role.inputs.get("claimMappings") or {}
    return [(str(claim), str(key)) for claim, key in given.items()] if isinstance(given, Mapping) else [("", UNKNOWN)]


def _kept_keys(login: Login, others: Sequence[Login]) -> Iterator[str]:
    """Yield the metadata that hold the caller's namespace whichever role of the mount its alias logged in by last."""
    if login.role.type != JWT:
        yield from login.namespace_keys
        return
    written = {
        key
        for each in others
        if each.subjects != NOTHING and _may_be_on_one_mount(each.role, login.role)
        for claim, key in _mapped(each.role)
        if claim != _NAMESPACE_CLAIM
    }
    if not any(UNKNOWN in key for key in written):
        yield from login.namespace_keys - written


def _may_be_on_one_mount(one: Resource, other: Resource) -> bool:
    paths = {str(each.inputs.get("backend") or "jwt").strip("/") for each in (one, other) if each.type == JWT}
    return one.type == other.type and (len(paths) == 1 or any(UNKNOWN in path for path in paths))


def _has_claim(name: str) -> bool:
    """Whether a ServiceAccount's token has a claim: a role that binds another takes none."""
    return UNKNOWN in name or name.removeprefix("/").partition("/")[0] in _CLAIMS


def _claim(claims: Any, name: str) -> list[str]:
    """The values of a claim that are bound: the provider takes several with commas between."""
    value = claims.get(name) if isinstance(claims, Mapping) else None
    return [each.strip() for each in value.split(",")] if isinstance(value, str) else []


def _kubernetes(role: Resource) -> Login:
    names, namespaces = (_texts(role, f"boundServiceAccount{key}") for key in ("Names", "Namespaces"))
    selector, more = role.inputs.get("boundServiceAccountNamespaceSelector"), ""
    if selector:
        chosen = _by_name(selector)
        namespaces, more = [*namespaces, *chosen], "" if chosen else _shown(selector)
    subjects = union(_of(glob(namespace), glob(name)) for namespace in namespaces for name in names)
    named = frozenset(each for each in namespaces if not set(each) & set("*?"))
    return Login(role, subjects, named, frozenset({"service_account_namespace"}), more)


def _texts(role: Resource, key: str) -> list[str]:
    """A list of names; any where it is known only later."""
    given = role.inputs.get(key)
    listed = given if isinstance(given, list) else [] if given is None else [given]
    return ["*" if not isinstance(each, str) or UNKNOWN in each else each for each in listed]


def _by_name(selector: object) -> list[str]:
    """Return the namespaces that a selector names by the label that the API server keeps; none for any other."""
    try:
        found = json.loads(selector) if isinstance(selector, str) else selector
    except ValueError:
        return []
    labels = found.get("matchLabels") if isinstance(found, Mapping) else None
    named = labels.get(_NAME_LABEL) if isinstance(labels, Mapping) else None
    return [named] if isinstance(named, str) and UNKNOWN not in named else []


def _shown(selector: object) -> str:
    text = " ".join(str(selector).split())
    return "labels that are known only after `pulumi up`" if UNKNOWN in text else f"the labels {text}"


def _of(namespace: Pattern, name: Pattern) -> StringSet:
    return sequence(literal(_SUBJECT), namespace, literal(":"), name)
