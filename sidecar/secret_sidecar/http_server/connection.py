"""One connection: its requests are answered one after the other."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any, cast

from secret_sidecar.http_server.exchange import Exchange
from secret_sidecar.http_server.reader import Reader, Request
from secret_sidecar.http_server.refusal import Refusal

if TYPE_CHECKING:
    from secret_sidecar.http_server.server import Server

_ASGI = {"version": "3.0", "spec_version": "2.3"}
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Connection(asyncio.Protocol):
    """Reads ahead by a chunk at most; after the last request, or what is none, it listens to nothing any more."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._reader = Reader(server.limits, self._asked, self._goes_on)
        self._waiting: deque[Exchange] = deque()
        self._current: Exchange | None = None
        self._task: asyncio.Task[None] | None = None
        self._refusal: Refusal | None = None  # the last answer, when its turn comes
        self._listens = True
        self._room: asyncio.Future[None] | None = None
        self._count = 0
        self._seen: tuple[object, ...] = ()
        self.unchanged = 0.0
        self.is_lost = False
        self.is_stopping = False
        self.is_ending = False
        self.is_blocked = False

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._is_tls = transport.get_extra_info("sslcontext") is not None
        self._template = {
            "type": "http",
            "asgi": _ASGI,
            "scheme": "https" if self._is_tls else "http",
            "root_path": "",
            "client": _address(transport.get_extra_info("peername")),
            "server": _address(transport.get_extra_info("sockname")),
        }
        if not self._server.admit(self):
            self._listens = False
            self._answer(Refusal(503, "too many connections"))
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self.is_lost = True
        self._listens = False
        self._waiting.clear()
        self._refusal = None  # its traceback has this connection
        self._reader.close()
        self.resume_writing()
        if self._current is None:
            self._server.forget(self)
        else:
            self._current.wake()

    def data_received(self, data: bytes) -> None:
        if self._listens:
            try:
                self._reader.feed(data)
            except Refusal as refusal:
                if self._listens:
                    self._refuse(refusal)

    def eof_received(self) -> bool:
        """The caller sends no more. What it asked for is answered still; a stream has nobody to go on for."""
        self._listens = False
        self.is_ending = True
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
        if not self._listens:
            raise Refusal(400, "a request after the last")
        if len(self._waiting) == self._server.limits.pipelined:
            raise Refusal(400, f"expected at most {len(self._waiting)} requests ahead of their answers")
        self._count += 1
        self._listens = request.keep_alive
        exchange = Exchange(self, {**self._template, **request.scope}, request.body, request.keep_alive)
        if self._current is None:
            self._start(exchange)
        else:
            self._waiting.append(exchange)
            self._transport.pause_reading()

    def _goes_on(self) -> None:
        if self._current is None:
            self.write(_CONTINUE)

    # What an exchange calls.

    def write(self, data: bytes) -> None:
        """Send bytes."""
        self._transport.write(data)

    async def drained(self) -> None:
        """Return once the caller has taken enough, or has gone."""
        if self._room is None:
            self._room = asyncio.get_running_loop().create_future()
        await asyncio.shield(self._room)

    def answered(self, exchange: Exchange) -> None:
        """Go on with what waits, or end if this was the last."""
        self._current = self._task = None
        if self.is_lost:
            self._server.forget(self)
        elif not exchange.complete:
            self._transport.abort()
        elif not exchange.keep_alive:
            self._end()
        elif self._waiting:
            self._start(self._waiting.popleft())
        elif self._refusal is not None:
            self._refuse(self._refusal)
        elif self.is_ending:
            self._transport.close()
        else:
            if not self._transport.is_reading():
                self._transport.resume_reading()
            if self._reader.is_expected:
                self.write(_CONTINUE)

    # What the server calls.

    def stop(self) -> None:
        """Give the answer that is being given, and end."""
        self._listens = False
        self.is_stopping = self.is_ending = True
        if self._current is None:
            self._transport.close()
        else:
            self._current.wake()

    def abort(self) -> None:
        """End now."""
        if self._task is not None:
            self._task.cancel()
        self._transport.abort()

    @property
    def waits_for_its_caller(self) -> bool:
        """Whether nothing was asked whose answer is not wholly on its way."""
        return self._current is None and not self._transport.get_write_buffer_size()

    def sweep(self, passed: float) -> None:
        """End if nothing has changed for too long; called now and then, with the seconds since."""
        state, longest = self._state()
        seen = (state, self._count, self._transport.get_write_buffer_size())
        self.unchanged = self.unchanged + passed if seen == self._seen else 0.0
        self._seen = seen
        if self.unchanged < longest:
            return
        if state == "reads":
            self._refuse(Refusal(408, f"expected a whole request in {longest:g} seconds"))
        elif state == "idle":
            self._transport.close()
        else:
            self.abort()

    def _state(self) -> tuple[str, float]:
        limits = self._server.limits
        if self._transport.get_write_buffer_size():
            return "writes", limits.write
        if self._current is not None:
            return "answers", float("inf")  # as long as the application takes: it has deadlines of its own
        if not self._listens:
            return "lingers", limits.linger
        return ("idle", limits.idle) if self._reader.is_between else ("reads", limits.request)

    # The rest.

    def _start(self, exchange: Exchange) -> None:
        self._current = exchange
        self._task = self._server.loop.create_task(exchange.run(self._server.app))

    def _refuse(self, refusal: Refusal) -> None:
        self._listens = False
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
        self._listens = False
        self._waiting.clear()
        if self.is_ending or not self._transport.can_write_eof():
            self._transport.close()
        else:
            self._transport.write_eof()
            self._transport.resume_reading()


def _address(name: Any) -> tuple[str, int] | None:
    return (name[0], name[1]) if isinstance(name, tuple) else None
