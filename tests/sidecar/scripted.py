"""A server that follows a script: byte for byte what each of its connections answers."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence

from tests.sidecar.fake_aws import Request, read_request

Script = Sequence[bytes | asyncio.Event]


def reply(body: bytes = b"ok", status: int = 200, *lines: str) -> bytes:
    """An ordinary answer."""
    head = "".join(f"{line}\r\n" for line in (f"HTTP/1.1 {status} x", f"Content-Length: {len(body)}", *lines))
    return head.encode() + b"\r\n" + body


class Scripted:
    """Answers the n-th request of a connection with the n-th part of that connection's script, then closes.

    A part that is an event is waited for instead of answering; `hold` keeps connections open at their script's end.
    """

    def __init__(self, *scripts: Script, tls: ssl.SSLContext | None = None, hold: bool = True) -> None:
        self._scripts = list(scripts)
        self._tls = tls
        self._hold = hold
        self._tasks: set[asyncio.Task[None]] = set()
        self.requests: list[Request] = []
        self.connections = 0
        self.asked = asyncio.Event()
        self.closed = asyncio.Event()
        self.port = 0

    async def __aenter__(self) -> Scripted:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
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
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self.closed.set()
            writer.close()
