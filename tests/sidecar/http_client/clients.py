"""The HTTP client as these tests use it."""

from __future__ import annotations

from secret_sidecar.http_client.connection import Answer
from secret_sidecar.http_client.http import Client
from secret_sidecar.http_client.origin import Origin
from tests.fakes.scripted import Scripted
from tests.sidecar.conftest import soon


def client_of(server: Scripted, connections: int = 8, max_body: int = 1 << 20) -> Client:
    """A client of a server on this machine."""
    return Client(Origin("http", "127.0.0.1", server.port), connections=connections, max_body=max_body)


async def send(client: Client, body: bytes = b"") -> Answer:
    """Send a request that has time."""
    return await client.send("POST", "/", (("X-Test", "1"),), body, soon())
