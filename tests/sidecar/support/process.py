"""A sidecar in its own process, with its own environment."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tests.free_port import free_port


class Process:
    """A sidecar that runs, and the lines that it has logged."""

    def __init__(self, process: asyncio.subprocess.Process, port: int, health_port: int) -> None:
        self.process = process
        self.port = port
        self.health_port = health_port
        self.lines: list[dict[str, Any]] = []

    async def until(self, message: str) -> dict[str, Any]:
        """Read the log up to a message."""
        assert self.process.stdout is not None
        while line := await self.process.stdout.readline():
            self.lines.append(json.loads(line))
            if self.lines[-1]["message"] == message:
                return self.lines[-1]
        raise AssertionError(f"no {message!r} in the log: {self.lines}")

    async def end(self) -> int:
        """Read the rest of the log; return the exit code."""
        assert self.process.stdout is not None
        self.lines += [json.loads(line) async for line in self.process.stdout]
        return await self.process.wait()


@asynccontextmanager
async def running(variables: dict[str, str]) -> AsyncIterator[Process]:
    """Run `python -m secret_sidecar` with only these variables."""
    port, health_port = free_port(), free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "SECRETS_PORT": str(port),
        "SECRETS_HEALTH_PORT": str(health_port),
        **variables,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "secret_sidecar", env=environment, stdout=asyncio.subprocess.PIPE
    )
    try:
        yield Process(process, port, health_port)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()
