"""Servers that end with their test."""

from __future__ import annotations

import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from starlette.types import ASGIApp

from secret_sidecar import http_server
from tests.sidecar.http_server.served import Serve, Served


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Serve applications until the test ends."""
    async with AsyncExitStack() as stack:

        async def serve(
            app: ASGIApp, limits: http_server.Limits | None = None, tls: ssl.SSLContext | None = None, **more: Any
        ) -> Served:
            server = http_server.Server(app, limits, tls, **more)
            listening = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            await server.start([listening])
            stack.push_async_callback(server.drain, 0)
            return Served(server, listening.getsockname()[1], stack)

        yield serve
