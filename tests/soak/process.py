"""The sidecar process under test: its log, its memory, its file descriptors."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.soak.expected_state import MARK, now
from tests.soak.instrumented_sidecar import PREFIX


@dataclass(frozen=True)
class Sample:
    """What the process used at one time: seconds since the start, kilobytes, file descriptors, threads, CPU seconds."""

    at: float
    rss: int
    fds: int
    threads: int
    cpu: float


@dataclass(frozen=True)
class InUse:
    """What the process reported to have in use: small objects, and the bytes of everything else."""

    at: float
    objects: int
    bytes: int


@dataclass
class Process:
    """A running sidecar, started by instrumented_sidecar.py."""

    process: asyncio.subprocess.Process
    started: float = field(default_factory=now)
    samples: list[Sample] = field(default_factory=list)
    in_use: list[InUse] = field(default_factory=list)
    messages: Counter[str] = field(default_factory=Counter)
    bad_lines: list[str] = field(default_factory=list)
    _readers: list[asyncio.Task[None]] = field(default_factory=list)

    @classmethod
    async def start(cls, command: Sequence[str], variables: dict[str, str]) -> Process:
        """Start it, with no other environment than these variables."""
        environment = {"PATH": os.environ["PATH"], **variables}
        pipe = asyncio.subprocess.PIPE
        started = cls(await asyncio.create_subprocess_exec(*command, env=environment, stdout=pipe, stderr=pipe))
        assert started.process.stdout is not None
        assert started.process.stderr is not None
        for stream, check in ((started.process.stdout, started._line), (started.process.stderr, started._stray)):
            started._readers.append(asyncio.create_task(_read(stream, check)))
        return started

    def _line(self, line: str) -> None:
        """Check a line of the log: JSON, no defect, no secret."""
        try:
            document: dict[str, Any] = json.loads(line)
            self.messages[f"{document['level']}: {document['message']}"] += 1
            if MARK in line or document["level"] in {"error", "critical"}:
                self.bad_lines.append(line)
        except (ValueError, KeyError, TypeError):
            self.bad_lines.append(line)

    def _stray(self, line: str) -> None:
        """Only the figures that SIGUSR1 asks for may be on stderr."""
        if line.startswith(PREFIX):
            objects, size = line.removeprefix(PREFIX).split()
            self.in_use.append(InUse(now() - self.started, int(objects), int(size)))
        else:
            self.bad_lines.append(f"stderr: {line}")

    def sample(self) -> None:
        """Record what it uses now, and ask by SIGUSR1 what it has in use."""
        self.process.send_signal(signal.SIGUSR1)
        folder = Path(f"/proc/{self.process.pid}")
        status = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines() if ":" in line)
        times = (folder / "stat").read_text().rpartition(")")[2].split()
        cpu = (int(times[11]) + int(times[12])) / os.sysconf("SC_CLK_TCK")
        self.samples.append(
            Sample(
                now() - self.started,
                int(status["VmRSS"].split()[0]),
                len(list((folder / "fd").iterdir())),
                int(status["Threads"]),
                cpu,
            )
        )

    async def end(self, max_wait: float) -> int | None:
        """Ask it to stop; the exit code, or None if it had to be killed."""
        if self.process.returncode is None:
            self.process.terminate()
        try:
            async with asyncio.timeout(max_wait):
                await self.process.wait()
        except TimeoutError:
            self.process.kill()
            await self.process.wait()
            return None
        await asyncio.gather(*self._readers)
        return self.process.returncode


async def _read(stream: asyncio.StreamReader, check: Any) -> None:
    while line := await stream.readline():
        check(line.decode(errors="replace").rstrip())
