"""A small proxy: CONNECT tunnels for https, forwarding for http, and optionally a password."""

from __future__ import annotations

import asyncio
import base64
import re

from tests.fakes.server import Listener

CONNECT = re.compile(rb"CONNECT \[?([^ \]]+)\]?:(\d+) HTTP/1\.1\r\n")
ABSOLUTE = re.compile(rb"(\w+) http://([^/ ]+)(/[^ ]*) HTTP/1\.1\r\n")


class ConnectProxy(Listener):
    """Listens on loopback; `seen` has the first line of each request that it received.

    A host of `routes` is found where that says.
    """

    def __init__(self, user: str | None = None, answer: bytes | None = None) -> None:
        self._expected = user and b"Proxy-Authorization: Basic " + base64.b64encode(user.encode()) + b"\r\n"
        self._answer = answer
        self.seen: list[str] = []
        self.routes: dict[str, tuple[str, int]] = {}
        self.passed = b""
        self.closed = asyncio.Event()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Forward one request, or open one tunnel."""
        try:
            await self._forward(reader, writer)
        finally:
            self.closed.set()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        self.seen.append(head.partition(b"\r\n")[0].decode())
        if self._answer is not None:
            writer.write(self._answer)
            await writer.drain()
            await reader.read()
        elif self._expected and self._expected not in head:
            writer.write(b"HTTP/1.1 407 x\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
        elif match := CONNECT.match(head):
            wanted = (match[1].decode(), int(match[2]))
            upstream = await asyncio.open_connection(*self.routes.get(wanted[0], wanted))
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await self._pipe((reader, writer), upstream)
        elif match := ABSOLUTE.match(head):
            host, _, port = match[2].decode().partition(":")
            upstream = await asyncio.open_connection(host, int(port or "80"))
            head = match[1] + b" " + match[3] + b" HTTP/1.1\r\n" + head.partition(b"\r\n")[2]
            upstream[1].write(re.sub(rb"Proxy-Authorization: .*\r\n", b"", head))
            await self._pipe((reader, writer), upstream)

    async def _pipe(
        self,
        down: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        up: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    ) -> None:
        async def copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
            while data := await source.read(1 << 16):
                self.passed += data
                target.write(data)
                await target.drain()
            target.close()

        try:
            await asyncio.gather(copy(down[0], up[1]), copy(up[0], down[1]))
        finally:
            up[1].close()
