"""The shared mode's applications: one per caller, and one in front that authenticates callers.

What belongs to a caller (store, credentials, connections, kept values, watches, streams) is reached from its own
application alone, so that no mistake in looking something up by name can cross callers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from starlette.types import Receive, Scope, Send

import secret_names
from secret_sidecar import app, problems
from secret_sidecar.api.application import Application
from secret_sidecar.api.events import Events
from secret_sidecar.api.guard import Guard, hosts_of
from secret_sidecar.api.secret_reader import Asker
from secret_sidecar.errors import SidecarError
from secret_sidecar.reading.audit import CALLER, Audited, Trail
from secret_sidecar.reading.cache import Total
from secret_sidecar.reading.freshness import Fresh, gauges
from secret_sidecar.reading.metrics import Metrics
from secret_sidecar.settings import Settings
from secret_sidecar.shared.accounts import Accounts
from secret_sidecar.shared.callers import Callers
from secret_sidecar.vaults.exchange.token import Claims, token_of
from secret_sidecar.vaults.exchange.token_exchange import TokenExchange
from secret_sidecar.vaults.store import Store

MOST_BYTES = 64 << 20
"""Bytes for the cached values of all callers together."""


class OneCaller:
    """One caller's application and all that it reaches."""

    def __init__(self, store: Store, claims: Claims, settings: Settings, metrics: Metrics, shared: Shared) -> None:
        prefix = secret_names.default_prefix(claims.namespace)
        own = replace(settings, namespace=claims.namespace, prefix=prefix)
        self.fresh = app.freshened(store, own, metrics, shared.total)
        self._store = Audited(self.fresh, metrics, shared.trail)
        asker = Asker(self._store, own)
        self.account = shared.accounts.of(claims.subject)
        self._events = Events(asker, own, streams=self.account.streams)
        self.api = app.routed(app.routes(asker, self._events, own, self.account.memory))

    def end(self) -> None:
        """End the streams."""
        self._events.end()

    def forget(self) -> None:
        """Keep no values."""
        if self.fresh.keep is not None:
            self.fresh.keep.clear()

    async def close(self) -> None:
        """Close the store."""
        await self._store.close()


class Shared:
    """The service: an application that passes each request to its caller's own."""

    def __init__(self, token_exchange: TokenExchange, settings: Settings, metrics: Metrics) -> None:
        self.backend = settings.backend
        self.total = Total()
        self.trail = Trail(metrics)
        self.accounts = Accounts()
        self._token_exchange = token_exchange
        self.callers = Callers(
            token_exchange,
            lambda store, claims: OneCaller(store, claims, settings, metrics, self),
            most=settings.shared_callers,
            timeout=settings.timeout,
        )
        gauges(metrics, self._fresh)
        metrics.gauge("callers", "Callers that are kept apart just now.", lambda: len(self.callers))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request to its caller's application, without the token."""
        try:
            token = token_of(scope["headers"])
            scope["headers"] = [header for header in scope["headers"] if header[0] != b"authorization"]
            peer = scope.get("client")
            caller = await self.callers.enter(token, peer[0] if peer else "")
        except SidecarError as error:
            await problems.response(error)(scope, receive, send)
            return
        del token
        with self.callers.leaving(caller):
            scope[CALLER] = caller.claims.subject
            assert isinstance(caller.served, OneCaller)  # noqa: S101
            with caller.served.account.request():
                await caller.served.api(scope, receive, send)
        self._bound()

    async def probe(self, name: str, deadline: float) -> None:  # noqa: ARG002
        """Return if the vault answered at all: there is no identity to ask with."""
        await self._token_exchange.probe(deadline)

    async def close(self) -> None:
        """Close all callers'."""
        await self.callers.close()
        self.trail.flush()

    def _bound(self) -> None:
        """Drop the cached values of the least recently seen callers while all together exceed the limit."""
        if self.total.bytes > MOST_BYTES:
            for caller in self.callers:
                caller.served.forget()
                if self.total.bytes <= MOST_BYTES:
                    return

    def _fresh(self) -> Iterator[Fresh]:
        return (caller.served.fresh for caller in self.callers if isinstance(caller.served, OneCaller))


def api(shared: Shared, settings: Settings, metrics: Metrics) -> Application:
    """Return the API: behind the guard. It has no route of its own, for every request is somebody's."""
    expected = " or ".join(settings.shared_hosts)
    return Application(Guard(shared, hosts_of(settings.shared_hosts), expected), metrics)
