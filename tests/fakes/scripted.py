"""A server that follows a script: byte for byte what each of its connections answers."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence

from tests.fakes.server import Listener, Request, read_request

Script = Sequence[bytes | asyncio.Event]


def reply(body: bytes = b"ok", status: int = 200, *lines: str) -> bytes:
    """An ordinary answer."""
    head = "".join(f"{line}\r\n" for line in (f"HTTP/1.1 {status} x", f"Content-Length: {len(body)}", *lines))
    return head.encode() + b"\r\n" + body


class Scripted(Listener):
    """Answers the n-th request of a connection with the n-th part of that connection's script, then closes.

    A part that is an event is waited for instead of answering; `hold` keeps connections open at their script's end.
    """

    def __init__(self, *scripts: Script, tls: ssl.SSLContext | None = None, hold: bool = True) -> None:
        self._scripts = list(scripts)
        self.tls = tls
        self._hold = hold
        self.requests: list[Request] = []
        self.connections = 0
        self.asked = asyncio.Event()
        self.closed = asyncio.Event()

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Follow the connection's script."""
        number, self.connections = self.connections, self.connections + 1
        try:
            for part in self._scripts[number] if number < len(self._scripts) else ():
                request = await read_request(reader)
                if request is None:
                    return
                self.requests.append(request)
                self.asked.set()
                if isinstance(part, asyncio.Event):
                    await part.wait()
                else:
                    writer.write(part)
                    await writer.drain()
            if self._hold:
                await reader.read()
        finally:
            self.closed.set()
