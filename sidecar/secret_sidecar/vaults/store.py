"""What a vault is to the sidecar: one store, whichever cloud it is."""

from __future__ import annotations

import binascii
from dataclasses import dataclass, field
from typing import Literal, Protocol

from secret_names.vaults import Spelling

__all__ = ["NewValue", "Secret", "Store", "Written", "expiry", "is_base64"]


@dataclass(slots=True)
class Secret:
    """A secret as the vault gave it; `encoding` is "base64" where the value is binary.

    `identity` is who read it and `request_id` the cloud's own, as far as known; `cached` tells of one that was kept.
    """

    name: str
    value: str = field(repr=False)
    version: str
    encoding: str | None = None
    identity: str | None = field(default=None, compare=False)
    request_id: str | None = field(default=None, compare=False)
    cached: Literal["fresh", "stale"] | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class NewValue:
    """What is to be written; `encoding` as in a Secret."""

    value: str = field(repr=False)
    encoding: str | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """What a write did: the version it made (none of a deletion), who wrote and the cloud's own id, as far as known."""

    version: str | None = None
    identity: str | None = None
    request_id: str | None = None


class Store(Protocol):
    """One vault, through one identity. Deadlines are in the loop's time; errors are VaultErrors."""

    backend: str
    spelling: Spelling

    async def get(self, name: str, deadline: float, *, version: str | None = None, stage: str | None = None) -> Secret:
        """Read a secret: the version given, the one that a stage names, or the current one.

        Version and stage are in the vault's own terms; what it cannot look up by raises BadRequest.
        """
        ...

    async def current_version(self, name: str, deadline: float) -> str:
        """Return what `version` of a read would be now, from the vault's metadata alone."""
        ...

    async def create(self, name: str, value: NewValue, deadline: float) -> Written:
        """Make a secret that does not exist yet; AlreadyExists if it does."""
        ...

    async def put(self, name: str, value: NewValue, deadline: float) -> Written:
        """Give a secret that exists a new current value; NotFound if it does not."""
        ...

    async def delete(self, name: str, deadline: float) -> Written:
        """Delete a secret, so that it can be restored where the vault can do that."""
        ...

    async def probe(self, name: str, deadline: float) -> None:
        """Return if the vault answered this identity, be it with a refusal or that there is no such name."""
        ...

    async def close(self) -> None:
        """Close connections."""
        ...


def expiry(store: Store) -> float | None:
    """Return when a store's credentials end, in seconds since 1970: None if it does not tell by `expires`."""
    ends = getattr(store, "expires", None)
    return ends if isinstance(ends, float) else None


def is_base64(text: str) -> bool:
    """Return whether a text is what a Secret of encoding "base64" holds (RFC 4648 section 4)."""
    try:
        binascii.a2b_base64(text, strict_mode=True)
    except ValueError:
        return False
    return True
