"""Reads from replicas in other regions while the home region does not answer.

Source: https://docs.aws.amazon.com/secretsmanager/latest/userguide/replicate-secrets.html (replicas have the names,
version ids and stages of the secret; they cannot be written)
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

from secret_sidecar.errors import TimedOut, Unavailable
from secret_sidecar.vaults.store import NewValue, Secret, Store, Written, expiry

HOME_TRIED_AGAIN = 10.0
"""Seconds after a failure of the home region in which replicas are asked first."""

T = TypeVar("T")
log = logging.getLogger(__name__)


class ReplicatedStore:
    """A store whose reads go to replicas while the home region is not available.

    Any answer counts, a refusal or a missing secret too: no replica is asked for what the home region refused. Each
    region gets an equal share of the time that is left. Writes go to the home region alone.
    """

    def __init__(self, home: Store, replicas: Mapping[str, Store]) -> None:
        self.backend = home.backend
        self.spelling = home.spelling
        self._home = home
        self._replicas = replicas
        self._failed_at = float("-inf")

    @property
    def expires(self) -> float | None:
        """When the credentials in use end, in seconds since 1970."""
        return expiry(self._home)

    async def get(self, name: str, deadline: float, *, version: str | None = None, stage: str | None = None) -> Secret:
        """Read a secret, in the first region that answers."""
        return await self._first(lambda store, until: store.get(name, until, version=version, stage=stage), deadline)

    async def current_version(self, name: str, deadline: float) -> str:
        """Return the id of the current version, in the first region that answers."""
        return await self._first(lambda store, until: store.current_version(name, until), deadline)

    async def probe(self, name: str, deadline: float) -> None:
        """Return if a region answered this identity."""
        await self._first(lambda store, until: store.probe(name, until), deadline)

    async def create(self, name: str, value: NewValue, deadline: float) -> Written:
        """Make a secret in the home region."""
        return await self._home.create(name, value, deadline)

    async def put(self, name: str, value: NewValue, deadline: float) -> Written:
        """Give a secret another version in the home region."""
        return await self._home.put(name, value, deadline)

    async def delete(self, name: str, deadline: float) -> Written:
        """Mark a secret for deletion in the home region."""
        return await self._home.delete(name, deadline)

    async def close(self) -> None:
        """Close connections in every region."""
        for store in (*self._replicas.values(), self._home):
            await store.close()

    async def _first(self, call: Callable[[Store, float], Awaitable[T]], deadline: float) -> T:
        loop = asyncio.get_running_loop()
        home, replicas = ("", self._home), list(self._replicas.items())
        is_avoided = loop.time() - self._failed_at < HOME_TRIED_AGAIN
        regions = [*replicas, home] if is_avoided else [home, *replicas]
        failure: Unavailable | TimedOut | None = None
        for tried, (region, store) in enumerate(regions):
            until = loop.time() + (deadline - loop.time()) / (len(regions) - tried)
            try:
                answer = await call(store, until)
            except (Unavailable, TimedOut) as error:
                if not region:
                    self._note_failure(error)
                failure = failure or error
            else:
                if not region:
                    self._failed_at = float("-inf")
                return answer
        assert failure is not None  # noqa: S101
        raise failure.with_traceback(None)

    def _note_failure(self, error: Unavailable | TimedOut) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._failed_at >= HOME_TRIED_AGAIN:
            log.warning("the home region does not answer: reading from replicas", extra={"reason": str(error)})
        self._failed_at = now
