"""Listening, and ending well."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable, Iterable

from starlette.types import ASGIApp

from secret_sidecar.http_server.connection import Connection
from secret_sidecar.http_server.limits import Limits

Refused = Callable[[str, int, str], None]
"""Hears of what was answered in the application's stead: the method, empty if none was read, status and kind."""


def _nobody(method: str, status: int, kind: str) -> None:
    """Hear of it, and do nothing."""


class Server:
    """Serves one application on sockets that are bound already."""

    def __init__(
        self,
        app: ASGIApp,
        limits: Limits | None = None,
        tls: ssl.SSLContext | None = None,
        refused: Refused = _nobody,
    ) -> None:
        self.app = app
        self.refused = refused
        self.limits = limits or Limits()
        self._tls = tls
        self._connections: dict[Connection, None] = {}  # the one opened first comes first
        self._none_left = asyncio.Event()
        self._listeners: list[asyncio.Server] = []
        self._sweep: asyncio.TimerHandle | None = None

    async def start(self, sockets: Iterable[socket.socket]) -> None:
        """Serve from now on."""
        self.loop = asyncio.get_running_loop()
        for listening in sockets:
            handshake = None if self._tls is None else self.limits.handshake
            listener = await self.loop.create_server(
                lambda: Connection(self), sock=listening, ssl=self._tls, ssl_handshake_timeout=handshake
            )
            self._listeners.append(listener)

    async def drain(self, grace: float) -> None:
        """Take no more connections; return when those that wait for an answer have it, at the latest after `grace`."""
        for listener in self._listeners:
            listener.close()
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
        """Count a new connection, or return False if there are enough, and all are being answered."""
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

    def _make_room(self) -> bool:
        """End the connection that has waited for its caller longest, so that who asks for nothing keeps nobody out."""
        waiting = [connection for connection in self._connections if connection.waits_for_its_caller]
        if not waiting:
            return False
        longest = max(waiting, key=lambda connection: connection.unchanged)
        self.forget(longest)
        longest.abort()
        return True

    def _look(self) -> None:
        """Sweep; an idle server with no connection wakes nobody."""
        for connection in list(self._connections):
            connection.sweep(self.limits.sweep)
        self._sweep = self.loop.call_later(self.limits.sweep, self._look) if self._connections else None
