"""Liveness and readiness for the kubelet, and metrics for Prometheus; none of them calls the vault."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from secret_sidecar import problems
from secret_sidecar.api.readiness import Readiness
from secret_sidecar.reading.metrics import CONTENT_TYPE, Metrics


class Health:
    """The routes of the health port."""

    def __init__(self, readiness: Readiness, metrics: Metrics) -> None:
        self._readiness = readiness
        self._metrics = metrics
        metrics.gauge("ready", "1 once the vault has answered the identity.", lambda: float(readiness.is_ready))

    @property
    def routes(self) -> list[Route]:
        """The application's routes."""
        return [
            Route("/healthz", self.alive, methods=["GET"]),
            Route("/readyz", self.ready, methods=["GET"]),
            Route("/metrics", self.metrics, methods=["GET"]),
        ]

    async def alive(self, request: Request) -> Response:  # noqa: ARG002
        """GET /healthz: 200 as long as the process answers."""
        return JSONResponse({"status": "alive"}, headers=problems.NO_STORE)

    async def ready(self, request: Request) -> Response:  # noqa: ARG002
        """GET /readyz: 200 once the vault has answered the identity, until then 503 with the reason."""
        if self._readiness.is_ready:
            return JSONResponse({"status": "ready"}, headers=problems.NO_STORE)
        return problems.not_ready(self._readiness.reason)

    async def metrics(self, request: Request) -> Response:  # noqa: ARG002
        """GET /metrics, in Prometheus' text format."""
        return Response(self._metrics.render(), headers={**problems.NO_STORE, "Content-Type": CONTENT_TYPE})
