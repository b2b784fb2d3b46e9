"""A small HTTP/1.1 client for one origin: pooled connections, verified TLS, bounded answers, one deadline per request.

It asks what vaults ask of a client and nothing else: no redirects (an answer with a 3xx status is returned like any
other), no cookies, no compression.

Connections are kept, and what is between may forget one, or lead it to a server that is broken. So each has an age at
which it is replaced, none is used again after an answer of status 5xx, and one that stays silent is given up, with all
that are as old, while there is time to ask over a new one.
"""

from __future__ import annotations

import asyncio
import math
import random
import ssl
from collections import deque
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from contextvars import Context
from typing import TYPE_CHECKING

from secret_sidecar.errors import ConnectFailed, ConnectionLost, DeadlineExceeded
from secret_sidecar.http_client.connection import Answer, Connection, Silent
from secret_sidecar.http_client.dialing import Address, connect, dial
from secret_sidecar.http_client.origin import USER_AGENT, Origin
from secret_sidecar.http_client.tls import Trust, why_untrusted

if TYPE_CHECKING:
    from secret_sidecar.http_client.proxy import Proxy

MAX_BODY = 1 << 20
MAX_CONNECTIONS = 64
AGE = 300.0
"""Seconds for which a connection is used, or up to a fifth less: then the host's name is looked up again."""
PATIENCE = 1 / 3
"""The part of the time left that a request over a kept connection waits for the first byte of its answer."""
SLOW = 30.0
"""Seconds without that limit after a new connection took longer as well: then the server is slow, not a connection
dead, and to ask twice would only add to its load."""
AVOIDED = 30.0
"""Seconds for which an address that failed is tried after the host's others."""

_OURS = (USER_AGENT, ("Accept-Encoding", "identity"))

Headers = Iterable[tuple[str, str]]


