"""Accepting connections, counting what they hold, and ending well."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable, Iterable

from starlette.types import ASGIApp

from secret_sidecar.http_server.connection import Connection
from secret_sidecar.http_server.limits import Limits

NO_DESCRIPTOR_PAUSE = 1.0
"""Seconds without accepting after an accept that failed: as a rule because all file descriptors are in use."""

Refused = Callable[[str, int, str], None]
"""Hears of what was answered in the application's stead: the method, empty if none was read, status and kind."""

Ended = Callable[[str], None]
"""Hears why the server ended a connection to serve others: the `memory` that it held, or its `place`."""

log = logging.getLogger(__name__)


def _nobody(*_: object) -> None:
    """Hear of it, and do nothing."""


class Server:
    """Serves one application on sockets that are bound already."""

    loop: asyncio.AbstractEventLoop

    def __init__(
        self,
        app: ASGIApp,
        limits: Limits | None = None,
        tls: ssl.SSLContext | None = None,
        refused: Refused = _nobody,
        ended: Ended = _nobody,
    ) -> None:
        self.app = app
        self.refused = refused
        self._ended = ended
        self.limits = limits or Limits()
        self._tls = tls
        self._connections: dict[Connection, None] = {}  # the one opened first comes first
        self._none_left = asyncio.Event()
        self._listeners: list[asyncio.Server] = []
        self._accepting: list[asyncio.Task[None]] = []
        self._sweep: asyncio.TimerHandle | None = None
        self._held = 0  # bytes that all connections hold at most
        self._is_counting = False
        self.is_retiring = False

    async def start(self, sockets: Iterable[socket.socket]) -> None:
        """Serve from now on."""
        self.loop = asyncio.get_running_loop()
        for listening in sockets:
            if self._tls is None:
                listener = await self.loop.create_server(lambda: Connection(self), sock=listening)
                self._listeners.append(listener)
            else:
                self._accepting.append(self.loop.create_task(self._accept(listening, self._tls)))

    def retire(self) -> None:
        """Make each answer from now on the last of its connection, so that callers who keep theirs open go elsewhere.

        Whoever comes is still served. What is idle stays open: its next request may be on its way (RFC 9112 section
        9.6).
        """
        self.is_retiring = True

    async def drain(self, grace: float) -> None:
        """Take no more connections; return when those that wait for an answer have it, at the latest after `grace`."""
        for listener in self._listeners:
            listener.close()
        for accepting in self._accepting:
            accepting.cancel()
        for connection in list(self._connections):
            connection.stop()
        try:
            async with asyncio.timeout(grace):
                while self._connections:
                    self._none_left.clear()
                    await self._none_left.wait()
        except TimeoutError:
            for connection in list(self._connections):
                connection.abort()
        if self._sweep is not None:
            self._sweep.cancel()

    def admit(self, connection: Connection) -> bool:
        """Count a new connection, or return False if there are enough, and all wait for the application."""
        if len(self._connections) >= self.limits.connections and not self._make_room():
            return False
        self._connections[connection] = None
        if self._sweep is None:
            self._sweep = self.loop.call_later(self.limits.sweep, self._look)
        return True

    def forget(self, connection: Connection) -> None:
        """Count it no more: it has ended, and so has all that it asked for."""
        self._connections.pop(connection, None)
        if not self._connections:
            self._none_left.set()

    def grew(self, size: int) -> None:
        """Hear that a connection may hold so many bytes more; what all hold is counted once it may be too much."""
        self._held += size
        if self._held > self.limits.memory and not self._is_counting:
            self._is_counting = True
            self.loop.call_soon(self._bound_memory)

    async def _accept(self, listening: socket.socket, tls: ssl.SSLContext) -> None:
        """Count each connection before its handshake, of which asyncio would tell only once it has succeeded.

        Where there is no place, it is closed without an answer, for which the handshake would be needed.
        """
        listening.listen()
        listening.setblocking(False)
        while True:
            try:
                self._shake_hands((await self.loop.sock_accept(listening))[0], tls)
            except ConnectionError:
                continue  # the caller has gone already
            except OSError as error:
                log.warning("no connection accepted", extra={"reason": error.strerror})
                await asyncio.sleep(NO_DESCRIPTOR_PAUSE)

    def _shake_hands(self, accepted: socket.socket, tls: ssl.SSLContext) -> None:
        connection = Connection(self)
        if self.admit(connection):
            connection.shake_hands(accepted, tls)
        else:
            accepted.close()
            self._ended("place")

    def _make_room(self) -> bool:
        """End the connection that has waited for its caller longest, so that idle callers keep nobody out.

        Nor do those who do not read: of those who have waited as long, one that has taken its answers goes first.
        """
        waiting = [connection for connection in self._connections if connection.waits_for_its_caller]
        if not waiting:
            return False
        longest = max(waiting, key=lambda connection: (connection.unchanged, not connection.unread))
        self.forget(longest)
        longest.abort()
        self._ended("place")
        return True

    def _bound_memory(self) -> None:
        """End those that wait for their callers, the longest first, until all hold as little as they may.

        Where that does not suffice, those that hold most. What was just written is not counted: most of it was taken.
        """
        self._is_counting = False
        held = {connection: size for connection in self._connections if (size := connection.held)}
        self._held = sum(held.values())
        for connection in sorted(held, key=lambda c: (c.waits_for_its_caller, c.unchanged, held[c]), reverse=True):
            if self._held <= self.limits.memory:
                return
            self._held -= held[connection]
            connection.abort()
            self._ended("memory")

    def _look(self) -> None:
        """Sweep; an idle server with no connection wakes nobody."""
        for connection in list(self._connections):
            connection.sweep(self.limits.sweep)
        self._sweep = self.loop.call_later(self.limits.sweep, self._look) if self._connections else None
