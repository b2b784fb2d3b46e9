"""What else logs in to Vault with policies: methods whose credential a pod may hold, and token roles. Pure.

Sources: https://developer.hashicorp.com/vault/docs/auth, https://developer.hashicorp.com/vault/api-docs/auth/token
(a token role gives the policies that it allows, or does not disallow, those of the caller or not),
https://developer.hashicorp.com/vault/docs/secrets/kubernetes.
"""

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase

from ..preview import UNKNOWN, Resource
from .policies import WRITES, Path, allowed

TOKEN_ROLE = "vault:tokenauth/authBackendRole:AuthBackendRole"  # noqa: S105  a type
MINTING = "vault:kubernetes/secretBackendRole:SecretBackendRole"
_CREDENTIALS: Mapping[str, str] = {
    "vault:appRole/authBackendRole:AuthBackendRole": "its secret id",
    "vault:index/certAuthBackendRole:CertAuthBackendRole": "its certificate",
    "vault:index/userpassAuthBackendUser:UserpassAuthBackendUser": "its password",
    "vault:index/token:Token": "the token",
    "vault:aws/authBackendRole:AuthBackendRole": "its identity of AWS",
    "vault:gcp/authBackendRole:AuthBackendRole": "its identity of Google Cloud",
    "vault:azure/authBackendRole:AuthBackendRole": "its identity of Azure",
    "vault:alicloud/authBackendRole:AuthBackendRole": "its identity of Alibaba Cloud",
    "vault:index/ociAuthBackendRole:OciAuthBackendRole": "its identity of Oracle Cloud",
    "vault:cf/authBackendRole:AuthBackendRole": "its certificate",
    "vault:spiffe/authBackendRole:AuthBackendRole": "its SPIFFE identity",
    "vault:index/scepAuthBackendRole:ScepAuthBackendRole": "its certificate",
    "vault:index/tpmAuthBackendRole:TpmAuthBackendRole": "its key",
}
"""What somebody shows who logs in, by the resource's type. People's are not among them."""


def credential(each: Resource) -> str | None:
    """Return what whoever logs in has to hold; None for what is no login with a credential of a machine."""
    return _CREDENTIALS.get(each.type)


def named(each: Resource) -> str:
    """Return a role's or user's name, for people."""
    return next((text for key in ("roleName", "role", "username", "name") if (text := each.text(key))), each.name)


def token_roles(found: Sequence[Path], roles: Sequence[tuple[str, Resource]]) -> Iterator[tuple[Resource, bool]]:
    """Yield the token roles whose tokens a token with these policies may create, each with whether it has `sudo` there.

    `roles` are given with their Vault namespaces.
    """
    may_write = allowed(found, WRITES) if roles else None
    has_sudo = allowed(found, frozenset({"sudo"})) if roles else None
    for where, role in roles:
        path = f"{where}auth/token/create/{role.text('roleName') or role.name}"
        if may_write is not None and path in may_write:
            yield role, has_sudo is not None and path in has_sudo


def unknown_token_roles(found: Sequence[Path], roles: Sequence[tuple[str, Resource]]) -> Iterator[str]:
    """Yield the paths by which tokens of token roles may be created that are no role of the stack."""
    known = {f"{where}auth/token/create/{role.text('roleName') or role.name}" for where, role in roles}
    for each in found:
        if "auth/token/create/" in each.path and each.capabilities & WRITES and each.path not in known:
            yield each.path


def minted(found: Sequence[Path], roles: Sequence[tuple[str, Resource]]) -> Iterator[str]:
    """Yield the paths at which a token with these policies gets tokens of ServiceAccounts, of the stack's roles."""
    may_ask = allowed(found, WRITES | {"read"}) if roles else None
    for where, role in roles:
        path = f"{where}{(role.text('backend') or 'kubernetes').strip('/')}/creds/{role.text('name') or role.name}"
        if may_ask is not None and path in may_ask:
            yield path


def token_policies(role: Resource, all_policies: Sequence[str], *, has_sudo: bool) -> list[str]:
    """Return the policies that a token role may give, among these and those that it names.

    One that only disallows some gives all others, whatever its caller's own are. One without any list gives its
    caller's alone, and all to a caller with `sudo` (vault/token_store.go).
    """
    exact, globs, denied, denied_globs = (
        [each.lower() for each in _texts(role, key)]
        for key in ("allowedPolicies", "allowedPoliciesGlobs", "disallowedPolicies", "disallowedPoliciesGlobs")
    )
    if not exact and not globs and (denied or denied_globs or has_sudo):
        globs = ["*"]
    by_glob = [
        each for each in all_policies if any(fnmatchcase(each, (UNKNOWN in one and "*") or one) for one in globs)
    ]
    return [
        each
        for each in [*exact, *_texts(role, "tokenPolicies"), *by_glob]
        if each not in denied and not any(fnmatchcase(each, one) for one in denied_globs)
    ]


def _texts(each: Resource, key: str) -> list[str]:
    given = each.inputs.get(key) or []
    return [str(one) for one in (given if isinstance(given, list) else [given])]
