"""One request and its answer, as the application sees them: scope, receive and send."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Generator, Iterable
from http import HTTPStatus
from typing import Protocol

from starlette.types import ASGIApp, Message, Scope

from secret_sidecar import problems
from secret_sidecar.http_server.date import date_line
from secret_sidecar.http_server.phase import FINISHED, LOST, Phase

log = logging.getLogger(__name__)

_STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus}
_BODILESS = frozenset({204, 304})  # RFC 9110 section 6.4.1
_FRAMING = frozenset({b"connection", b"transfer-encoding"})


class _Done:
    """What is to be awaited is done already, without a coroutine for it."""

    def __await__(self) -> Generator[None, None, None]:
        return iter(())  # type: ignore[return-value]  # an iterator is all that await needs, and quicker made


_DONE = _Done()


class Line(Protocol):
    """What an exchange needs of its connection."""

    phase: Phase
    is_blocked: bool
    """The caller does not take what was written."""

    @property
    def takes_no_more(self) -> bool:
        """Whether the answer that begins now is the last."""
        ...

    def write(self, data: bytes) -> None:
        """Send bytes."""
        ...

    async def drained(self) -> None:
        """Return once the caller has taken enough, or has gone."""
        ...

    def answered(self, exchange: Exchange) -> None:
        """Hear that the application is done with it."""
        ...


class Exchange:
    """A request, whole, and its answer as far as it was given."""

    __slots__ = (
        "_body",
        "_has_body",
        "_head",
        "_is_chunked",
        "_left",
        "_line",
        "_size",
        "_waiter",
        "complete",
        "keep_alive",
        "scope",
        "started",
    )

    def __init__(self, line: Line, scope: Scope, body: bytes, size: int, keep_alive: bool) -> None:
        self._line = line
        self.scope = scope
        self._body: bytes | None = body
        self._size = size
        self.keep_alive = keep_alive
        self.started = False
        self.complete = False
        self._head = b""
        self._has_body = True
        self._is_chunked = False
        self._left: int | None = None  # bytes that Content-Length still promises
        self._waiter: asyncio.Future[None] | None = None

    async def run(self, app: ASGIApp) -> None:
        """Let the application answer. If it fails, the caller learns that it did and nothing else."""
        try:
            await app(self.scope, self.receive, self.send)
            if not self.complete and self._line.phase < LOST:
                self._finish()
        except Exception as error:  # whatever it is: logged, answered as an internal error, and the server goes on
            log.exception("internal error")
            if not self.complete and self._line.phase < LOST:
                await self._fail(error)
        finally:
            self._line.answered(self)

    def _finish(self) -> None:
        """Accept that a stream has ended because it was told to."""
        if not (self._is_chunked and self._line.phase >= FINISHED):
            raise RuntimeError("the application did not finish its answer")
        self.keep_alive = False
        self._continue(b"", more=False)

    async def _fail(self, error: Exception) -> None:
        self.keep_alive = False
        if self._head:  # it was not sent yet, and now will not be
            self._head, self.started = b"", False
        if not self.started:
            await problems.response(error)(self.scope, self.receive, self.send)

    @property
    def held(self) -> int:
        """Bytes of memory that the request takes until the application has received it."""
        return 0 if self._body is None else self._size

    def wake(self) -> None:
        """Let whoever waits for the end look again."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def receive(self) -> Message:
        """Return the body, and after it, once it is so, that nobody listens any more."""
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": False}
        while not (self.complete or self._line.phase >= FINISHED):
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        return {"type": "http.disconnect"}

    def send(self, message: Message) -> Awaitable[None]:
        """Send the head or a part of the body, at once if the caller takes it; to a caller who has gone, nothing."""
        if self._line.is_blocked:
            return self._send_once_drained(message)
        self._send(message)
        return _DONE

    async def _send_once_drained(self, message: Message) -> None:
        await self._line.drained()
        self._send(message)

    def _send(self, message: Message) -> None:
        if self._line.phase is LOST:
            return
        kind = message["type"]
        if kind == "http.response.start" and not self.started:
            self._start(message["status"], message.get("headers", ()))
        elif kind == "http.response.body" and self.started and not self.complete:
            self._continue(message.get("body", b""), more=message.get("more_body", False))
        else:
            raise RuntimeError(f"ASGI message {kind!r}: expected one start and then bodies until the last")

    def _start(self, status: int, headers: Iterable[tuple[bytes, bytes]]) -> None:
        lines = [_STATUS_LINES[status], date_line()]
        self._left, self._is_chunked = None, False
        for name, value in headers:
            if name == b"content-length":
                self._left = int(value)
            elif name in _FRAMING:
                raise RuntimeError(f"header {name!r}: expected framing to be left to the server")
            lines.append(b"%b: %b\r\n" % (name, value))
        if status in _BODILESS or self.scope["method"] == "HEAD":
            self._has_body, self._left = False, None
        elif self._left is None:
            self._is_chunked = self.scope["http_version"] == "1.1"
            if self._is_chunked:
                lines.append(b"transfer-encoding: chunked\r\n")
        if self._line.takes_no_more or not self.keep_alive:
            self.keep_alive = False
            lines.append(b"connection: close\r\n")
        head = b"".join(lines)
        if not head.count(b"\n") == head.count(b"\r") == len(lines):
            raise RuntimeError("a line break in a header of an answer")
        self.started = True
        self._head = head + b"\r\n"
        if self._left is None:
            self._flush()  # a stream's first part may be long in coming

    def _continue(self, data: bytes, *, more: bool) -> None:
        if self._left is not None:
            self._left -= len(data)
            if self._left < 0 or (self._left and not more):
                raise RuntimeError("a body of another size than its Content-Length")
        if self._is_chunked:
            data = b"%b%b" % (b"%x\r\n%b\r\n" % (len(data), data) if data else b"", b"" if more else b"0\r\n\r\n")
        if self._has_body:
            self._flush(data)
        else:
            self._flush()
        self.complete = not more

    def _flush(self, data: bytes = b"") -> None:
        """Write, in one piece with the head if that has not been written."""
        if self._head or data:
            self._line.write(self._head + data)
            self._head = b""
