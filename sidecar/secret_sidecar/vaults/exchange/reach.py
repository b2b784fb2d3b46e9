"""Whether a server answers at all: what readiness can check without an identity."""

from __future__ import annotations

from secret_sidecar.errors import TransportError, Unavailable
from secret_sidecar.http_client.http import Client


async def reach(vault: str, client: Client, target: str, deadline: float) -> None:
    """Return if there is any answer over HTTP to an unsigned request, or raise Unavailable."""
    try:
        await client.send("GET", target, (), b"", deadline)
    except TransportError as error:
        raise Unavailable(f"{vault}: {error}") from None
