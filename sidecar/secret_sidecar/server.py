"""The process: two servers in one loop, the API on loopback and health on every address, until SIGTERM."""

from __future__ import annotations

import asyncio
import gc
import logging
import resource
import signal
from contextlib import AsyncExitStack, suppress
from functools import partial
from typing import TYPE_CHECKING

from starlette.types import ASGIApp

from secret_sidecar import app, http_server, listening, logs
from secret_sidecar.api import batch
from secret_sidecar.api.application import refused
from secret_sidecar.api.readiness import Readiness
from secret_sidecar.reading.metrics import Metrics
from secret_sidecar.settings import Settings
from secret_sidecar.vaults.open import open_store, open_token_exchange
from secret_sidecar.vaults.store import Store

if TYPE_CHECKING:
    from secret_sidecar.shared.certificates import Certificates
    from secret_sidecar.shared.service import Shared

HEALTH_LIMITS = http_server.Limits(body=0, connections=64)
READING_LIMITS = http_server.Limits(body=2 * batch.MAX_BODY)
"""Without writes: a body is read before its caller is known, so it is limited; a batch a bit too large gets a 413."""

log = logging.getLogger(__name__)


class Sidecar:
    """A running sidecar, as an async context manager: on exit it answers what is in flight, then closes."""

    def __init__(self, settings: Settings, store: Store | None = None) -> None:
        self._settings = settings
        self.metrics = Metrics(names=settings.metrics_names)
        self._certificates: Certificates | None = None
        self._vault: Store | Shared
        if settings.mode == "shared":
            self._certificates, self._vault, self._api = _shared(settings, self.metrics)
        else:
            self._vault = self._store = app.layered(store or open_store(settings), settings, self.metrics)
            self._api = app.api(self._store, settings, self.metrics)
        self._server: http_server.Server | None = None
        self._stack = AsyncExitStack()
        self.readiness = Readiness(self._vault, settings)
        self.addresses: list[str] = []
        self.port = 0
        self.health_port = 0

    async def __aenter__(self) -> Sidecar:
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self._vault.close)
            tls = None if self._certificates is None else self._certificates.context
            listen = listening.on_loopback if self._certificates is None else listening.on_every_address
            api_sockets = listen(self._settings.port, "SECRETS_PORT", stack)
            health_sockets = listening.on_every_address(self._settings.health_port, "SECRETS_HEALTH_PORT", stack)
            self.port, self.health_port = listening.port_of(api_sockets), listening.port_of(health_sockets)
            self.addresses = [f"{s.getsockname()[0]} port {s.getsockname()[1]}" for s in api_sockets]
            limits = http_server.Limits() if self._settings.access == "read_write" else READING_LIMITS
            ended = self.metrics.connections_ended.add
            health = http_server.Server(app.health(self.readiness, self.metrics), HEALTH_LIMITS, ended=ended)
            self._server = http_server.Server(self._api, limits, tls, partial(refused, self.metrics), ended)
            servers = ((health, health_sockets), (self._server, api_sockets))
            for server, sockets in servers:
                await server.start(sockets)
                stack.push_async_callback(server.drain, self._settings.timeout + 1)
            probing = asyncio.create_task(self.readiness.run())
            stack.callback(probing.cancel)
            if self._certificates is not None:
                looking = asyncio.create_task(self._certificates.run())
                stack.callback(looking.cancel)
            self._stack = stack.pop_all()
        return self

    async def retire(self, hurry: asyncio.Event) -> None:
        """Go on serving until nobody is led here any more, or until it hurries, each answer the last of its connection.

        Only the shared mode: the containers of a pod end before their sidecar, so nobody asks it then.
        """
        if self._settings.mode == "shared" and self._server is not None:
            self._server.retire()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._settings.shutdown_delay):
                    await hurry.wait()

    async def __aexit__(self, *exc: object) -> None:
        await self._stack.aclose()


def _shared(settings: Settings, metrics: Metrics) -> tuple[Certificates, Shared, ASGIApp]:
    """Return the parts of the shared mode, imported only here."""
    from secret_sidecar.shared import certificates, service  # noqa: PLC0415 (costs a sidecar nothing)

    assert settings.tls_cert_file is not None  # noqa: S101
    assert settings.tls_key_file is not None  # noqa: S101
    loaded = certificates.Certificates(settings.tls_cert_file, settings.tls_key_file)
    shared = service.Shared(open_token_exchange(settings), settings, metrics)
    return loaded, shared, service.api(shared, settings, metrics)


async def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT, then finish what is in flight.

    In the shared mode SIGTERM first lets callers go elsewhere; SIGINT, or a second signal, ends that at once.
    """
    stop, hurry = asyncio.Event(), asyncio.Event()

    def end(number: int) -> None:
        if stop.is_set() or number == signal.SIGINT:
            hurry.set()
        stop.set()

    loop = asyncio.get_running_loop()
    loop.set_exception_handler(logs.of_loop)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end, number)
    async with Sidecar(settings) as sidecar:
        _forget_the_start()
        log.info("serving", extra={"api": sidecar.addresses, "health_port": sidecar.health_port})
        await stop.wait()
        log.info("stopping")
        await sidecar.retire(hurry)
    log.info("stopped")


def _forget_the_start() -> None:
    """Exclude what was made at start from garbage collection, and collect less often.

    What a request leaves is freed by reference counting; the collector is for broken connections and the like.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000)


def forbid_core_dumps() -> None:
    """Keep this process's memory, which holds secrets while they pass, off any disk."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
