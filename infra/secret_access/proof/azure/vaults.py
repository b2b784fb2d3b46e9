"""Vaults: whose their secrets are, how names are spelled there, and what decides on access. Pure.

A secret is spelled `NAMESPACE:VAULT/SECRET`; NAMESPACE is whose own vault it is, empty for a vault that several share.
ELSEWHERE stands for all vaults that are in no document. Key Vault compares names without regard to case.

Sources: Key Vault, "Azure Key Vault keys, secrets, and certificates overview" (names), "Azure role-based access control
(Azure RBAC) vs. access policies".
"""

import string
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from secret_names import dashed

from ..isolation import Spelling
from ..strings import Pattern, StringSet, literal, sequence, some, union
from .roles import Power
from .scopes import VAULTS, Scope

ELSEWHERE = "?"
_CHARS = string.ascii_lowercase + string.digits + "-"
_SECRET = some(_CHARS, more=True)
_REST = some(_CHARS, 0, more=True)


@dataclass
class Vault:
    """A vault, as far as the documents tell."""

    name: str
    """In lower case."""
    urn: str | None = None
    subscription: str | None = None
    group: str | None = None
    uses_roles: bool | None = None
    """Whether role assignments decide on values; else access policies do. None: nobody knows."""
    serves_deployments: bool | None = None
    owners: set[str] = field(default_factory=set)
    """The namespaces whose own it is said to be."""

    def is_open_to(self, power: Power) -> bool:
        """Return whether a power may work on it."""
        if power is Power.USE:
            return self.uses_roles is not False
        if power is Power.ADMIT:
            return self.uses_roles is not True
        return self.serves_deployments is not False if power is Power.DEPLOY else power is Power.TAKE

    @property
    def owner(self) -> str:
        """The one namespace whose own it is; empty where it has others' secrets too, as far as anybody knows."""
        return next(iter(self.owners)) if len(self.owners) == 1 else ""

    @property
    def prefix(self) -> str:
        """Before its secrets' names."""
        return f"{self.owner}:{self.name}/"


def secrets_of(vault: Vault, secret: str | None = None) -> Pattern:
    """Return the secrets of a vault, or one of them."""
    return sequence(literal(vault.prefix), _SECRET if secret is None else literal(secret.lower()))


def reached(scope: Scope, vaults: Iterable[Vault], power: Power) -> StringSet:
    """Return the secrets that a power gives on a scope."""
    parts = [
        secrets_of(vault, scope.secret)
        for vault in vaults
        if scope.may_hold(vault.subscription, vault.group, VAULTS, vault.name) and vault.is_open_to(power)
    ]
    return union([*parts, secrets_of(Vault(ELSEWHERE))] if scope.is_wide and power is not Power.BECOME else parts)


def spelling(vaults: Sequence[Vault], prefixes: Mapping[str, str]) -> Spelling:
    """Return how names are spelled; `prefixes` are those of namespaces."""
    own = {prefix: [vault for vault in vaults if prefixes.get(vault.owner) == prefix] for prefix in prefixes.values()}
    others = [vault for vault in vaults if not vault.owner] or [Vault(ELSEWHERE)]
    shared = sequence(literal(":"), some(_CHARS + ELSEWHERE, more=True), literal("/"))

    def under(prefix: str) -> StringSet:
        if not prefix:
            return sequence(some(_CHARS, 0, more=True), shared, _SECRET)
        in_shared = sequence(shared, literal(dashed(prefix).lower()), _REST)
        return union([in_shared, *(secrets_of(vault) for vault in own.get(prefix, ()))])

    def spelled(name: str) -> str:
        prefix = max((each for each in own if name.startswith(each) and own[each]), key=len, default="")
        vault = own[prefix][0] if prefix else others[0]
        return f"{vault.prefix}{dashed(name).lower()}"

    return Spelling(under=under, spelled=spelled, name_of=lambda text: text.rpartition("/")[2].replace("--", "/"))
