"""Credentials of any cloud, and their sources."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol, TypeVar

__all__ = ["Bearer", "Credentials", "Issuer", "Source"]


class Credentials(Protocol):
    """Credentials that prove an identity until they expire."""

    @property
    def expires(self) -> float | None:
        """When they expire, in seconds since 1970; None if they do not."""
        ...

    @property
    def identity(self) -> str:
        """The identity, as the cloud names it."""
        ...


@dataclass(frozen=True, slots=True)
class Bearer:
    """A token that is sent as it is."""

    token: str = field(repr=False)
    expires: float | None
    identity: str


C_co = TypeVar("C_co", bound=Credentials, covariant=True)
C = TypeVar("C", bound=Credentials)


class Issuer(Protocol[C_co]):
    """One way of obtaining credentials."""

    async def obtain(self, deadline: float) -> C_co:
        """Return fresh credentials, or raise IdentityUnavailable; the deadline is in the loop's time."""
        ...

    async def close(self) -> None:
        """Close connections."""
        ...


class Source(Protocol[C]):
    """Gives credentials that can be used now."""

    @property
    def expires(self) -> float | None:
        """When those in use end, in seconds since 1970; None if there are none yet, or they do not."""
        ...

    async def get(self, deadline: float) -> C:
        """Return credentials, or raise IdentityUnavailable; the deadline is in the loop's time."""
        ...

    async def renew(self, refused: C, deadline: float) -> C:
        """Return others than those that the vault refused, or the same where there are none."""
        ...

    async def close(self) -> None:
        """Close everything."""
        ...
