"""A small HTTP/1.1 client for one origin: pooled connections, verified TLS, bounded answers, one deadline per request.

It asks what vaults ask of a client and nothing else: no redirects (an answer with a 3xx status is returned like any
other), no cookies, no compression. Messages are parsed by httptools (llhttp), framed as RFC 9112 section 6 says.
"""

from __future__ import annotations

import asyncio
import math
import re
import ssl
from collections import deque
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, cast
from urllib.parse import urlsplit

import httptools

from secret_sidecar.errors import ConnectFailed, ConnectionLost, DeadlineExceeded, MalformedAnswer

if TYPE_CHECKING:
    from secret_sidecar.proxy import Proxy

MAX_BODY = 1 << 20
MAX_HEAD = 64 << 10
MAX_CONNECTIONS = 64

Headers = Iterable[tuple[str, str]]

_ORIGIN_FORM = "http:// or https://, a host, and maybe a port, such as 'http://localhost:4566'"
_BREAKS = re.compile(r"[\r\n\0]")


@dataclass(frozen=True)
class Origin:
    """Scheme, host and port: what a pool of connections belongs to."""

    scheme: str
    host: str
    port: int

    @classmethod
    def parse(cls, url: str) -> Origin:
        """Return the origin of a URL that has no path, or raise ValueError with the form expected."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise ValueError(_ORIGIN_FORM) from None
        rest = (parts.path.strip("/"), parts.query, parts.fragment, parts.username)
        if parts.scheme not in {"http", "https"} or not parts.hostname or any(rest) or _BREAKS.search(url):
            raise ValueError(_ORIGIN_FORM)
        return cls(parts.scheme, parts.hostname, port or (443 if parts.scheme == "https" else 80))

    @property
    def authority(self) -> str:
        """The Host header's value: the port is left out where it is the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if (self.scheme, self.port) in {("http", 80), ("https", 443)} else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}"


class Answer(NamedTuple):
    """A whole answer; header names are lowercase, the last of equal ones counts."""

    status: int
    headers: dict[str, str]
    body: bytes

    def __repr__(self) -> str:
        """Show all but the body, which may be a secret."""
        return f"Answer(status={self.status}, headers={self.headers}, body=...)"


class Client:
    """Sends requests to one origin, over at most `connections` connections at a time."""

    def __init__(
        self,
        origin: Origin,
        tls: ssl.SSLContext | None = None,
        *,
        connections: int = MAX_CONNECTIONS,
        max_body: int = MAX_BODY,
        proxy: Proxy | None = None,
    ) -> None:
        self.origin = origin
        self._proxy = proxy
        self._tls = (tls or ssl.create_default_context()) if origin.scheme == "https" else None
        self._max_body = max_body
        self._prefix, headers = proxy.request_prefix(origin) if proxy else ("", ())
        self._head = [f"{name}: {value}" for name, value in (("Host", origin.authority), *headers)]
        self._slots = asyncio.Semaphore(connections)
        self._idle: deque[_Connection] = deque()

    async def send(self, method: str, target: str, headers: Headers, body: bytes, deadline: float) -> Answer:
        """Return the answer, whatever its status, or raise a TransportError.

        The deadline is in the loop's time and covers waiting for a connection, connecting and the whole answer. A
        connection that was kept open may have been closed by the other side just now: if nothing of an answer came, the
        request is sent once more over a new one. So a request must be one that may arrive twice.
        """
        request = self._render(method, target, headers, body)
        if self._slots.locked():
            async with self._until(deadline):
                await self._slots.acquire()
        else:
            await self._slots.acquire()  # at once
        try:
            if self._idle:
                try:
                    return await self._exchange(self._idle.pop(), request, deadline)
                except ConnectionLost as lost:
                    if lost.received:
                        raise
            return await self._exchange(await self._connect(deadline), request, deadline)
        finally:
            self._slots.release()

    async def close(self) -> None:
        """Close the connections that nobody is using."""
        while self._idle:
            self._idle.pop().close()

    def _render(self, method: str, target: str, headers: Headers, body: bytes) -> bytes:
        lines = [
            f"{method} {self._prefix}{target} HTTP/1.1",
            *self._head,
            *(f"{name}: {value}" for name, value in headers),
        ]
        lines.append(f"Content-Length: {len(body)}")
        head = "\r\n".join((*lines, "", ""))
        if not head.count("\r") == head.count("\n") == len(lines) + 1 or "\0" in head:
            raise ValueError("a line break in a header of a request")
        return head.encode("latin-1") + body

    @asynccontextmanager
    async def _until(self, deadline: float) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout_at(deadline):
                yield
        except TimeoutError:
            raise DeadlineExceeded(f"no answer from {self.origin} before the deadline") from None

    async def _connect(self, deadline: float) -> _Connection:
        loop = asyncio.get_running_loop()

        def protocol() -> _Connection:
            return _Connection(self.origin, self._max_body, self._idle)

        try:
            async with self._until(deadline):
                if self._proxy:
                    return await self._proxy.connect(self.origin, self._tls, protocol)
                host, port = self.origin.host, self.origin.port
                _, connection = await loop.create_connection(protocol, host, port, ssl=self._tls)
        except ssl.SSLCertVerificationError as error:
            raise ConnectFailed(f"certificate of {self.origin} not trusted: {error.verify_message}") from None
        except (OSError, UnicodeError) as error:
            reason = getattr(error, "strerror", None) or type(error).__name__
            raise ConnectFailed(f"cannot connect to {self.origin}: {reason}") from None
        return connection

    async def _exchange(self, connection: _Connection, request: bytes, deadline: float) -> Answer:
        try:
            answer = await connection.exchange(request, deadline)
        except BaseException:
            connection.close()
            raise
        if connection.reusable:
            self._idle.append(connection)
        else:
            connection.close()
        return answer