class Client:
    """Sends requests to one origin, over at most `connections` connections at a time."""

    def __init__(
        self,
        origin: Origin,
        trust: Trust | None = None,
        *,
        connections: int = MAX_CONNECTIONS,
        max_body: int = MAX_BODY,
        proxy: Proxy | None = None,
    ) -> None:
        self.origin = origin
        self._proxy = proxy
        self._trust = (trust or Trust()) if origin.scheme == "https" else None
        self._max_body = max_body
        self._prefix, headers = proxy.request_prefix(origin) if proxy else ("", ())
        self._constant = _lines((("Host", origin.authority), *_OURS, *headers))
        self._free = connections
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._idle: deque[Connection] = deque()
        self._usable_since = -math.inf
        self._slow_until = -math.inf
        self._failed_at: dict[Address, float] = {}

    async def send(
        self, method: str, target: str, headers: Headers, body: bytes, deadline: float, *, once: bool = False
    ) -> Answer:
        """Return the answer, whatever its status, or raise a TransportError.

        The deadline is in the loop's time and covers waiting for a connection, connecting and the whole answer. Where a
        connection that was kept turns out to be closed, or says nothing, the request is sent once more, over a new
        one: so it must be one that may arrive twice. What may not goes `once`, over a new connection.
        """
        return await self.send_prepared(self.prepare(method, target, headers), (), body, deadline, once=once)

    def prepare(self, method: str, target: str, headers: Headers) -> bytes:
        """Return the start of requests that have this in common, for send_prepared."""
        first = _encoded([f"{method} {self._prefix}{target} HTTP/1.1\r\n"], "the target")
        return first + self._constant + _lines(headers)

    async def send_prepared(
        self, start: bytes, headers: Headers, body: bytes, deadline: float, *, once: bool = False
    ) -> Answer:
        """Do what send does, with headers beside those that were prepared."""
        request = b"%bContent-Length: %d\r\n\r\n%b" % (start + _lines(headers), len(body), body)
        if self._free:
            self._free -= 1
        else:
            await self._turn(deadline)
        try:
            loop = asyncio.get_running_loop()
            now = loop.time()
            silent = math.inf
            kept = self._kept(now)
            if kept is not None and once:
                kept.close()  # the new one takes its place
            elif kept is not None:
                patience = deadline if now < self._slow_until else now + (deadline - now) * PATIENCE
                try:
                    return self._take_back(kept, await kept.exchange(request, deadline, patience))
                except ConnectionLost as lost:
                    kept.close()
                    if lost.received:
                        raise
                    if isinstance(lost, Silent):
                        silent = loop.time() - now
                        self._note_failure(kept.peer)
                        self._replace(now)
                except BaseException:
                    kept.close()
                    raise
            new = await self._connect(deadline)
            sent = loop.time()
            try:
                answer = self._take_back(new, await new.exchange(request, deadline, deadline))
            except BaseException:
                new.close()
                raise
            if loop.time() - sent > silent:
                self._slow_until = loop.time() + SLOW
            return answer
        finally:
            self._give_turn()

    def _take_back(self, connection: Connection, answer: Answer) -> Answer:
        """Return the answer, and keep or close the connection that it came over."""
        if answer.status >= 500:
            self._note_failure(connection.peer)  # a retry goes elsewhere, if there is another server
            connection.close()
        elif connection.reusable and connection.opened > self._usable_since:
            self._idle.append(connection)
        else:
            connection.close()
        return answer

    def retire_connections(self) -> None:
        """Use no connection again that is open now: one brought an answer to something else than was asked."""
        self._replace(asyncio.get_running_loop().time())

    async def close(self) -> None:
        """Close the connections that nobody is using."""
        while self._idle:
            self._idle.pop().close()

    async def _turn(self, deadline: float) -> None:
        """Wait until another request gives its place up."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            async with self._until(deadline):
                await turn
        except BaseException:
            if turn.done() and not turn.cancelled():
                self._give_turn()
            raise

    def _give_turn(self) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1

    def _kept(self, now: float) -> Connection | None:
        """Return a connection that may be used again, the one that was used last."""
        while self._idle:
            connection = self._idle.pop()
            if now < connection.retires and not connection.unread(0):
                return connection
            connection.close()
        return None

    def _replace(self, until: float) -> None:
        """Use no connection again that was opened until then, in the loop's time."""
        self._usable_since = until
        for connection in [one for one in self._idle if one.opened <= until]:
            self._idle.remove(connection)
            connection.close()

    def _note_failure(self, peer: Address | None) -> None:
        now = asyncio.get_running_loop().time()
        self._failed_at = {address: at for address, at in self._failed_at.items() if now - at < AVOIDED}
        if peer is not None:
            self._failed_at[peer[:2]] = now

    def _failed_lately(self, address: Address) -> bool:
        return asyncio.get_running_loop().time() - self._failed_at.get(address[:2], -math.inf) < AVOIDED

    @asynccontextmanager
    async def _until(self, deadline: float) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout_at(deadline):
                yield
        except TimeoutError:
            raise DeadlineExceeded(f"no answer from {self.origin} before the deadline") from None

    async def _connect(self, deadline: float) -> Connection:
        """Return a new connection; where none is there when half of the time is over, another one is tried."""
        now = asyncio.get_running_loop().time()
        with suppress(TimeoutError):
            async with asyncio.timeout_at(now + (deadline - now) / 2):
                return await self._opened()
        async with self._until(deadline):
            return await self._opened()

    async def _opened(self) -> Connection:
        # In a context of its own: a connection serves many, and would keep the request of the one who opened it.
        opening = asyncio.create_task(self._open(), context=Context())
        try:
            return await opening
        except BaseException:
            opening.add_done_callback(_let_go)
            raise
        finally:
            del opening  # it may hold an error, whose traceback has this frame

    async def _open(self) -> Connection:
        tls = None if self._trust is None else self._trust.context()
        try:
            if self._proxy is not None:
                connection = await self._proxy.connect(self.origin, tls, self._connection)
            else:
                host, port = self.origin.host, self.origin.port
                dialled = await dial(host, port, self._failed_lately)
                peer = dialled.getpeername()
                try:
                    connection = await connect(dialled, self._connection, tls, self.origin.tls_name)
                except BaseException:
                    self._note_failure(peer)
                    raise
        except ssl.SSLCertVerificationError as error:
            raise ConnectFailed(f"certificate of {self.origin} not trusted: {why_untrusted(error)}") from None
        except (OSError, UnicodeError) as error:  # ETIMEDOUT too, which is a TimeoutError, and no deadline's
            reason = getattr(error, "strerror", None) or type(error).__name__
            raise ConnectFailed(f"cannot connect to {self.origin}: {reason}") from None
        connection.retires = connection.opened + AGE * (1 - random.random() / 5)  # noqa: S311 (spreads load)
        return connection

    def _connection(self) -> Connection:
        return Connection(self.origin, self._max_body, self._idle)


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
