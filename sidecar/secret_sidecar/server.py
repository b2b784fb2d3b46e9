"""The process: two servers in one loop, the API on loopback and health on every address, until SIGTERM."""

from __future__ import annotations

import asyncio
import logging
import math
import resource
import signal
import socket
from collections.abc import Iterable
from contextlib import AsyncExitStack, suppress

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from secret_sidecar import app, problems
from secret_sidecar.errors import BadRequest, SettingsError
from secret_sidecar.readiness import Readiness
from secret_sidecar.settings import Settings
from secret_sidecar.stores import Store, open_store

KEEP_ALIVE = 75
"""Seconds that a caller's unused connection stays open: longer than clients keep theirs, so that they close it."""

log = logging.getLogger(__name__)


class Sidecar:
    """A running sidecar, as an async context manager: leaving it answers what was asked before, then closes all."""

    def __init__(self, settings: Settings, store: Store | None = None) -> None:
        self._settings = settings
        self._store = store or open_store(settings)
        self._stack = AsyncExitStack()
        self.readiness = Readiness(self._store, settings)
        self.addresses: list[str] = []
        self.port = 0
        self.health_port = 0

    async def __aenter__(self) -> Sidecar:
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self._store.close)
            api_sockets = _loopback_sockets(self._settings.port, stack)
            health_sockets = _every_address_sockets(self._settings.health_port, stack)
            self.port, self.health_port = _port(api_sockets), _port(health_sockets)
            self.addresses = [f"{s.getsockname()[0]} port {s.getsockname()[1]}" for s in api_sockets]
            grace = math.ceil(self._settings.timeout) + 1
            servers = (
                _Server(app.health(self.readiness), health_sockets, grace),
                _Server(app.api(self._store, self._settings), api_sockets, grace),
            )
            for server in servers:
                await server.start()
            stack.push_async_callback(_drain, servers)
            probing = asyncio.create_task(self.readiness.run())
            stack.callback(probing.cancel)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._stack.aclose()


async def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT, then finish what is in flight."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with Sidecar(settings) as sidecar:
        log.info("serving", extra={"api": sidecar.addresses, "health_port": sidecar.health_port})
        await stop.wait()
        log.info("stopping")
    log.info("stopped")


def forbid_core_dumps() -> None:
    """Keep this process's memory, which holds secrets while they pass, off any disk."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


class _Server(uvicorn.Server):
    """uvicorn without its own loop and signals."""

    def __init__(self, application: ASGIApp, sockets: list[socket.socket], grace: int) -> None:
        super().__init__(
            uvicorn.Config(
                application,
                http=_Protocol,
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                date_header=False,
                proxy_headers=False,
                timeout_keep_alive=KEEP_ALIVE,
                timeout_graceful_shutdown=grace,
            )
        )
        self._sockets = sockets

    async def start(self) -> None:
        """Serve from now on."""
        self.config.load()
        self.lifespan = self.config.lifespan_class(self.config)
        await self.startup(self._sockets)

    async def drain(self) -> None:
        """Take no more connections, and return when those that wait for an answer have it."""
        await self.shutdown(self._sockets)


async def _drain(servers: Iterable[_Server]) -> None:
    await asyncio.gather(*(server.drain() for server in servers))


class _Protocol(HttpToolsProtocol):
    """uvicorn's HTTP/1.1, whose answer to what is no HTTP is a problem document like every other."""

    def send_400_response(self, msg: str) -> None:
        problem = problems.response(BadRequest(msg))
        lines = [b"%b: %b\r\n" % header for header in problem.raw_headers]
        head = b"".join((b"HTTP/1.1 400 Bad Request\r\n", *lines, b"connection: close\r\n\r\n"))
        self.transport.write(head + bytes(problem.body))
        self.transport.close()


def _loopback_sockets(port: int, stack: AsyncExitStack) -> list[socket.socket]:
    """Listen on 127.0.0.1 and, where there is one, on ::1: some clients resolve localhost to the latter alone."""
    sockets = [_listen(socket.AF_INET, "127.0.0.1", port, "SECRETS_PORT", stack)]
    if socket.has_ipv6:
        with suppress(SettingsError):
            sockets.append(_listen(socket.AF_INET6, "::1", _port(sockets), "SECRETS_PORT", stack))
    return sockets


def _every_address_sockets(port: int, stack: AsyncExitStack) -> list[socket.socket]:
    """Listen on every address of the pod, of either family where there are both."""
    if socket.has_dualstack_ipv6():
        with suppress(SettingsError):
            return [_listen(socket.AF_INET6, "::", port, "SECRETS_HEALTH_PORT", stack)]
    # Health holds no secret.
    return [_listen(socket.AF_INET, "0.0.0.0", port, "SECRETS_HEALTH_PORT", stack)]  # noqa: S104


def _listen(family: socket.AddressFamily, host: str, port: int, variable: str, stack: AsyncExitStack) -> socket.socket:
    try:
        listener = stack.enter_context(socket.socket(family, socket.SOCK_STREAM))
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(host != "::"))
        listener.bind((host, port))
    except OSError as error:
        reason = f"cannot listen on {host}: {error.strerror}"
        raise SettingsError(f"{variable}={port}: {reason}; expected a free port") from None
    return listener


def _port(sockets: list[socket.socket]) -> int:
    port: int = sockets[0].getsockname()[1]
    return port
