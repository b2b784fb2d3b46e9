"""The caller's side: Python's own HTTP client, in a thread, as an application would."""

from __future__ import annotations

import asyncio
import http.client
import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Got:
    """An answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        """The body, if it is a JSON object."""
        document = json.loads(self.body)
        assert isinstance(document, dict)
        return document


def _ask(port: int, path: str, method: str, headers: dict[str, str], host: str, body: bytes | None) -> Got:
    connection = http.client.HTTPConnection(host, port, timeout=60)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return Got(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
    finally:
        connection.close()


async def ask(
    port: int,
    path: str,
    method: str = "GET",
    headers: dict[str, str] | None = None,
    host: str = "127.0.0.1",
    body: bytes | None = None,
) -> Got:
    """Ask a server on this machine."""
    return await asyncio.to_thread(_ask, port, path, method, headers or {}, host, body)


async def send(port: int, path: str, document: object, method: str = "POST") -> Got:
    """Send a JSON document to a server on this machine."""
    headers = {"Content-Type": "application/json"}
    return await ask(port, path, method, headers, body=json.dumps(document).encode())


async def ask_raw(port: int, request: bytes) -> bytes:
    """Send bytes, half-close, and return all that comes back."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer
