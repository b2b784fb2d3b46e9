"""What is around the routes: requests are counted and timed, and every error is answered as a problem document."""

from __future__ import annotations

import time
from collections.abc import Awaitable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from secret_sidecar import problems
from secret_sidecar.reading import audit
from secret_sidecar.reading.metrics import Metrics, route_of

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})


class Application:
    """An ASGI application around Starlette's router, or around middleware in front of it.

    Starlette's own class would put a layer of its own, one for defects and one for other errors around the router, each
    with a coroutine and a `send` of its own per request. This one does for all three, and counts. It also gives the
    audit log its caller.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics | None = None) -> None:
        self._app = app
        self._metrics = metrics or Metrics()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and count it once it is answered.

        A defect is raised again once it is answered, so that the server logs it.
        """
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        metrics = self._metrics
        status = 0  # until the answer begins

        def observed(message: Message) -> Awaitable[None]:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            return send(message)

        scope["app"] = self  # by that, Starlette's router raises that there is no such path, and answers nothing itself
        audit.asked_by.set(scope)
        metrics.requests_under_way += 1
        began = time.perf_counter()
        try:
            await self._app(scope, receive, observed)
        except Exception as error:
            if status:
                raise
            await problems.answer_to(error)(scope, receive, observed)
            if problems.is_defect(error):
                raise
            error.__traceback__ = None  # it has the request in it, and some errors are kept to be raised again
        finally:
            metrics.requests_under_way -= 1
            count(metrics, scope, status or 500, time.perf_counter() - began)


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
