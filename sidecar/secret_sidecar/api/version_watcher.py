"""New versions of secrets: each name is looked at while somebody listens, once for all who do."""

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
    """What a look at a name found: the kind of event, its data, and a mark that stays while nothing changes."""

    event: str
    mark: str
    data: dict[str, Any]

    def is_like(self, other: Finding) -> bool:
        """Whether nothing has changed in between."""
        return (self.event, self.mark) == (other.event, other.mark)


class Listener:
    """What one stream was not told yet: of each name the last finding alone, however slowly it is read."""

    def __init__(self) -> None:
        self.changed = asyncio.Event()
        self.is_over = False
        self._findings: dict[str, Finding] = {}
        self._last: dict[str, Finding] = {}

    def tell(self, name: str, finding: Finding) -> None:
        """Leave a finding, in place of an earlier one; one that is like the last wakes nobody."""
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
        """Return what was left since the last time."""
        self.changed.clear()
        findings, self._findings = self._findings, {}
        return findings


Look = Callable[[str], Awaitable[Finding]]


class Watches:
    """Names that are looked at, for as long as they have listeners."""

    def __init__(self, look: Look, interval: float, pause: Pause = pause) -> None:
        self._look = look
        self._interval = interval
        self._pause = pause
        self._watches: dict[str, _Watch] = {}

    def join(self, name: str, listener: Listener) -> None:
        """Tell a listener of a name: at once, by a look that is not under way yet, and after every look."""
        watch = self._watches.get(name)
        if watch is None or watch.is_over:
            watch = self._watches[name] = _Watch(name, self._look, self._interval, self._pause)
        watch.join(listener)

    def leave(self, name: str, listener: Listener) -> None:
        """Tell a listener no more; the last one ends the looking."""
        watch = self._watches.get(name)
        if watch is not None and watch.leave(listener):
            del self._watches[name]

    @property
    def names(self) -> list[str]:
        """What is looked at now."""
        return list(self._watches)


class _Watch:
    """One name, looked at every so often, and at once for a newcomer."""

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
        """Whether a defect ended it."""
        return self._task is None

    def join(self, listener: Listener) -> None:
        self._newcomers.add(listener)
        self._wanted.set()

    def leave(self, listener: Listener) -> bool:
        """Return whether nobody is left."""
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
        """A defect must not leave anybody waiting for a word that never comes."""
        self._task = None
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("events ended: an internal error of the sidecar", exc_info=error)
            for listener in self._listeners | self._newcomers:
                listener.end()
