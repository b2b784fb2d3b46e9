"""The callers' side of HTTP/1.1: bytes out, answers in, and the times of both."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.soak.expected_state import now


class NoAnswer(Exception):
    """The connection ended, or the time, before a whole answer was there."""


@dataclass(slots=True)
class Request:
    """A request: what it is called in the summary, and its bytes."""

    what: str
    method: str
    target: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    start: float = 0.0

    def render(self) -> bytes:
        """The bytes."""
        headers = {"Host": "localhost", **self.headers}
        if self.body:
            headers["Content-Length"] = str(len(self.body))
        lines = (f"{self.method} {self.target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()))
        return "\r\n".join((*lines, "", "")).encode("latin-1") + self.body


@dataclass(slots=True)
class Answer:
    """An answer; header names are lowercase."""

    status: int
    headers: dict[str, str]
    body: bytes
    end: float

    @property
    def media_type(self) -> str:
        """The Content-Type without its parameters."""
        return self.headers.get("content-type", "").partition(";")[0]

    @property
    def document(self) -> dict[str, Any]:
        """The body as a JSON object; ValueError if it is none."""
        document = json.loads(self.body)
        if not isinstance(document, dict):
            raise ValueError("no JSON object")  # noqa: TRY004 (as json.loads says of what is no JSON)
        return document


class Connection:
    """One connection to the sidecar."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, max_wait: float) -> None:
        self.reader = reader
        self.writer = writer
        self._max_wait = max_wait

    @classmethod
    @asynccontextmanager
    async def opened(cls, port: int, max_wait: float) -> AsyncIterator[Connection]:
        """Connect for as long as a block lasts."""
        connection = await cls.open(port, max_wait)
        try:
            yield connection
        finally:
            connection.close()

    @classmethod
    async def open(cls, port: int, max_wait: float) -> Connection:
        """Connect; answers are waited for as long as `max_wait` says, in seconds."""
        return cls(*await asyncio.open_connection("127.0.0.1", port), max_wait)

    def close(self) -> None:
        """End it, politely."""
        self.writer.close()

    def abort(self) -> None:
        """End it with a reset."""
        self.writer.transport.abort()

    def send(self, request: Request) -> None:
        """Send a request."""
        request.start = now()
        self.writer.write(request.render())

    async def answer(self, request: Request) -> Answer:
        """Return the next answer, or raise NoAnswer."""
        try:
            async with asyncio.timeout(self._max_wait):
                status, headers = await self.head()
                body = b"" if request.method == "HEAD" or status in {204, 304} else await self._body(headers)
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            raise NoAnswer(f"the connection ended: {error}") from None
        except TimeoutError:
            raise NoAnswer(f"nothing after {self._max_wait} s") from None
        if headers.get("connection", "") == "close":
            self.close()
        return Answer(status, headers, body, now())

    async def ask(self, request: Request) -> Answer:
        """Send and receive."""
        self.send(request)
        return await self.answer(request)

    @property
    def is_open(self) -> bool:
        """Whether another request may be sent."""
        return not (self.writer.is_closing() or self.reader.at_eof())

    async def head(self) -> tuple[int, dict[str, str]]:
        """Return status and headers."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").rstrip().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        return int(first.split(" ")[1]), headers

    async def _body(self, headers: dict[str, str]) -> bytes:
        if "chunked" in headers.get("transfer-encoding", ""):
            return b"".join([chunk async for chunk in self.chunks()])
        return await self.reader.readexactly(int(headers["content-length"]))

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the chunks of a body."""
        while size := int(await self.reader.readuntil(b"\r\n"), 16):
            chunk = await self.reader.readexactly(size + 2)
            yield chunk[:-2]
        await self.reader.readuntil(b"\r\n")
