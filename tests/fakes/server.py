"""What the fakes share: an HTTP server on loopback, and faults in place of answers."""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import Callable

from local.http_service import Listener, Reply, Request, read_request

__all__ = ["Fault", "Listener", "Reply", "Request", "Server", "read_request"]

Fault = Reply | bytes | None | asyncio.Event
"""An answer; bytes and then the end of the connection; the end at once (None); or waiting for an event."""


class Server(Listener):
    """Answers by `answer`; `faults` happen first, one to each request whose path `is_faulty` is true of."""

    def __init__(self, answer: Callable[[Request], Reply], tls: ssl.SSLContext | None = None) -> None:
        self._answer = answer
        self.tls = tls
        self.faults: deque[Fault] = deque()
        self.is_faulty: Callable[[str], bool] = lambda _: True
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http{'s' if self.tls else ''}://localhost:{self.port}"

    async def serve(self, request: Request, writer: asyncio.StreamWriter) -> bool:
        """Answer, or fail as `faults` says."""
        self.asked.append(f"{request.method} {request.path}")
        faulty = self.faults and self.is_faulty(request.path)
        happens = self.faults.popleft() if faulty else self._answer(request)
        if isinstance(happens, asyncio.Event):
            await happens.wait()
            return False
        if happens is not None:
            writer.write(happens.render() if isinstance(happens, Reply) else happens)
        await writer.drain()
        return isinstance(happens, Reply)
