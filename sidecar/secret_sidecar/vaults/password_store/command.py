"""Running `pass`: bounded in time and in what it may answer, and ended with all that it started."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

from secret_names import vaults
from secret_sidecar.errors import BadUpstreamResponse, TimedOut, Unavailable, VaultError

MAX_OUTPUT = 1 << 20
_MAX_COMPLAINT = 16 << 10
_AT_ONCE = 8
_GONE_AFTER = 1.0
# To git, which `pass` calls for each change, a name may be a pattern, and others that it matches be removed: git(1).
_ENVIRONMENT = {"LC_ALL": "C.UTF-8", "GIT_LITERAL_PATHSPECS": "1"}
# gpg's own words for what went wrong, such as "decryption failed: No secret key"; never what it decrypted.
_REASON = re.compile(rb"^gpg: [^\n]*?((?:decryption|encryption) failed: [ -~]{1,80})", re.MULTILINE)
_NOT_ENCRYPTED = b"no valid OpenPGP data found"


class Pass:
    """The command on one store, a few at a time; `identity` says whose keys gpg has."""

    def __init__(self, command: str, folder: Path) -> None:
        self._command = command
        self._folder = folder
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._to_exit: set[asyncio.Future[None]] = set()
        self.identity = f"the gpg keys of user id {os.getuid()}"

    async def run(self, name: str, deadline: float, *arguments: str, given: bytes | None = None) -> bytes:
        """Return what the command wrote about a name, or raise a VaultError; the deadline is in the loop's time."""
        async with self.within(deadline), self._slots:
            return await self._run(name, arguments, given)

    @contextlib.asynccontextmanager
    async def within(self, deadline: float) -> AsyncIterator[None]:
        """Raise TimedOut where what is done inside takes longer."""
        try:
            async with asyncio.timeout_at(deadline):
                yield
        except TimeoutError:
            raise TimedOut("pass did not end before the deadline", identity=self.identity) from None

    async def close(self) -> None:
        """Wait until what was killed is gone."""
        if self._to_exit:
            await asyncio.wait(self._to_exit, timeout=_GONE_AFTER)

    async def _run(self, name: str, arguments: tuple[str, ...], given: bytes | None) -> bytes:
        try:
            transport, running = await asyncio.get_running_loop().subprocess_exec(
                _Running,
                self._command,
                *arguments,
                vaults.PASS.spelled(name),
                stdin=DEVNULL if given is None else PIPE,
                stdout=PIPE,
                stderr=PIPE,
                env={**os.environ, **_ENVIRONMENT, "PASSWORD_STORE_DIR": str(self._folder)},
                start_new_session=True,
            )
        except OSError as error:
            raise Unavailable(f"pass cannot be run: {error.strerror}", identity=self.identity) from None
        self._to_exit.add(running.exited)
        running.exited.add_done_callback(self._to_exit.discard)
        try:
            if given is not None:
                running.write(given)
            await running.ended
        finally:
            running.end()
        if len(running.output) > MAX_OUTPUT:
            raise BadUpstreamResponse(f"pass wrote more than {MAX_OUTPUT} bytes about {name!r}", identity=self.identity)
        if status := transport.get_returncode():
            raise self._failure(name, status, bytes(running.complaint))
        return bytes(running.output)

    def _failure(self, name: str, status: int, complaint: bytes) -> VaultError:
        if _NOT_ENCRYPTED in complaint:
            return BadUpstreamResponse(f"pass failed on {name!r}: its file is not encrypted", identity=self.identity)
        found = _REASON.search(complaint)
        reason = found[1].decode().strip() if found else f"exit status {status}"
        code = reason.rpartition(": ")[2] if found else None
        return Unavailable(f"pass failed on {name!r}: {reason}", code=code, identity=self.identity)


class _Running(asyncio.SubprocessProtocol):
    """A process, and what it wrote so far; one that writes too much is ended."""

    def __init__(self) -> None:
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.exited: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.output = bytearray()
        self.complaint = bytearray()

    def write(self, given: bytes) -> None:
        """Hand all that there is to its standard input; if it does not read it, its exit status tells."""
        pipe = cast("asyncio.WriteTransport", self._transport.get_pipe_transport(0))
        if not pipe.is_closing():
            pipe.write(given)
        if not pipe.is_closing():
            pipe.write_eof()

    def end(self) -> None:
        """Kill it and all that it started and that still runs, and hear no more of it; gpg's agent is not among these.

        The agent has a session of its own, and serves later calls.
        """
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._transport.get_pid(), signal.SIGKILL)
        for number in range(3):
            if pipe := self._transport.get_pipe_transport(number):
                pipe.close()
        self._end()

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.SubprocessTransport", transport)

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        if fd == 2:
            self.complaint += data[: _MAX_COMPLAINT - len(self.complaint)]
            return
        self.output += data[: MAX_OUTPUT + 1 - len(self.output)]
        if len(self.output) > MAX_OUTPUT:
            self.end()

    def process_exited(self) -> None:
        self.exited.set_result(None)
        if self.ended.done():
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 (it exited, and all that it wrote is here)
        self._end()

    def _end(self) -> None:
        if not self.ended.done():
            self.ended.set_result(None)
        if self._transport.get_returncode() is not None:  # else it is yet to be reaped
            self._transport.close()
