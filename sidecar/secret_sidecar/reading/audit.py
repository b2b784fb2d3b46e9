"""The audit log: one JSON line on stdout per read and write, with caller, name and outcome, and never a value.

Lines are made by hand, and written together a moment later: a general formatter and a system call for each would cost
more than all else that a read does besides asking the vault.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Coroutine
from contextvars import ContextVar
from functools import lru_cache
from typing import Any

from starlette.types import Scope

from secret_sidecar import problems
from secret_sidecar.errors import VaultError
from secret_sidecar.flat_json import quoted
from secret_sidecar.reading.metrics import Metrics
from secret_sidecar.reading.store_wrapper import Operation, T, Wrapped
from secret_sidecar.vaults.store import Secret, Store, Written

AGENT_LENGTH = 64
MOMENT = 0.005
"""Seconds after which a line is written at the latest."""
OK = "ok"
CALLER = "secret_sidecar.caller"
"""The key in the ASGI scope for the subject that the cloud accepted, in shared mode."""

_AUDITED = {"get": ("read", 200), "create": ("create", 201), "put": ("put", 200), "delete": ("delete", 204)}
"""Each operation that leaves a line: what the line calls it, and its HTTP status if it succeeds."""

asked_by: ContextVar[Scope | None] = ContextVar("asked_by", default=None)
"""The request that is being answered."""


def to_stdout(lines: str) -> None:
    """Write to where the log goes."""
    sys.stdout.write(lines)
    sys.stdout.flush()


class Trail:
    """Collects lines and writes them; one that cannot be written is counted, and delays no read."""

    def __init__(self, metrics: Metrics, write: Callable[[str], None] = to_stdout) -> None:
        self._metrics = metrics
        self._write = write
        self._lines: list[str] = []
        self._second = 0
        self._stamp = ""

    def add(self, members: str) -> None:
        """Add a line: its members as JSON, each with a comma before it."""
        now = time.time()
        second = int(now)
        if second != self._second:
            self._second, self._stamp = second, time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
        if not self._lines:
            asyncio.get_running_loop().call_later(MOMENT, self.flush)
        thousandths = int((now - second) * 1000)
        self._lines.append(
            f'{{"time": "{self._stamp}.{thousandths:03}Z", "level": "info", "message": "audit"{members}}}\n'
        )

    def flush(self) -> None:
        """Write what is there."""
        lines, self._lines = self._lines, []
        if not lines:
            return
        try:
            self._write("".join(lines))
        except (OSError, ValueError):
            for _ in lines:
                self._metrics.audit_lost.add()


class Audited(Wrapped):
    """A store that logs each read and write, refused and cached ones included."""

    def __init__(self, store: Store, metrics: Metrics, trail: Trail | None = None) -> None:
        super().__init__(store)
        self._metrics = metrics
        self._trail = Trail(metrics) if trail is None else trail

    def _around(self, operation: Operation, name: str, call: Coroutine[Any, Any, T]) -> Coroutine[Any, Any, T]:
        return self._audited(operation, name, call) if operation in _AUDITED else call

    async def close(self) -> None:
        """Write what is left, and close the store."""
        self._trail.flush()
        await self.store.close()

    async def _audited(self, operation: Operation, name: str, call: Coroutine[Any, Any, T]) -> T:
        action, status = _AUDITED[operation]
        began = time.perf_counter()
        try:
            done: Any = await call
        except Exception as error:
            self._failed(action, name, began, error)
            raise
        self._note(action, name, began, status, OK, done.identity, done.request_id, _about(done))
        result: T = done
        return result

    def _failed(self, action: str, name: str, began: float, error: Exception) -> None:
        kind = problems.kind_of(error)
        if isinstance(error, VaultError):
            about = f', "code": {quoted(error.code)}' if error.code else ""
            self._note(action, name, began, kind.status, kind.slug, error.identity, error.request_id, about)
        else:
            self._note(action, name, began, kind.status, kind.slug, None, None, "")

    def _note(
        self,
        action: str,
        name: str,
        began: float,
        status: int,
        outcome: str,
        identity: str | None,
        request_id: str | None,
        about: str,
    ) -> None:
        milliseconds = (time.perf_counter() - began) * 1000
        line = (
            f', "action": "{action}", "name": {quoted(name)}, "status": {status}, "outcome": "{outcome}", '
            f'"ms": {milliseconds:.3f}{about}'
        )
        if identity:
            line += f', "identity": {quoted(identity)}'
        if request_id:
            line += f', "request_id": {quoted(request_id)}'
        if (scope := asked_by.get()) is not None:
            line += _caller(scope)
        self._trail.add(line)
        if self._metrics.reads is not None and action == "read":
            self._metrics.reads.add(name, outcome)


def _about(done: Secret | Written) -> str:
    """Return what only a read or a write that succeeded can tell."""
    if isinstance(done, Secret):
        cached = f'"{done.cached}"' if done.cached else "false"
        return f', "version": {quoted(done.version)}, "cached": {cached}'
    return "" if done.version is None else f', "version": {quoted(done.version)}'


def _caller(scope: Scope) -> str:
    """Return the caller's address and User-Agent."""
    text = _peer(scope.get("client"))
    if caller := scope.get(CALLER):
        text += f', "caller": {quoted(caller)}'
    for name, value in scope["headers"]:
        if name == b"user-agent":
            return text + _agent(value[:AGENT_LENGTH])
    return text


@lru_cache(maxsize=128)
def _peer(address: tuple[str, int] | None) -> str:
    return f', "peer": {quoted(f"{address[0]} port {address[1]}")}' if address else ""


@lru_cache(maxsize=128)
def _agent(value: bytes) -> str:
    return f', "agent": {quoted(value.decode("latin-1"))}'
