"""The memory limit of all batch answers together."""

from __future__ import annotations

from secret_sidecar.errors import Overloaded

MOST = 48 << 20
"""Bytes: the largest possible answer, 100 values of 64 KiB escaped in JSON, plus the values themselves."""


class Budget:
    """The memory for all answers together."""

    def __init__(self, most: int = MOST) -> None:
        self.most = most
        self.used = 0


class Reservation:
    """One answer's share of the budget."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._used = 0

    def take(self, size: int) -> None:
        """Reserve so many more bytes, or raise Overloaded."""
        budget = self._budget
        if budget.used + size > budget.most:
            raise Overloaded(f"{budget.used} bytes of batches are in memory: expected at most {budget.most} at a time")
        budget.used += size
        self._used += size

    def release(self, size: int) -> None:
        """Release so many bytes."""
        self._budget.used -= size
        self._used -= size

    def release_all(self) -> None:
        """Release everything."""
        self.release(self._used)
