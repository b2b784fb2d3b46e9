"""One connection of the HTTP client, and the answers that come over it.

Messages are parsed by httptools (llhttp), framed as RFC 9112 section 6 says.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from contextvars import Context
from typing import NamedTuple, cast

import httptools

from secret_sidecar.errors import ConnectionLost, DeadlineExceeded, MalformedAnswer
from secret_sidecar.http_client.origin import Origin

MAX_HEAD = 64 << 10
IDLE = 60.0
"""Seconds after which a connection that nobody uses is closed: what is between forgets one and tells nobody."""

_NOBODYS = Context()
"""What an alarm rings in: the caller's would keep its request for as long as the alarm is set."""


class Answer(NamedTuple):
    """A whole answer; header names are lowercase, the last of equal ones counts."""

    status: int
    headers: dict[str, str]
    body: bytes

    def __repr__(self) -> str:
        """Show all but the body, which may be a secret."""
        return f"Answer(status={self.status}, headers={self.headers}, body=...)"


class Connection(asyncio.Protocol):
    """One connection, one exchange at a time; whatever comes unasked closes it."""

    def __init__(self, origin: Origin, max_body: int, idle: deque[Connection]) -> None:
        self._origin = origin
        self._max_body = max_body
        self._idle = idle
        self._keep_alive = True
        self._waiter: asyncio.Future[Answer] | None = None
        self._loop = asyncio.get_running_loop()
        self._deadline = math.inf
        self._alarm: asyncio.TimerHandle | None = None
        self._alarm_at = math.inf
        self._is_unused = False
        self._begin()

    def _begin(self) -> None:
        self._received = 0
        self._in_head = True
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []
        self._size = 0

    @property
    def reusable(self) -> bool:
        return self._keep_alive and not self._transport.is_closing()

    def exchange(self, request: bytes, deadline: float) -> asyncio.Future[Answer]:
        """Send a request and return what will be its answer, or a TransportError."""
        if self._transport.is_closing():
            raise ConnectionLost(f"{self._origin} closed the connection", received=0)
        self._begin()
        self._is_unused = False
        self._waiter = waiter = self._loop.create_future()
        self._deadline = deadline
        if deadline < self._alarm_at:
            self._set_alarm()
        self._transport.write(request)
        return waiter

    def _set_alarm(self) -> None:
        """Wake at the deadline. The alarm outlives its exchange and is set anew by the next that needs it earlier.

        So an exchange that is answered in time, as nearly all are, neither sets nor cancels one. Where there is none
        when it rings, it rings once more, and if there was none in between, the connection is closed.
        """
        self._unset_alarm()
        self._alarm_at = self._deadline
        self._alarm = self._loop.call_at(self._deadline, self._ring, context=_NOBODYS)

    def _unset_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm, self._alarm_at = None, math.inf

    def _ring(self) -> None:
        self._unset_alarm()
        if self._waiter is None and self._is_unused:
            self.close()
        elif self._waiter is None:
            self._is_unused = True
            self._deadline = self._loop.time() + IDLE
            self._set_alarm()
        elif self._loop.time() < self._deadline:
            self._set_alarm()
        else:
            self._failed(DeadlineExceeded(f"no answer from {self._origin} before the deadline"))

    def close(self) -> None:
        self._unset_alarm()
        self._keep_alive = False
        self._waiter = None
        self._body.clear()
        self._transport.abort()

    def _answered(self) -> None:
        waiter, self._waiter = self._waiter, None
        body, self._body = b"".join(self._body), []  # an idle connection keeps no secret
        if waiter is not None and not waiter.done():
            waiter.set_result(Answer(self._parser.get_status_code(), self._headers, body))

    def _failed(self, error: Exception) -> None:
        waiter = self._waiter
        self.close()
        if waiter is not None and not waiter.done():
            waiter.set_exception(error)

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._parser = httptools.HttpResponseParser(self)

    def data_received(self, data: bytes) -> None:
        if self._waiter is None:
            self.close()
            return
        self._received += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._failed(MalformedAnswer(f"{self._origin} did not answer in HTTP/1.1"))
        if self._in_head and self._received > MAX_HEAD:
            self._failed(MalformedAnswer(f"{self._origin} sent more than {MAX_HEAD} bytes of headers"))

    def connection_lost(self, exc: Exception | None) -> None:
        if self in self._idle:
            self._idle.remove(self)
        framed = "content-length" in self._headers or "transfer-encoding" in self._headers
        if self._waiter is not None and exc is None and not self._in_head and not framed:
            self._answered()  # RFC 9112 section 6.3, rule 8: such a body ends with its connection
        else:
            what = "in the middle of an answer" if self._received else "without an answer"
            self._failed(ConnectionLost(f"{self._origin} closed the connection {what}", self._received))
        del self._parser  # it refers to this connection: together they would stay until garbage is searched for

    # What the parser calls, from within feed_data.

    def on_message_begin(self) -> None:
        if self._waiter is None:
            self.close()  # a second answer to one request: nobody could tell whose the next one is

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._in_head:
            self._headers[name.lower().decode("latin-1")] = value.decode("latin-1")
        else:
            self._count(len(name) + len(value))  # a trailer: nobody needs one, but it has to end

    def on_headers_complete(self) -> None:
        self._in_head = self._parser.get_status_code() < 200

    def on_body(self, body: bytes) -> None:
        self._body.append(body)
        self._count(len(body))

    def _count(self, size: int) -> None:
        self._size += size
        if self._size > self._max_body:
            self._failed(MalformedAnswer(f"{self._origin} sent more than {self._max_body} bytes"))

    def on_message_complete(self) -> None:
        if self._in_head:
            self._headers.clear()  # an interim answer (RFC 9110 section 15.2): the real one follows
            return
        self._keep_alive = self._keep_alive and self._parser.should_keep_alive()
        self._answered()
