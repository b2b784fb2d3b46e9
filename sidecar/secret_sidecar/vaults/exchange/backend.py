"""What the shared mode needs of a vault: to become a caller for as long as the cloud lets it."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterable
from typing import Protocol

from secret_sidecar.errors import SettingsError
from secret_sidecar.settings import Settings
from secret_sidecar.vaults.exchange.token import Claims
from secret_sidecar.vaults.store import Store


class Backend(Protocol):
    """Exchanges callers' tokens at the cloud; holds none, and no identity."""

    async def open(self, token: str, claims: Claims, deadline: float) -> Store:
        """Return a store of the caller's own, with connections and credentials that nobody else has.

        Its `expires` says when the credentials end. Raises TokenRefused, Denied or IdentityUnavailable.
        """
        ...

    async def probe(self, deadline: float) -> None:
        """Return if the vault's server answered, whatever it said, or raise a VaultError."""
        ...

    async def close(self) -> None:
        """Close connections."""
        ...


def open_backend(settings: Settings) -> Backend:
    """Return the shared mode's part of the settings' backend: `shared.py` of its package, where there is one."""
    name = f"secret_sidecar.vaults.{settings.backend}.shared"
    if importlib.util.find_spec(name) is None:
        raise SettingsError(
            f"SECRETS_MODE='shared' is not served for {settings.backend.strip('_')!r}: expected SECRETS_MODE='sidecar'"
        )
    backend: Backend = importlib.import_module(name).open_backend(settings)
    return backend


def forbid_own_identity(variables: Iterable[tuple[str, object]]) -> None:
    """Raise SettingsError if one of these variables, which would give the service an identity, has a value."""
    for variable, given in variables:
        if given:
            raise SettingsError(f"{variable} is set: expected no identity of its own, as SECRETS_MODE='shared'")
