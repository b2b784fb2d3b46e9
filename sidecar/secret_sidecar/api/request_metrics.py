"""Request metrics."""

from __future__ import annotations

import time
from collections.abc import Awaitable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from secret_sidecar import problems
from secret_sidecar.reading import audit
from secret_sidecar.reading.metrics import Metrics, route_of

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})


class ObservedRequests:
    """Middleware that counts and times each request by route and status, and gives the audit log its caller."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and count it once it is answered."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        metrics = self._metrics
        status = 500  # of an answer that never began: a defect, which the outermost layer answers

        def observed(message: Message) -> Awaitable[None]:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            return send(message)

        audit.asked_by.set(scope)
        metrics.requests_under_way += 1
        began = time.perf_counter()
        try:
            await self._app(scope, receive, observed)
        finally:
            metrics.requests_under_way -= 1
            count(metrics, scope, status, time.perf_counter() - began)


def count(metrics: Metrics, scope: Scope, status: int, seconds: float) -> None:
    """Count an answered request."""
    route = route_of(scope)
    _add(metrics, scope["method"], route, status)
    metrics.request_seconds.add(route, seconds)
    if status >= 400:
        metrics.errors.add(
            scope.get(problems.KIND) or (problems.INTERNAL_ERROR.slug if status == 500 else "about-blank")
        )


def refused(metrics: Metrics, method: str, status: int, kind: str) -> None:
    """Count a request that the server itself refused; its duration is not known."""
    _add(metrics, method, "", status)
    metrics.errors.add(kind)


def _add(metrics: Metrics, method: str, route: str, status: int) -> None:
    metrics.requests.add(method if method in _METHODS else "other", route, str(status))
