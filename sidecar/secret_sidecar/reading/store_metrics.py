"""Metrics of calls to the vault."""

from __future__ import annotations

import time
from collections.abc import Awaitable
from typing import TypeVar

from secret_sidecar import problems
from secret_sidecar.reading import audit
from secret_sidecar.reading.metrics import Metrics
from secret_sidecar.reading.store_wrapper import Wrapped
from secret_sidecar.vaults.store import NewValue, Secret, Store, Written

T = TypeVar("T")


class ObservedCalls(Wrapped):
    """A store whose calls are counted by operation and outcome, and timed."""

    def __init__(self, store: Store, metrics: Metrics) -> None:
        super().__init__(store)
        self._metrics = metrics

    async def get(self, name: str, deadline: float, *, version: str | None = None, stage: str | None = None) -> Secret:
        """Read a secret."""
        return await self._observed("get", self.store.get(name, deadline, version=version, stage=stage))

    async def current_version(self, name: str, deadline: float) -> str:
        """Return the current version."""
        return await self._observed("current_version", self.store.current_version(name, deadline))

    async def create(self, name: str, value: NewValue, deadline: float) -> Written:
        """Make a secret."""
        return await self._observed("create", self.store.create(name, value, deadline))

    async def put(self, name: str, value: NewValue, deadline: float) -> Written:
        """Give a secret a new value."""
        return await self._observed("put", self.store.put(name, value, deadline))

    async def delete(self, name: str, deadline: float) -> Written:
        """Delete a secret."""
        return await self._observed("delete", self.store.delete(name, deadline))

    async def probe(self, name: str, deadline: float) -> None:
        """Return if the vault answered."""
        await self._observed("probe", self.store.probe(name, deadline))

    async def _observed(self, operation: str, call: Awaitable[T]) -> T:
        metrics = self._metrics
        outcome = problems.INTERNAL_ERROR.slug
        began = time.perf_counter()
        try:
            result = await call
            outcome = audit.OK
        except Exception as error:
            outcome = problems.kind_of(error).slug
            raise
        finally:
            metrics.vault_calls.add(operation, outcome)
            metrics.vault_seconds.add(operation, time.perf_counter() - began)
        return result
