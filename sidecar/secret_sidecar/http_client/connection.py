"""One connection of the HTTP client, and the answers that come over it.

Messages are parsed by httptools (llhttp), framed as RFC 9112 section 6 says.
"""

from __future__ import annotations

import asyncio
import math
import select
import ssl
from collections import deque
from contextvars import Context
from typing import NamedTuple, cast

import httptools

from secret_sidecar.errors import ConnectionLost, DeadlineExceeded, MalformedAnswer
from secret_sidecar.http_client.origin import Origin

MAX_HEAD = 64 << 10
MAX_HEADERS = 128
IDLE = 60.0
"""Seconds after which a connection that nobody uses is closed: what is between forgets one and tells nobody."""

_NOBODYS = Context()
"""What an alarm rings in: the caller's would keep its request for as long as the alarm is set."""


_NAMES = {
    spelled: name
    for name in ("connection", "content-length", "content-type", "date", "x-amzn-requestid")
    for spelled in (name.encode(), name.title().encode(), name.replace("requestid", "RequestId").encode())
}
"""Frequent names as they are sent, in lowercase: to look one up takes less than to lower it."""


class Answer(NamedTuple):
    """A whole answer; header names are lowercase, the last of equal ones counts."""

    status: int
    headers: dict[str, str]
    body: bytes

    def __repr__(self) -> str:
        """Show all but the body, which may be a secret."""
        return f"Answer(status={self.status}, headers={self.headers}, body=...)"


class Silent(ConnectionLost):
    """Nothing of an answer came for as long as a request over this connection had patience."""


class Connection(asyncio.Protocol):
    """One connection, one exchange at a time; whatever comes unasked closes it.

    It may be used until `retires`, in the loop's time, and only if `unread(0)` is empty: what has come unasked and was
    not read yet would be taken for the next request's answer.
    """

    def __init__(self, origin: Origin, max_body: int, idle: deque[Connection]) -> None:
        self._origin = origin
        self._max_body = max_body
        self._idle = idle
        self._keep_alive = True
        self._waiter: asyncio.Future[Answer] | None = None
        self._loop = asyncio.get_running_loop()
        self.opened = self._loop.time()
        self.retires = math.inf
        self._deadline = math.inf
        self._patience = math.inf
        self._alarm: asyncio.TimerHandle | None = None
        self._alarm_at = math.inf
        self._is_unused = False
        self._begin()

    def _begin(self) -> None:
        self._received = 0
        self._in_head = True
        self._headers: dict[str, str] = {}
        self._body: bytes | bytearray = b""
        self._trailers = 0

    @property
    def reusable(self) -> bool:
        return self._keep_alive and not self._transport.is_closing()

    @property
    def peer(self) -> tuple[object, ...] | None:
        """The other side's address, as the socket module has it."""
        found: tuple[object, ...] | None = self._transport.get_extra_info("peername")
        return found

    def exchange(self, request: bytes, deadline: float, patience: float) -> asyncio.Future[Answer]:
        """Send a request and return what will be its answer, or a TransportError.

        It is Silent if nothing of the answer came until `patience` (in the loop's time), and DeadlineExceeded if not
        all of it came until the deadline.
        """
        if self._transport.is_closing():
            raise ConnectionLost(f"{self._origin} closed the connection", received=0)
        self._begin()
        self._is_unused = False
        self._waiter = waiter = self._loop.create_future()
        self._deadline, self._patience = deadline, patience
        if patience < self._alarm_at:
            self._set_alarm(patience)
        self._transport.write(request)
        return waiter

    def _set_alarm(self, at: float) -> None:
        """Wake at the time given. The alarm outlives its exchange and is set anew by the next that needs it earlier.

        So an exchange that is answered in time, as nearly all are, neither sets nor cancels one. Where there is none
        when it rings, it rings once more, and if there was none in between, the connection is closed.
        """
        self._unset_alarm()
        self._alarm_at = at
        self._alarm = self._loop.call_at(at, self._ring, context=_NOBODYS)

    def _unset_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm, self._alarm_at = None, math.inf

    def _ring(self) -> None:
        self._unset_alarm()
        now = self._loop.time()
        if self._waiter is None and self._is_unused:
            self.close()
        elif self._waiter is None:
            self._is_unused = True
            self._set_alarm(now + IDLE)
        elif not self._received and now >= self._patience < self._deadline:
            self._failed(Silent(f"{self._origin} does not answer over a connection that was kept", received=0))
        elif now >= self._deadline:
            self._failed(DeadlineExceeded(f"no answer from {self._origin} before the deadline"))
        else:
            self._set_alarm(self._deadline if self._received else self._patience)

    def close(self) -> None:
        self._unset_alarm()
        self._keep_alive = False
        self._waiter = None
        self._body = b""
        self._transport.abort()

    def _answered(self) -> None:
        waiter, self._waiter = self._waiter, None
        body, self._body = self._body, b""  # an idle connection keeps no secret
        if waiter is not None and not waiter.done():
            body = body if isinstance(body, bytes) else bytes(body)
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
        poll = select.poll()
        poll.register(self._transport.get_extra_info("socket").fileno(), select.POLLIN)
        self.unread = poll.poll

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
            reason = getattr(exc, "reason", None) if isinstance(exc, ssl.SSLError) else None
            why = f": {reason}" if reason else ""
            self._failed(ConnectionLost(f"{self._origin} closed the connection {what}{why}", self._received))
        del self._parser  # it refers to this connection: together they would stay until garbage is searched for

    # What the parser calls, from within feed_data.

    def on_message_begin(self) -> None:
        if self._waiter is None:
            self.close()  # a second answer to one request: nobody could tell whose the next one is

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._in_head:
            self._trailers += len(name) + len(value)  # nobody needs one, but they have to end
            if self._trailers > self._max_body:
                self._too_large()
        elif len(self._headers) < MAX_HEADERS:
            self._headers[_NAMES.get(name) or name.lower().decode("latin-1")] = value.decode("latin-1")
        else:
            self._failed(MalformedAnswer(f"{self._origin} sent more than {MAX_HEADERS} headers"))

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        self._in_head = status < 200
        if 200 <= status < 300 and (encoding := self._headers.get("content-encoding")) not in {None, "identity"}:
            reason = f"Content-Encoding {str(encoding)[:40]!r}: expected identity, as was asked for"
            self._failed(MalformedAnswer(f"{self._origin} answered with {reason}"))

    def on_body(self, body: bytes) -> None:
        if not self._body:
            self._body = body
        elif isinstance(self._body, bytearray):
            self._body += body
        else:
            self._body = bytearray(self._body) + body  # small pieces kept one by one would cost many times their size
        if len(self._body) + self._trailers > self._max_body:
            self._too_large()

    def _too_large(self) -> None:
        self._failed(MalformedAnswer(f"{self._origin} sent more than {self._max_body} bytes"))

    def on_message_complete(self) -> None:
        if self._in_head:
            self._headers.clear()  # an interim answer (RFC 9110 section 15.2): the real one follows
            return
        self._keep_alive = self._keep_alive and self._parser.should_keep_alive()
        self._answered()
