"""Standard output that never waits for its reader.

Everything here runs in one event loop, so a write that blocks because nobody drains the log would stop reads, health
and the end alike. What cannot be written is kept, up to LIMIT; what comes beyond is lost, and the loss is counted.
"""

from __future__ import annotations

import asyncio
import errno
import io
import logging
import os
import select
import time
from contextlib import suppress

LIMIT = 1 << 20
"""Bytes that wait for the reader; some two thousand lines."""
PIECE = select.PIPE_BUF
"""Bytes written at a time: a pipe that poll(2) calls writable takes so many without blocking (pipe(7))."""
RETRY = 0.01
"""Seconds until what waits is tried again."""
LAST = 1.0
"""Seconds that the end of the process waits for the reader at most."""

log = logging.getLogger(__name__)


class LogOutput(io.TextIOBase):
    """A file descriptor, written to in whole lines as far as its reader takes them.

    The descriptor stays in blocking mode, which belongs to everybody who shares it.
    """

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._poll = select.poll()
        self._poll.register(fd, select.POLLOUT)
        self._waiting = bytearray()
        self._lost = 0
        self._retry: asyncio.TimerHandle | None = None

    def write(self, lines: str) -> int:
        """Write or keep lines; raise OSError if they are lost."""
        data = lines.encode()
        if len(self._waiting) + len(data) > LIMIT:
            self._lost += data.count(b"\n")
            raise BlockingIOError(errno.EAGAIN, "nobody reads the log")
        self._waiting += data
        self._drain()
        return len(lines)

    def flush(self) -> None:
        """Do nothing: all that can be written has been."""

    def finish(self) -> None:
        """Write what waits, as far as the reader takes it in time, because the process ends."""
        ends = time.monotonic() + LAST
        with suppress(OSError):
            while self._waiting and (left := ends - time.monotonic()) > 0:
                self._poll.poll(left * 1000)
                self._drain()

    def _drain(self) -> None:
        """Write what can be written now; try the rest again later."""
        sent = 0
        try:
            while sent < len(self._waiting) and self._poll.poll(0):
                sent += os.write(self._fd, self._waiting[sent : sent + PIECE])
        except OSError:
            self._lost += self._waiting.count(b"\n")
            self._waiting.clear()
            raise
        del self._waiting[:sent]
        if self._waiting:
            self._try_later()
        elif self._lost:
            lost, self._lost = self._lost, 0
            log.warning("log lines lost", extra={"lines": lost})

    def _try_later(self) -> None:
        if self._retry is None:
            with suppress(RuntimeError):  # no loop, so nothing that could wait: the next line tries again
                self._retry = asyncio.get_running_loop().call_later(RETRY, self._try_again)

    def _try_again(self) -> None:
        self._retry = None
        with suppress(OSError):  # the reader is gone, and what was for it is counted
            self._drain()
