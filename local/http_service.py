"""A small HTTP/1.1 service: what the fakes of clouds are, on the laptop and in tests."""

from __future__ import annotations

import asyncio
import json
import ssl
import weakref
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit


@dataclass(frozen=True)
class Request:
    """A request."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    client: str = ""
    """The address that it came from."""

    @property
    def path(self) -> str:
        """The target's path, unquoted."""
        return unquote(urlsplit(self.target).path)

    @property
    def query(self) -> dict[str, str]:
        """The target's query."""
        return _first(urlsplit(self.target).query)

    @property
    def form(self) -> dict[str, str]:
        """The body as a form."""
        return _first(self.body.decode())

    @property
    def json(self) -> dict[str, Any]:
        """The body as a JSON object."""
        document = json.loads(self.body)
        if not isinstance(document, dict):
            raise TypeError("the body is no JSON object")
        return document

    @property
    def bearer(self) -> str:
        """The access token that was sent, or nothing."""
        return self.headers.get("authorization", "").removeprefix("Bearer ")


@dataclass(frozen=True)
class Reply:
    """An answer: a JSON document, or bytes as they are."""

    document: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json; charset=utf-8"

    def render(self) -> bytes:
        """The answer's bytes."""
        body = self.document if isinstance(self.document, bytes) else json.dumps(self.document).encode()
        lines = [f"HTTP/1.1 {self.status} x", f"Content-Type: {self.content_type}", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        return "\r\n".join((*lines, "", "")).encode() + body


class Listener:
    """Listens, by default on loopback, and answers the requests of each connection in turn; `talk` may be overridden.

    `close` drops all connections; `open` after it listens on the same port again.
    """

    host = "127.0.0.1"
    port = 0
    tls: ssl.SSLContext | None = None
    _listener: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()

    async def open(self) -> None:
        """Listen."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: weakref.WeakSet[asyncio.StreamWriter] = weakref.WeakSet()
        self._listener = await asyncio.start_server(self._connected, self.host, self.port, ssl=self.tls, backlog=1024)
        self.port = self._listener.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Stop listening, and break all connections off."""
        if self._listener is None:
            return
        self._listener.close()
        self._listener = None
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        writers = list(self._writers)
        for writer in writers:
            writer.transport.abort()
        await asyncio.gather(*(writer.wait_closed() for writer in writers), return_exceptions=True)

    async def serve(self, request: Request, writer: asyncio.StreamWriter) -> bool:
        """Answer; False if the connection ends."""
        raise NotImplementedError

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until its end."""
        peer = writer.get_extra_info("peername")
        client = str(peer[0]) if peer else ""
        while (request := await read_request(reader, client)) is not None and await self.serve(request, writer):
            pass

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self._writers.add(writer)
        try:
            await self.talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()


async def read_request(reader: asyncio.StreamReader, client: str = "") -> Request | None:
    """Read one request; None at the end of the connection."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    first, *lines = head.decode("latin-1").rstrip().split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Request(method, target, headers, body, client)


def _first(encoded: str) -> dict[str, str]:
    return {key: values[0] for key, values in parse_qs(encoded, keep_blank_values=True).items()}
