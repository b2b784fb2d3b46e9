"""What vaults' answers that are no secret are: a kind of error, and how it is told. What several have is here."""

from __future__ import annotations

from secret_sidecar.errors import BadUpstreamResponse, Denied, NameRefused, NotFound, Throttled, Unavailable, VaultError

Kind = tuple[type[VaultError], str]
"""An error, and a text with `{vault}`, `{name}`, `{identity}`, `{code}` and `{status}`."""

DENIED: Kind = (Denied, "{vault} refused {name} to {identity}, or there is no such secret")
NAME_REFUSED: Kind = (NameRefused, "{vault} rejected the name {name}")
NOT_FOUND: Kind = (NotFound, "{vault} has no secret {name}, or it has no such version")
THROTTLED: Kind = (Throttled, "{vault} has had too many requests")
UNAVAILABLE: Kind = (Unavailable, "{vault} is not available: {code}")


def is_passing(status: int) -> bool:
    """Return whether a request may succeed when it is sent again: a time-out, a limit, or the server's own failure."""
    return status in {408, 429} or status >= 500


def otherwise(status: int, code: str | None) -> Kind:
    """Return what an answer is whose code says nothing: a failure that passes, by its status, or nobody knows what."""
    if status == 429:
        return THROTTLED
    if is_passing(status):
        return UNAVAILABLE if code else (Unavailable, "{vault} is not available: HTTP {status}")
    if code is None:
        return BadUpstreamResponse, "{vault} answered HTTP {status} without an error code"
    return BadUpstreamResponse, "{vault} answered with an error that such a call cannot have: {code}"
