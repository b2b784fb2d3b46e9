"""Calls to the vault, limited and shared, so that no read gets a result from before it arrived.

A read is sent at once while few calls with the same key, and not too many in all, are in flight. Beyond that, reads
with the same key wait together, and when a call ends, one call is made for all of them. A read never joins a call in
flight: its result may be older than the read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

from secret_sidecar.errors import Overloaded, TimedOut
from secret_sidecar.retry import Cause, noting

CALLS = 64
"""Calls in flight at a time: as many as a client has connections."""
WAITING = 1024
"""Reads that wait for a shared call at a time."""
AT_ONCE = 4
"""Calls for one key in flight at a time, unless they take long."""
PATIENCE = 0.1
"""Seconds after which a waiting read no longer waits for other calls of its key, which may hang."""

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


class SharedCalls(Generic[K, T]):
    """Makes calls for readers: `call(key, deadline)`, deadlines in the loop's time."""

    def __init__(
        self,
        call: Callable[[K, float], Awaitable[T]],
        *,
        calls: int = CALLS,
        waiting: int = WAITING,
        at_once: int = AT_ONCE,
    ) -> None:
        self._call = call
        self._most_calls = calls
        self._most_waiting = waiting
        self._at_once = at_once
        self._by_key: dict[K, int] = {}
        self._unsent: dict[K, _Shared[T]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.under_way = 0
        self.waiting = 0
        self.spared = 0

    async def get(self, key: K, deadline: float) -> T:
        """Return the result of a call sent from now on, raise its error, or raise Overloaded at once."""
        if self.under_way >= self._most_calls or self._by_key.get(key, 0) >= self._at_once:
            return await self._wait(key, deadline)
        self._begin(key)
        try:
            return await self._call(key, deadline)
        finally:
            self._end(key)

    def close(self) -> None:
        """Cancel the shared calls, and the reads that wait for them."""
        for shared in self._unsent.values():
            shared.cancel()
        self._unsent.clear()
        for task in self._tasks:
            task.cancel()

    async def _wait(self, key: K, deadline: float) -> T:
        if self.waiting >= self._most_waiting:
            raise Overloaded(f"{self.waiting} reads are waiting already: expected fewer at a time")
        loop = asyncio.get_running_loop()
        shared = self._unsent.get(key)
        if shared is None:
            shared = self._unsent[key] = _Shared(deadline)
            loop.call_later(PATIENCE, self._hurry, key, shared)
        else:
            self.spared += 1
        waiter: asyncio.Future[T] = loop.create_future()
        shared.waiters.add(waiter)
        shared.deadline = max(shared.deadline, deadline)
        self.waiting += 1
        timer = loop.call_at(deadline, shared.expire, waiter)
        try:
            return await waiter
        finally:
            timer.cancel()
            self.waiting -= 1
            shared.waiters.discard(waiter)
            if not shared.waiters and self._unsent.get(key) is shared:
                del self._unsent[key]
            del waiter  # it may hold an error, whose traceback has this frame: nobody should have to search for that

    def _begin(self, key: K) -> None:
        self.under_way += 1
        self._by_key[key] = self._by_key.get(key, 0) + 1

    def _end(self, key: K) -> None:
        self.under_way -= 1
        left = self._by_key[key] - 1
        if left:
            self._by_key[key] = left
        else:
            del self._by_key[key]
        if self._unsent:
            self._send_next()

    def _send_next(self) -> None:
        """Send the call that has waited longest and may be sent now."""
        for key, shared in self._unsent.items():
            if shared.overdue or self._by_key.get(key, 0) < self._at_once:
                self._send(key, shared)
                return

    def _hurry(self, key: K, shared: _Shared[T]) -> None:
        if self._unsent.get(key) is shared:
            shared.overdue = True
            if self.under_way < self._most_calls:
                self._send(key, shared)

    def _send(self, key: K, shared: _Shared[T]) -> None:
        del self._unsent[key]
        self._begin(key)
        task = asyncio.create_task(self._make(key, shared))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _make(self, key: K, shared: _Shared[T]) -> None:
        shared.cause = noting()
        try:
            result = await self._call(key, shared.deadline)
        except asyncio.CancelledError:
            shared.cancel()
            raise
        except Exception as error:  # noqa: BLE001 (it is raised again where it is waited for)
            shared.fail(error)
        else:
            shared.give(result)
        finally:
            shared.cause.error = None
            self._end(key)


class _Shared(Generic[T]):
    """A call shared by several reads; until it is sent, others may join."""

    def __init__(self, deadline: float) -> None:
        self.deadline = deadline
        self.waiters: set[asyncio.Future[T]] = set()
        self.cause = Cause()
        self.overdue = False

    def give(self, result: T) -> None:
        """Answer all waiting reads."""
        for waiter in self.waiters:
            if not waiter.done():
                waiter.set_result(result)

    def fail(self, error: Exception) -> None:
        """Raise an error in all waiting reads."""
        for waiter in self.waiters:
            if not waiter.done():
                waiter.set_exception(error)

    def cancel(self) -> None:
        """Cancel the waiting reads."""
        for waiter in self.waiters:
            waiter.cancel()

    def expire(self, waiter: asyncio.Future[T]) -> None:
        """End one read's wait with the last error so far, if there was one."""
        if not waiter.done():
            waiter.set_exception(self.cause.error or TimedOut("no answer was there before the deadline"))
