"""Credentials, whatever the cloud: what they have in common, and what gives them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol, TypeVar

__all__ = ["Bearer", "Credentials", "Issuer", "Source"]


class Credentials(Protocol):
    """Something that proves an identity for some time."""

    @property
    def expires(self) -> float | None:
        """When they end, in seconds since 1970; None if they do not."""
        ...

    @property
    def identity(self) -> str:
        """Whose they are, in the cloud's own words."""
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
        """Let go of what is held."""
        ...