class _Connection(asyncio.Protocol):
    """One connection, one exchange at a time; whatever comes unasked closes it."""

    def __init__(self, origin: Origin, max_body: int, idle: deque[_Connection]) -> None:
        self._origin = origin
        self._max_body = max_body
        self._idle = idle
        self._parser = httptools.HttpResponseParser(self)
        self._keep_alive = True
        self._waiter: asyncio.Future[Answer] | None = None
        self._loop = asyncio.get_running_loop()
        self._deadline = math.inf
        self._alarm: asyncio.TimerHandle | None = None
        self._alarm_at = math.inf
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

    async def exchange(self, request: bytes, deadline: float) -> Answer:
        """Send a request and return its answer, or raise a TransportError."""
        if self._transport.is_closing():
            raise ConnectionLost(f"{self._origin} closed the connection", received=0)
        self._begin()
        waiter: asyncio.Future[Answer] = self._loop.create_future()
        self._waiter = waiter
        self._deadline = deadline
        if deadline < self._alarm_at:
            self._set_alarm()
        self._transport.write(request)
        return await waiter

    def _set_alarm(self) -> None:
        """Wake at the deadline. The alarm outlives its exchange and is set anew by the next that needs it earlier.

        So an exchange that is answered in time, as nearly all are, neither sets nor cancels one.
        """
        self._unset_alarm()
        self._alarm_at = self._deadline
        self._alarm = self._loop.call_at(self._deadline, self._ring)

    def _unset_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm, self._alarm_at = None, math.inf

    def _ring(self) -> None:
        self._unset_alarm()
        if self._waiter is None:
            return
        if self._loop.time() < self._deadline:
            self._set_alarm()
        else:
            self._failed(DeadlineExceeded(f"no answer from {self._origin} before the deadline"))

    def close(self) -> None:
        self._unset_alarm()
        self._keep_alive = False
        self._waiter = None
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
        self._count(len(body))
        self._body.append(body)

    def _count(self, size: int) -> None:
        self._size += size
        if self._size > self._max_body:
            self._body.clear()
            self._failed(MalformedAnswer(f"{self._origin} sent more than {self._max_body} bytes"))

    def on_message_complete(self) -> None:
        if self._in_head:
            self._headers.clear()  # an interim answer (RFC 9110 section 15.2): the real one follows
            return
        self._keep_alive = self._keep_alive and self._parser.should_keep_alive()
        self._answered()
