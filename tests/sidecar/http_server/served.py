"""A server with an application of the test's own, connections to it, and such applications."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

from starlette.types import Receive, Scope, Send

from secret_sidecar import http_server

GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
LAST = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
SOON = http_server.Limits(request=0.1, idle=0.1, write=0.1, linger=0.1, sweep=0.02)

Serve = Callable[..., Awaitable["Served"]]
START: dict[str, Any] = {"type": "http.response.start", "status": 200, "headers": []}


class Served:
    """A server, and connections to it."""

    def __init__(self, server: http_server.Server, port: int, stack: AsyncExitStack) -> None:
        self.server = server
        self.port = port
        self._stack = stack

    async def connect(self, data: bytes = b"", **tls: Any) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Open a connection that ends with the test, and send something."""
        where: dict[str, Any] = (
            {} if "sock" in tls else {"host": "localhost" if tls else "127.0.0.1", "port": self.port}
        )
        reader, writer = await asyncio.open_connection(**where, **tls)
        self._stack.callback(writer.close)
        writer.write(data)
        return reader, writer

    async def ask(self, data: bytes) -> bytes:
        """Send something and return all that comes back until the server closes."""
        reader, _ = await self.connect(data)
        return await reader.read()


async def hello(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer `hello`."""
    await send({**START, "headers": [(b"content-length", b"5")]})
    await send({"type": "http.response.body", "body": b"hello"})


class Gate:
    """An application that answers once it may."""

    def __init__(self) -> None:
        self.asked, self.open = asyncio.Event(), asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Wait, and answer `hello`."""
        self.asked.set()
        await self.open.wait()
        await hello(scope, receive, send)


class Stream:
    """An application that sends one event and then waits for the end."""

    def __init__(self) -> None:
        self.told = asyncio.Event()

    async def __call__(self, _: Scope, receive: Receive, send: Send) -> None:
        """Stream."""
        await send(START)
        await send({"type": "http.response.body", "body": b"event", "more_body": True})
        assert (await receive())["type"] == "http.request"
        assert (await receive())["type"] == "http.disconnect"
        self.told.set()


def undated(answers: bytes) -> bytes:
    """Answers without their Date headers."""
    return re.sub(rb"date: [^\r]+ GMT\r\n", b"", answers)


def problem(answer: bytes) -> tuple[int, str]:
    """The status and detail of a problem document, which closes the connection."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"content-type: application/problem+json" in head
    assert b"connection: close" in head
    document = json.loads(body)
    assert int(head.split()[1]) == document["status"]
    return document["status"], document["detail"]
