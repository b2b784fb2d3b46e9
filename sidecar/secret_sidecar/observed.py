"""Counting: requests as they are answered, and calls as the vault answers them."""

from __future__ import annotations

import time
from collections.abc import Awaitable
from typing import TypeVar

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from secret_sidecar import audit, problems
from secret_sidecar.metrics import Metrics, route_of
from secret_sidecar.stores import NewValue, Secret, Store
from secret_sidecar.wrapped import Wrapped

T = TypeVar("T")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})


class ObservedRequests:
    """Middleware: counts each request by route and status and times it, and tells the audit trail who asks."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request on, and count it once it is answered."""
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
    method = scope["method"]
    metrics.requests.add(method if method in _METHODS else "other", route, str(status))
    metrics.request_seconds.add(route, seconds)
    if status >= 400:
        metrics.errors.add(scope.get(problems.KIND) or (problems.DEFECT.slug if status == 500 else "about-blank"))


class ObservedCalls(Wrapped):
    """A store whose calls are counted by operation and outcome, and timed."""

    def __init__(self, store: Store, metrics: Metrics) -> None:
        super().__init__(store)
        self._metrics = metrics

    async def get(self, name: str, deadline: float, *, version: str | None = None, stage: str | None = None) -> Secret:
        """Read a secret."""
        if version is None and stage is None:
            return await self._observed("get", self.store.get(name, deadline))
        return await self._observed("get", self.store.get(name, deadline, version=version, stage=stage))

    async def current_version(self, name: str, deadline: float) -> str:
        """Return the current version."""
        return await self._observed("current_version", self.store.current_version(name, deadline))

    async def create(self, name: str, value: NewValue, deadline: float) -> str:
        """Make a secret."""
        return await self._observed("create", self.store.create(name, value, deadline))

    async def put(self, name: str, value: NewValue, deadline: float) -> str:
        """Give a secret a new value."""
        return await self._observed("put", self.store.put(name, value, deadline))

    async def delete(self, name: str, deadline: float) -> None:
        """Delete a secret."""
        await self._observed("delete", self.store.delete(name, deadline))

    async def probe(self, name: str, deadline: float) -> None:
        """Return if the vault answered."""
        await self._observed("probe", self.store.probe(name, deadline))

    async def _observed(self, operation: str, call: Awaitable[T]) -> T:
        metrics = self._metrics
        outcome = problems.DEFECT.slug
        began = time.perf_counter()
        try:
            result = await call
            outcome = audit.OK
        except Exception as error:
            outcome = problems.kind_of(error).slug
            raise
        finally:
            metrics.vault_calls.add(operation, outcome)
            metrics.vault_seconds.add(operation, time.perf_counter() - began)
        return result
