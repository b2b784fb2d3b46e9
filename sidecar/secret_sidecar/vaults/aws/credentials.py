"""Credentials for AWS."""

from __future__ import annotations

from dataclasses import dataclass, field

from secret_sidecar.vaults.identity import credentials

__all__ = ["Credentials", "Source"]


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a request is signed with; `expires` is in seconds since 1970, `identity` says whose they are."""

    access_key: str
    secret_key: str = field(repr=False)
    token: str | None = field(repr=False)
    expires: float | None
    identity: str


Source = credentials.Source[Credentials]
