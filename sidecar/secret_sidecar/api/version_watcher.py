"""Checks for new versions of secrets: one per name for all listeners, only while there are any."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

log = logging.getLogger(__name__)

Pause = Callable[[asyncio.Event, float], Awaitable[None]]
"""Returns when the event is set, or so many seconds have passed."""


async def pause(event: asyncio.Event, seconds: float) -> None:
    """Wait for an event, but not for long."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of a check: the event's type, its data, and a mark that is equal while nothing changes."""

    event: str
    mark: str
    data: dict[str, Any]

    def is_like(self, other: Finding) -> bool:
        """Whether nothing has changed in between."""
        return (self.event, self.mark) == (other.event, other.mark)


class Listener:
    """The findings that one stream has not sent yet: of each name only the last, however slowly it is read."""

    def __init__(self) -> None:
        self.changed = asyncio.Event()
        self.is_over = False
        self._findings: dict[str, Finding] = {}
        self._last: dict[str, Finding] = {}

    def tell(self, name: str, finding: Finding) -> None:
        """Replace the name's finding; one that equals the last does not wake the stream."""
        last, self._last[name] = self._last.get(name), finding
        if last is not None and last.is_like(finding):
            return
        self._findings[name] = finding
        self.changed.set()

    def end(self) -> None:
        """End the stream."""
        self.is_over = True
        self.changed.set()

    def take(self) -> dict[str, Finding]:
        """Return the findings since the last call."""
        self.changed.clear()
        findings, self._findings = self._findings, {}
        return findings


Look = Callable[[str], Awaitable[Finding]]


class Watches:
    """The names that are checked while they have listeners."""

    def __init__(self, look: Look, interval: float, pause: Pause = pause) -> None:
        self._look = look
        self._interval = interval
        self._pause = pause
        self._watches: dict[str, _Watch] = {}

    def join(self, name: str, listener: Listener) -> None:
        """Add a listener to a name: it gets the result of a new check at once, and of every later one."""
        watch = self._watches.get(name)
        if watch is None or watch.is_over:
            watch = self._watches[name] = _Watch(name, self._look, self._interval, self._pause)
        watch.join(listener)

    def leave(self, name: str, listener: Listener) -> None:
        """Remove a listener; the last one ends the checks."""
        watch = self._watches.get(name)
        if watch is not None and watch.leave(listener):
            del self._watches[name]

    @property
    def names(self) -> list[str]:
        """The names that are checked now."""
        return list(self._watches)


class _Watch:
    """One name, checked at intervals, and at once for a new listener."""

    def __init__(self, name: str, look: Look, interval: float, pause: Pause) -> None:
        self._name = name
        self._look = look
        self._interval = interval
        self._pause = pause
        self._listeners: set[Listener] = set()
        self._newcomers: set[Listener] = set()
        self._wanted = asyncio.Event()
        self._task: asyncio.Task[None] | None = asyncio.create_task(self._run())
        self._task.add_done_callback(self._done)

    @property
    def is_over(self) -> bool:
        """Whether an internal error ended it."""
        return self._task is None

    def join(self, listener: Listener) -> None:
        self._newcomers.add(listener)
        self._wanted.set()

    def leave(self, listener: Listener) -> bool:
        """Return whether no listener is left."""
        self._listeners.discard(listener)
        self._newcomers.discard(listener)
        if self._listeners or self._newcomers:
            return False
        if self._task is not None:
            self._task.cancel()
        return True

    async def _run(self) -> None:
        while True:
            self._wanted.clear()
            self._listeners |= self._newcomers  # who joins from here on waits for the next look
            self._newcomers = set()
            finding = await self._look(self._name)
            for listener in self._listeners:
                listener.tell(self._name, finding)
            spread = random.uniform(0.8, 1.2)  # noqa: S311 (spreads load, guards nothing)
            await self._pause(self._wanted, self._interval * spread)

    def _done(self, task: asyncio.Task[None]) -> None:
        """An internal error ends the streams that would otherwise wait for ever."""
        self._task = None
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("events ended: an internal error of the sidecar", exc_info=error)
            for listener in self._listeners | self._newcomers:
                listener.end()
