"""A server that misbehaves as told, on one port, over TLS: what vaults and identity services do on bad days."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tests.fakes.aws import FakeAws
from tests.fakes.server import read_request

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Misbehaving:
    """Listens on localhost; `become` changes what it does from the next connection on."""

    tls: ssl.SSLContext
    port: int = 0

    async def __aenter__(self) -> Misbehaving:
        self._tasks: set[asyncio.Task[None]] = set()
        self.connections = 0
        self._server: asyncio.Server | None = None
        await self.become(hang)
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._end()

    async def become(self, handler: Handler, tls: ssl.SSLContext | None = None, *, plain: bool = False) -> None:
        """Drop all connections and behave like this from now on."""
        await self._end()

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self.connections += 1
            task = asyncio.current_task()
            assert task is not None
            self._tasks.add(task)
            try:
                await handler(reader, writer)
            except (ConnectionError, asyncio.CancelledError):
                pass
            finally:
                self._tasks.discard(task)
                writer.transport.abort()

        context = None if plain else tls or self.tls
        self._server = await asyncio.start_server(connected, "127.0.0.1", self.port, ssl=context)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _end(self) -> None:
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def well(aws: FakeAws) -> Handler:
    """Behave: as AWS does."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while (request := await read_request(reader)) is not None:
            answer = aws.secrets_manager if "x-amz-target" in request.headers else aws.sts
            writer.write(answer(request).render())
            await writer.drain()

    return handler


def send(*parts: bytes) -> Handler:
    """Answer with these bytes, and end the connection."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        for part in parts:
            writer.write(part)
            await writer.drain()

    return handler


def forever(head: bytes, part: bytes, pause: float = 0.0) -> Handler:
    """Begin to answer, and never stop."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(head)
        while True:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(pause)

    return handler


async def hang(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    """Say nothing."""
    await reader.read(-1)


async def hang_up(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    """End the connection instead of answering."""
    await read_request(reader)


async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Reset the connection instead of answering."""
    await read_request(reader)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Speak first, and not in TLS."""
    writer.write(b"HTTP/1.1 400 x\r\n\r\n")
    await writer.drain()
