"""What the shared mode needs of a vault: the exchange of a caller's token."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from secret_sidecar.errors import (
    Denied,
    IdentityDelayed,
    IdentityTimedOut,
    IdentityUnavailable,
    SettingsError,
    TokenRefused,
)
from secret_sidecar.vaults.exchange.token import Claims
from secret_sidecar.vaults.identity.credentials import C, Issuer
from secret_sidecar.vaults.store import Store


class TokenExchange(Protocol):
    """Exchanges callers' tokens at the cloud; holds none, and no identity."""

    async def open(self, token: str, claims: Claims, deadline: float) -> Store:
        """Return the caller's own store, with connections and credentials of its own.

        Its `expires` says when the credentials end. Raises TokenRefused, Denied or IdentityUnavailable.
        """
        ...

    async def probe(self, deadline: float) -> None:
        """Return if the vault's server answered, whatever it said, or raise a VaultError."""
        ...

    async def close(self) -> None:
        """Close connections."""
        ...


def forbid_own_identity(variables: Iterable[tuple[str, object]]) -> None:
    """Raise SettingsError if one of these variables, which would give the service an identity, has a value."""
    for variable, given in variables:
        if given:
            raise SettingsError(f"{variable} is set: expected no identity of its own, as SECRETS_MODE='shared'")


RefusedAs = type[TokenRefused] | type[Denied]
"""What a cloud's refusal means: the caller's token is not valid, or what the caller asks to become is not for it."""


async def exchange(issuer: Issuer[C], refused_as: Callable[[str | None], RefusedAs | None], deadline: float) -> C:
    """Return the credentials that an issuer gives for a caller's token, and close the issuer.

    A refusal whose code means something is raised as that; one that may pass, or means nothing, as it is.
    """
    try:
        return await issuer.obtain(deadline)
    except IdentityUnavailable as error:
        kind = refused_as(error.code)
        if kind is None or isinstance(error, IdentityDelayed | IdentityTimedOut):
            raise
        raise kind(str(error), code=error.code, request_id=error.request_id, identity=error.identity) from None
    finally:
        await issuer.close()
