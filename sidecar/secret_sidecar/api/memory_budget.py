"""A limit on the memory of all answers that are made of many secrets."""

from __future__ import annotations

from secret_sidecar.errors import Overloaded

MOST = 48 << 20
"""Bytes: the largest answer there can be, 100 values of 64 KiB that JSON escapes, with the values it is made of."""


class Budget:
    """How much memory there is for all answers together."""

    def __init__(self, most: int = MOST) -> None:
        self.most = most
        self.used = 0


class Reservation:
    """What one answer takes of a budget."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._used = 0

    def take(self, size: int) -> None:
        """Reserve so many bytes more, or raise Overloaded."""
        budget = self._budget
        if budget.used + size > budget.most:
            raise Overloaded(f"{budget.used} bytes of batches are in memory: expected at most {budget.most} at a time")
        budget.used += size
        self._used += size

    def release(self, size: int) -> None:
        """Give so many bytes back."""
        self._budget.used -= size
        self._used -= size

    def release_all(self) -> None:
        """Give everything back."""
        self.release(self._used)
