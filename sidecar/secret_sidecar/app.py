"""The two applications: the API for the workload, and health for the kubelet."""

from __future__ import annotations

from starlette.routing import Route, Router
from starlette.types import ASGIApp

from secret_sidecar.api.access_token import TokenFile, TokenRequired
from secret_sidecar.api.application import Application
from secret_sidecar.api.batch import Batch
from secret_sidecar.api.events import Events
from secret_sidecar.api.guard import Guard
from secret_sidecar.api.health import Health
from secret_sidecar.api.memory_budget import BUDGET, Budget
from secret_sidecar.api.openapi import Description
from secret_sidecar.api.readiness import Readiness
from secret_sidecar.api.routes import Declared, Secrets
from secret_sidecar.api.secret_reader import Asker
from secret_sidecar.api.writes import Writes
from secret_sidecar.reading.audit import Audited
from secret_sidecar.reading.cache import Total
from secret_sidecar.reading.freshness import Fresh, gauges
from secret_sidecar.reading.metrics import Metrics
from secret_sidecar.reading.store_metrics import ObservedStore
from secret_sidecar.settings import Settings
from secret_sidecar.vaults.store import Store, expiry


def layered(store: Store, settings: Settings, metrics: Metrics) -> Store:
    """Return the store for the API: with audit, limits, freshness and metrics."""
    fresh = freshened(store, settings, metrics)
    gauges(metrics, lambda: (fresh,))
    metrics.gauge("credentials_expire_timestamp_seconds", "When the credentials end.", lambda: expiry(store))
    return Audited(fresh, metrics)


def freshened(store: Store, settings: Settings, metrics: Metrics, total: Total | None = None) -> Fresh:
    """Return the store with limits, freshness and metrics."""
    observed = ObservedStore(store, metrics)
    return Fresh(observed, metrics, ttl=settings.cache_ttl, stale=settings.stale_if_error, total=total)


def api(store: Store, settings: Settings, metrics: Metrics | None = None) -> Application:
    """Return the API: behind the guard, every error a problem document."""
    asker = Asker(store, settings)
    app = routed(routes(asker, Events(asker, settings), settings))
    if settings.token_file:
        app = TokenRequired(app, TokenFile(settings.token_file))
    return Application(Guard(app), metrics)


def routes(asker: Asker, events: Events, settings: Settings, budget: Budget = BUDGET) -> list[Route]:
    """Return the API's routes; answers to batchGet, and writes, take their memory from the budget."""
    writes = Writes(asker, budget) if settings.access == "read_write" else None
    parts = (
        Secrets(asker, writes),
        Declared(settings.names),
        Batch(asker, budget),
        events,
        Description(writable=writes is not None),
    )
    return [route for part in parts for route in part.routes]


def health(readiness: Readiness, metrics: Metrics | None = None) -> Application:
    """Return the health endpoints: the kubelet asks by the pod's address, so there is no guard."""
    metrics = metrics or Metrics()
    return Application(routed(Health(readiness, metrics).routes))


def routed(routes: list[Route]) -> ASGIApp:
    """Return the routes as an application; a path with a slash too many is no other path."""
    return Router(routes, redirect_slashes=False).app
