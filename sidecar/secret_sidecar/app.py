"""The two applications: the API for the workload, and health for the kubelet."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route

from secret_sidecar import problems
from secret_sidecar.guard import Guard
from secret_sidecar.health import Health
from secret_sidecar.readiness import Readiness
from secret_sidecar.routes import Secrets
from secret_sidecar.settings import Settings
from secret_sidecar.stores import Store


def api(store: Store, settings: Settings) -> Starlette:
    """Return the API: behind the guard, every error a problem document."""
    return _application(Secrets(store, settings).routes, [Middleware(Guard)])


def health(readiness: Readiness) -> Starlette:
    """Return the health endpoints: the kubelet asks by the pod's address, so there is no guard."""
    return _application(Health(readiness).routes, [])


def _application(routes: list[Route], middleware: list[Middleware]) -> Starlette:
    application = Starlette(routes=routes, middleware=middleware, exception_handlers=problems.HANDLERS)
    application.router.redirect_slashes = False
    return application
