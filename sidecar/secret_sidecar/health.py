"""What the kubelet asks: whether the process lives, and whether it is ready. Neither costs a call to the vault."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from secret_sidecar import problems
from secret_sidecar.readiness import Readiness


class Health:
    """The routes of the health port."""

    def __init__(self, readiness: Readiness) -> None:
        self._readiness = readiness

    @property
    def routes(self) -> list[Route]:
        """What the application serves."""
        return [Route("/healthz", self.alive, methods=["GET"]), Route("/readyz", self.ready, methods=["GET"])]

    async def alive(self, request: Request) -> Response:  # noqa: ARG002
        """GET /healthz: 200 as long as the process answers."""
        return JSONResponse({"status": "alive"}, headers=problems.NO_STORE)

    async def ready(self, request: Request) -> Response:  # noqa: ARG002
        """GET /readyz: 200 once the vault has answered the identity, until then 503 with the reason."""
        if self._readiness.is_ready:
            return JSONResponse({"status": "ready"}, headers=problems.NO_STORE)
        return problems.not_ready(self._readiness.reason)
