"""How fresh a read is: never older than its own arrival, unless keeping values was asked for.

Reads of the same share calls under that rule alone (coalescing.py). With a time to live, a value serves until so long
after the call that brought it was SENT, for the vault may have read it right then. Stale values serve while the vault
throttles, fails or does not answer, and only then. Whoever may not read any more, or what is there no more, is not
served from memory: a refusal forgets the name at once, with what calls under way are still to bring. So does a write,
and so does the news that there is another version.

A 403 to a look at metadata is a refusal only if it is news. Who may read a value need not be allowed to look (on Google
Cloud an accessor is not): then each look is refused, and was before the value was read. Where looks were allowed, or
none was made, a right may have been taken away, and the value's own is asked for anew.

One of these belongs to one identity: what one may read is not for another.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any

from secret_sidecar.errors import (
    Deleted,
    Denied,
    IdentityDelayed,
    IdentityTimedOut,
    NotFound,
    Throttled,
    TimedOut,
    Unavailable,
)
from secret_sidecar.reading.cache import MOST, Fetch, Keep, Total, marked
from secret_sidecar.reading.coalescing import SharedCalls
from secret_sidecar.reading.metrics import Metrics
from secret_sidecar.reading.store_wrapper import Operation, T, Wrapped
from secret_sidecar.vaults.store import Secret, Store

REFUSALS = (Denied, NotFound, Deleted)
"""What the vault says when it will not, or cannot, be read any more: 403, 404, 410."""
PASSING = (Throttled, Unavailable, TimedOut, IdentityDelayed, IdentityTimedOut)
"""What stale values serve for: throttling, 5xx and time-outs, of the vault or of the identity service."""

SWEEP = 1.0
"""Seconds between two looks for values that serve no more: so much longer than they may serve they are in memory."""

_WRITES = frozenset({"create", "put", "delete"})

Key = tuple[str, str | None, str | None]


class Fresh(Wrapped):
    """A store that bounds and shares reads, and keeps values for `ttl` seconds, stale ones for `stale` seconds more.

    `clock` gives seconds.
    """

    def __init__(
        self,
        store: Store,
        metrics: Metrics,
        *,
        ttl: float = 0.0,
        stale: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
        total: Total | None = None,
    ) -> None:
        super().__init__(store)
        self._metrics = metrics
        self._ttl = ttl
        self._stale = stale
        self._clock = clock
        self._sweeping: asyncio.TimerHandle | None = None
        self.keep = Keep(total=total) if ttl or stale else None
        self._looks: dict[str, str | None] = {}  # by name, the version last found; None if the look was refused
        self.calls: SharedCalls[Key, Secret] = SharedCalls(self._fetch if self.keep is None else self._fetch_and_keep)

    def get(
        self, name: str, deadline: float, *, version: str | None = None, stage: str | None = None
    ) -> Coroutine[Any, Any, Secret]:
        """Read a secret, from memory only if it may be."""
        if self.keep is None:
            return self.calls.get((name, version, stage), deadline)
        return self._get_or_keep(name, deadline, version, stage)

    async def _get_or_keep(self, name: str, deadline: float, version: str | None, stage: str | None) -> Secret:
        if secret := self._kept(name, version, stage):
            self._metrics.cache.add("hit")
            return secret
        try:
            secret = await self.calls.get((name, version, stage), deadline)
        except PASSING:
            if stale := self._kept(name, version, stage, self._stale):
                self._metrics.cache.add("stale")
                return stale
            raise
        self._metrics.cache.add("miss")
        return secret

    async def current_version(self, name: str, deadline: float) -> str:
        """Return the current version; what is kept of another is forgotten."""
        if self.keep is None:
            return await self.store.current_version(name, deadline)
        try:
            version = await self.store.current_version(name, deadline)
        except Denied:
            if self._looked(name, None) is not None:
                self.keep.forget(name)
            raise
        except REFUSALS:
            self._looks.pop(name, None)
            self.keep.forget(name)
            raise
        is_news = self._looked(name, version) != version
        kept = self.keep.find(name, (None, None))
        if kept is not None and kept.secret.version != version:
            self.keep.forget(name)
        elif is_news:
            self.keep.forget_all_but_current(name)
        else:
            self.keep.distrust(name)  # what was asked for earlier may be an older one
        return version

    def _around(self, operation: Operation, name: str, call: Coroutine[Any, Any, T]) -> Coroutine[Any, Any, T]:
        if self.keep is None or operation not in _WRITES:
            return call
        return self._forgetting(self.keep, name, call)

    async def _forgetting(self, keep: Keep, name: str, call: Coroutine[Any, Any, T]) -> T:
        """Forget a name that is written to, however the write ends."""
        try:
            return await call
        finally:
            keep.forget(name)

    async def close(self) -> None:
        """Keep nothing, and close the store."""
        self.calls.close()
        if self.keep is not None:
            self.keep.clear()
        if self._sweeping is not None:
            self._sweeping.cancel()
        await self.store.close()

    def _kept(self, name: str, version: str | None, stage: str | None, longer: float | None = None) -> Secret | None:
        """Return what is kept and not too old: stale only if it may serve for longer."""
        assert self.keep is not None  # noqa: S101
        kept = self.keep.find(name, (version, stage))
        if kept is None:
            return None
        age = self._clock() - kept.sent
        if age < self._ttl:
            return marked(kept.secret, "fresh")
        if longer is not None and age < self._ttl + longer:
            return marked(kept.secret, "stale")
        return None

    def _fetch(self, key: Key, deadline: float) -> Awaitable[Secret]:
        name, version, stage = key
        return self.store.get(name, deadline, version=version, stage=stage)

    async def _fetch_and_keep(self, key: Key, deadline: float) -> Secret:
        assert self.keep is not None  # noqa: S101
        fetch = self.keep.begin(key[0], self._clock())
        try:
            secret = await self._fetch(key, deadline)
        except REFUSALS:
            self.keep.forget(key[0])
            raise
        else:
            self._remember(fetch, key, secret)
            return secret
        finally:
            self.keep.end(fetch)

    def _remember(self, fetch: Fetch, key: Key, secret: Secret) -> None:
        assert self.keep is not None  # noqa: S101
        self.keep.keep(fetch, key[1:], secret)
        if self._sweeping is None and self.keep.count:
            self._sweep()

    def _sweep(self) -> None:
        """Keep no value that serves no more, though nobody asks for it; look again when the next one is to go."""
        assert self.keep is not None  # noqa: S101
        longest = self._ttl + self._stale
        now = self._clock()
        oldest = self.keep.expire(now - longest)
        self._sweeping = None
        if oldest is not None:
            pause = max(SWEEP, oldest + longest - now)
            self._sweeping = asyncio.get_running_loop().call_later(pause, self._sweep)

    @property
    def bytes(self) -> int:
        """About how much memory is used to keep values."""
        return 0 if self.keep is None else self.keep.bytes

    def _looked(self, name: str, found: str | None) -> str | None:
        """Note what a look found, and return what the look before it did; "" if none is known."""
        before = self._looks.pop(name, "")
        if len(self._looks) >= MOST:
            del self._looks[next(iter(self._looks))]  # what its next look finds will be news once more
        self._looks[name] = found
        return before


def gauges(metrics: Metrics, stores: Callable[[], Iterable[Fresh]]) -> None:
    """Show what these do together."""

    def total(of: Callable[[Fresh], int]) -> Callable[[], int]:
        return lambda: sum(of(fresh) for fresh in stores())

    metrics.gauge("vault_reads_in_flight", "Reads that the vault was asked for.", total(lambda f: f.calls.under_way))
    metrics.gauge("reads_waiting", "Reads that wait for a call that they share.", total(lambda f: f.calls.waiting))
    metrics.gauge("cached_bytes", "About how much memory is used to keep values.", total(lambda f: f.bytes))
