"""A TLS server on one port that fails in a chosen way, as vaults and identity services do."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable

from tests.fakes.aws import FakeAws
from tests.fakes.server import Listener, read_request

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Misbehaving(Listener):
    """Listens on localhost; `become` changes what it does from the next connection on."""

    def __init__(self, tls: ssl.SSLContext) -> None:
        self.tls = self._usual_tls = tls
        self.connections = 0
        self._handler: Handler = hang

    async def become(self, handler: Handler, tls: ssl.SSLContext | None = None, *, plain: bool = False) -> None:
        """Drop all connections and behave like this from now on."""
        await self.close()
        self._handler = handler
        self.tls = None if plain else tls or self._usual_tls
        await self.open()

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Misbehave, and drop the connection."""
        self.connections += 1
        try:
            await self._handler(reader, writer)
        finally:
            writer.transport.abort()


def well(aws: FakeAws) -> Handler:
    """Answer as AWS does."""

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
