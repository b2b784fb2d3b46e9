"""One connection: its requests are answered one after the other."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import deque
from typing import Any, Protocol, cast

from starlette.types import ASGIApp

from secret_sidecar.http_server.exchange import Exchange
from secret_sidecar.http_server.limits import Limits
from secret_sidecar.http_server.phase import FINISHED, HANDSHAKE, LAST, LOST, OPEN, STOPPING, Wait
from secret_sidecar.http_server.reader import Reader, Request
from secret_sidecar.http_server.refusal import Refusal

_ASGI = {"version": "3.0", "spec_version": "2.3"}
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Host(Protocol):
    """What a connection needs of its server."""

    app: ASGIApp
    limits: Limits
    loop: asyncio.AbstractEventLoop
    is_retiring: bool

    def admit(self, connection: Connection) -> bool:
        """Count a new connection, or return False if there is no place for it."""
        ...

    def forget(self, connection: Connection) -> None:
        """Count it no more."""
        ...

    def grew(self, size: int) -> None:
        """Hear that a connection may hold so many bytes more than before."""
        ...

    def refused(self, method: str, status: int, kind: str, /) -> None:
        """Hear of what was answered in the application's stead."""
        ...


class Connection(asyncio.Protocol):
    """Reads ahead by a chunk at most; after the last request, or what is none, it listens to nothing any more."""

    _transport: asyncio.Transport

    def __init__(self, server: Host) -> None:
        self._server = server
        self._reader = Reader(server.limits, self._asked, self._goes_on)
        self._waiting: deque[Exchange] = deque()
        self._current: Exchange | None = None
        self._task: asyncio.Task[Any] | None = None  # of the handshake, and then of the exchange
        self._refusal: Refusal | None = None  # the last answer, when its turn comes
        self._room: asyncio.Future[None] | None = None
        self._count = 0
        self._seen: tuple[object, ...] = ()
        self.unchanged = 0.0
        self.phase = OPEN
        self.is_blocked = False

    # What the server calls.

    def shake_hands(self, accepted: socket.socket, context: ssl.SSLContext) -> None:
        """Begin as one that is counted already."""
        self.phase = HANDSHAKE
        loop = self._server.loop
        opening = loop.connect_accepted_socket(
            lambda: self, accepted, ssl=context, ssl_handshake_timeout=self._server.limits.handshake
        )
        self._task = loop.create_task(opening)
        self._task.add_done_callback(lambda task: self._shaken(task, accepted))

    def stop(self) -> None:
        """Give the answer that is being given, and end."""
        if self.phase is HANDSHAKE:
            self.abort()
            return
        self.phase = max(self.phase, STOPPING)
        if self._current is None:
            self._transport.close()
        else:
            self._current.wake()

    def abort(self) -> None:
        """End now."""
        if self._task is not None:
            self._task.cancel()
        if self.phase is not HANDSHAKE:
            self._transport.abort()

    @property
    def waits_for_its_caller(self) -> bool:
        """Whether nothing was asked that the application is still to answer, or the caller does not take it."""
        return self._current is None or self.is_blocked

    @property
    def unread(self) -> int:
        """Bytes of answers that the caller has not taken."""
        return 0 if self.phase is HANDSHAKE else self._transport.get_write_buffer_size()

    @property
    def held(self) -> int:
        """Bytes of memory that the caller makes us hold, roughly."""
        current = 0 if self._current is None else self._current.held
        return self.unread + self._reader.held + current + sum(exchange.held for exchange in self._waiting)

    def sweep(self, passed: float) -> None:
        """End if nothing has changed for too long; called now and then, with the seconds since."""
        wait = self._wait()
        seen = (wait, self._count, self.unread)
        self.unchanged = self.unchanged + passed if seen == self._seen else 0.0
        self._seen = seen
        longest = self._longest(wait)
        if longest is None or self.unchanged < longest:
            return
        if wait is Wait.REST:
            self._refuse(Refusal(408, f"expected a whole request in {longest:g} seconds"))
        elif wait is Wait.REQUEST:
            self._transport.close()
        else:
            self.abort()

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(self._server.limits.unread)
        self._is_tls = transport.get_extra_info("sslcontext") is not None
        self._template = {
            "type": "http",
            "asgi": _ASGI,
            "scheme": "https" if self._is_tls else "http",
            "root_path": "",
            "client": _address(transport.get_extra_info("peername")),
            "server": _address(transport.get_extra_info("sockname")),
        }
        if self.phase is HANDSHAKE:
            self.phase = OPEN
            self._task = None
        elif not self._server.admit(self):
            self.phase = LAST
            self._answer(Refusal(503, "too many connections"))
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self.phase = LOST
        self._waiting.clear()
        self._refusal = None  # its traceback has this connection
        self._reader.close()
        self.resume_writing()
        if self._current is None:
            self._server.forget(self)
        else:
            self._current.wake()

    def data_received(self, data: bytes) -> None:
        if self.phase is OPEN:
            self._server.grew(len(data))
            try:
                self._reader.feed(data)
            except Refusal as refusal:
                if self.phase is OPEN:
                    self._refuse(refusal)

    def eof_received(self) -> bool:
        """The caller sends no more. What it asked for is answered still; a stream has nobody to go on for."""
        self.phase = max(self.phase, FINISHED)
        if self._current is not None:
            self._current.wake()
        return self._current is not None and not self._is_tls

    def pause_writing(self) -> None:
        self.is_blocked = True

    def resume_writing(self) -> None:
        self.is_blocked = False
        if self._room is not None:
            self._room.set_result(None)
            self._room = None

    # What the reader calls.

    def _asked(self, request: Request) -> None:
        if self.phase is not OPEN:
            raise Refusal(400, "a request after the last")
        if len(self._waiting) == self._server.limits.pipelined:
            raise Refusal(400, f"expected at most {len(self._waiting)} requests ahead of their answers")
        if request.scheme == "https" and not self._is_tls:  # RFC 9110 section 7.4
            raise Refusal(400, "an https target: expected http, for this connection is not encrypted")
        self._count += 1
        if not request.keep_alive:
            self.phase = LAST
        scope = {**self._template, **request.scope}
        exchange = Exchange(self, scope, request.body, request.size, request.keep_alive)
        if self._current is None:
            self._start(exchange)
        else:
            self._waiting.append(exchange)
            self._transport.pause_reading()
            self._server.grew(request.size)

    def _goes_on(self) -> None:
        if self._current is None:
            self.write(_CONTINUE)

    # What an exchange calls.

    @property
    def takes_no_more(self) -> bool:
        """Whether the server ends, or soon will, so that the caller is to ask elsewhere from now on."""
        return self.phase is STOPPING or self._server.is_retiring

    def write(self, data: bytes) -> None:
        """Send bytes."""
        self._transport.write(data)
        self._server.grew(len(data))

    async def drained(self) -> None:
        """Return once the caller has taken enough, or has gone."""
        if self._room is None:
            self._room = asyncio.get_running_loop().create_future()
        await asyncio.shield(self._room)

    def answered(self, exchange: Exchange) -> None:
        """Go on with what waits, or end if this was the last."""
        self._current = self._task = None
        if self.phase is LOST:
            self._server.forget(self)
        elif not exchange.complete:
            self._transport.abort()
        elif not exchange.keep_alive:
            self._end()
        elif self._waiting:
            self._start(self._waiting.popleft())
        elif self._refusal is not None:
            self._refuse(self._refusal)
        elif self.phase >= FINISHED:
            self._transport.close()
        else:
            if not self._transport.is_reading():
                self._transport.resume_reading()
            if self._reader.is_expected:
                self.write(_CONTINUE)

    # The rest.

    def _shaken(self, task: asyncio.Task[Any], accepted: socket.socket) -> None:
        """Let go of a connection whose handshake came to nothing: of those asyncio tells nothing else."""
        failed = task.cancelled() or task.exception() is not None
        if self.phase is HANDSHAKE:
            self._task = None
            self.connection_lost(None)
            if failed:
                accepted.close()

    def _wait(self) -> Wait:
        if self.phase is HANDSHAKE:
            return Wait.HANDSHAKE
        if self.unread:
            return Wait.READER
        if self._current is not None:
            return Wait.APPLICATION
        if self.phase is not OPEN:
            return Wait.END
        return Wait.REQUEST if self._reader.is_between else Wait.REST

    def _longest(self, wait: Wait) -> float | None:
        """Return the seconds that this may take; None if something else bounds it."""
        limits = self._server.limits
        bounds = {
            Wait.READER: limits.write,
            Wait.END: limits.linger,
            Wait.REST: limits.request,
            Wait.REQUEST: limits.idle,
        }
        return bounds.get(wait)

    def _start(self, exchange: Exchange) -> None:
        self._current = exchange
        self._task = self._server.loop.create_task(exchange.run(self._server.app))

    def _refuse(self, refusal: Refusal) -> None:
        self.phase = max(self.phase, LAST)
        if self._current is None:
            self._answer(refusal)
            self._end()
        else:
            self._refusal = refusal

    def _answer(self, refusal: Refusal) -> None:
        method = self._reader.method
        self.write(refusal.answer(method))
        self._server.refused(method or "", refusal.status.value, refusal.kind)

    def _end(self) -> None:
        """Close our side, and let the caller read: a close with bytes unread would take back what was written."""
        self.phase = max(self.phase, LAST)
        self._waiting.clear()
        if self.phase >= FINISHED or not self._transport.can_write_eof():
            self._transport.close()
        else:
            self._transport.write_eof()
            self._transport.resume_reading()


def _address(name: Any) -> tuple[str, int] | None:
    return (name[0], name[1]) if isinstance(name, tuple) else None
