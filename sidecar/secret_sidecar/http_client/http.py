"""A small HTTP/1.1 client for one origin: pooled connections, verified TLS, bounded answers, one deadline per request.

It asks what vaults ask of a client and nothing else: no redirects (an answer with a 3xx status is returned like any
other), no cookies, no compression.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from contextvars import Context
from typing import TYPE_CHECKING

from secret_sidecar.errors import ConnectFailed, ConnectionLost, DeadlineExceeded
from secret_sidecar.http_client.connection import Answer, Connection
from secret_sidecar.http_client.origin import Origin

if TYPE_CHECKING:
    from secret_sidecar.http_client.proxy import Proxy

MAX_BODY = 1 << 20
MAX_CONNECTIONS = 64

Headers = Iterable[tuple[str, str]]


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
        self._constant = _lines((("Host", origin.authority), *headers))
        self._slots = asyncio.Semaphore(connections)
        self._idle: deque[Connection] = deque()

    async def send(self, method: str, target: str, headers: Headers, body: bytes, deadline: float) -> Answer:
        """Return the answer, whatever its status, or raise a TransportError.

        The deadline is in the loop's time and covers waiting for a connection, connecting and the whole answer. A
        connection that was kept open may have been closed by the other side just now: if nothing of an answer came, the
        request is sent once more over a new one. So a request must be one that may arrive twice.
        """
        return await self.send_prepared(self.prepare(method, target, headers), (), body, deadline)

    def prepare(self, method: str, target: str, headers: Headers) -> bytes:
        """Return the start of requests that have this in common, for send_prepared."""
        first = _encoded([f"{method} {self._prefix}{target} HTTP/1.1\r\n"], "the target")
        return first + self._constant + _lines(headers)

    async def send_prepared(self, start: bytes, headers: Headers, body: bytes, deadline: float) -> Answer:
        """Do what send does, with headers beside those that were prepared."""
        request = b"%bContent-Length: %d\r\n\r\n%b" % (start + _lines(headers), len(body), body)
        if self._slots.locked():
            async with self._until(deadline):
                await self._slots.acquire()
        else:
            await self._slots.acquire()  # at once
        try:
            is_new = not self._idle
            while True:
                connection = await self._connect(deadline) if is_new else self._idle.pop()
                try:
                    answer = await connection.exchange(request, deadline)
                except ConnectionLost as lost:
                    connection.close()
                    if is_new or lost.received:
                        raise
                    is_new = True
                except BaseException:
                    connection.close()
                    raise
                else:
                    if connection.reusable:
                        self._idle.append(connection)
                    else:
                        connection.close()
                    return answer
        finally:
            self._slots.release()

    async def close(self) -> None:
        """Close the connections that nobody is using."""
        while self._idle:
            self._idle.pop().close()

    @asynccontextmanager
    async def _until(self, deadline: float) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout_at(deadline):
                yield
        except TimeoutError:
            raise DeadlineExceeded(f"no answer from {self.origin} before the deadline") from None

    async def _connect(self, deadline: float) -> Connection:
        # In a context of its own: a connection serves many, and would keep the request of the one who opened it.
        opening = asyncio.create_task(self._open(), context=Context())
        try:
            async with self._until(deadline):
                return await opening
        except BaseException:
            opening.add_done_callback(_let_go)
            raise
        finally:
            del opening  # it may hold an error, whose traceback has this frame

    async def _open(self) -> Connection:
        def protocol() -> Connection:
            return Connection(self.origin, self._max_body, self._idle)

        try:
            if self._proxy:
                return await self._proxy.connect(self.origin, self._tls, protocol)
            host, port = self.origin.host, self.origin.port
            return (await asyncio.get_running_loop().create_connection(protocol, host, port, ssl=self._tls))[1]
        except ssl.SSLCertVerificationError as error:
            raise ConnectFailed(f"certificate of {self.origin} not trusted: {error.verify_message}") from None
        except (OSError, UnicodeError) as error:  # ETIMEDOUT too, which is a TimeoutError, and no deadline's
            reason = getattr(error, "strerror", None) or type(error).__name__
            raise ConnectFailed(f"cannot connect to {self.origin}: {reason}") from None


def _let_go(opening: asyncio.Task[Connection]) -> None:
    """Close a connection that was opened when nobody waited for it any more."""
    if not opening.cancelled() and opening.exception() is None:
        opening.result().close()


def _lines(headers: Headers) -> bytes:
    """Return headers as they are sent, or raise ValueError if one would be two."""
    return _encoded([f"{name}: {value}\r\n" for name, value in headers], "a header")


def _encoded(lines: list[str], what: str) -> bytes:
    """Return lines as bytes; the errors quote nothing, for it may be a token."""
    text = "".join(lines)
    if not text.count("\r") == text.count("\n") == len(lines) or "\0" in text:
        raise ValueError(f"a line break in {what} of a request")
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        raise ValueError(f"a character in {what} of a request that HTTP cannot send") from None
