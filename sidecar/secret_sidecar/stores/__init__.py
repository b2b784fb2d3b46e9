"""Vaults: what a store is, and which one the settings ask for. One module per vault, imported only if it is the one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from secret_sidecar.settings import Settings

__all__ = ["Secret", "Store", "open_store"]


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret as the vault gave it; `encoding` is "base64" where the value is binary."""

    name: str
    value: str = field(repr=False)
    version: str
    encoding: str | None = None


class Store(Protocol):
    """One vault, through one identity. Deadlines are in the loop's time; errors are VaultErrors."""

    backend: str

    def check_name(self, name: str) -> str:
        """Return a full name that the vault can spell, or raise InvalidName."""
        ...

    async def get(self, name: str, deadline: float) -> Secret:
        """Read the current version of a secret."""
        ...

    async def probe(self, name: str, deadline: float) -> None:
        """Return if the vault answered this identity, be it with a refusal or that there is no such name."""
        ...

    async def close(self) -> None:
        """Close connections."""
        ...


def open_store(settings: Settings) -> Store:
    """Return the store of the settings' backend."""
    from secret_sidecar.stores.aws import AwsStore  # noqa: PLC0415 (only the backend in use is imported)

    return AwsStore.from_settings(settings)
