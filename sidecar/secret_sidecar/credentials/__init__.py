"""Credentials for AWS, and where they come from: one module per source."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

__all__ = ["Credentials", "Source"]


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a request is signed with; `expires` is in seconds since 1970, `identity` says whose they are."""

    access_key: str
    secret_key: str = field(repr=False)
    token: str | None = field(repr=False)
    expires: float | None
    identity: str


class Source(Protocol):
    """Gives credentials that can be used now."""

    async def get(self, deadline: float) -> Credentials:
        """Return credentials, or raise IdentityUnavailable; the deadline is in the loop's time."""
        ...

    async def renew(self, refused: Credentials, deadline: float) -> Credentials:
        """Return others than those that the vault refused, or the same where there are none."""
        ...

    async def close(self) -> None:
        """Let go of what is held."""
        ...
