"""Metrics of calls to the vault."""

from __future__ import annotations

import time
from collections.abc import Coroutine
from typing import Any

from secret_sidecar import problems
from secret_sidecar.reading import audit
from secret_sidecar.reading.metrics import Metrics
from secret_sidecar.reading.store_wrapper import Operation, T, Wrapped
from secret_sidecar.vaults.store import Store


class ObservedStore(Wrapped):
    """A store whose calls are counted by operation and outcome, and timed."""

    def __init__(self, store: Store, metrics: Metrics) -> None:
        super().__init__(store)
        self._metrics = metrics

    async def _around(self, operation: Operation, name: str, call: Coroutine[Any, Any, T]) -> T:  # noqa: ARG002
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
