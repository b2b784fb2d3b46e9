"""The memory limit of all batch answers, and of all values that are being written, together."""

from __future__ import annotations

from secret_sidecar.errors import Overloaded

MOST = 48 << 20
"""Bytes: the largest possible answer, 100 values of 64 KiB escaped in JSON, plus the values themselves."""


class Budget:
    """The memory for answers and writes together, maybe as a part of a larger budget."""

    def __init__(self, most: int = MOST, within: Budget | None = None) -> None:
        self.most = most
        self.used = 0
        self._within = within

    def take(self, size: int) -> None:
        """Reserve so many more bytes, or raise Overloaded."""
        if self.used + size > self.most:
            raise Overloaded(
                f"{self.used} bytes of batches and writes are in memory: expected at most {self.most} at a time"
            )
        if self._within is not None:
            self._within.take(size)
        self.used += size

    def release(self, size: int) -> None:
        """Release so many bytes."""
        if self._within is not None:
            self._within.release(size)
        self.used -= size


BUDGET = Budget()
"""For all batches and writes of this process."""


class Reservation:
    """One answer's, or one write's, share of the budget."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._used = 0

    def take(self, size: int) -> None:
        """Reserve so many more bytes, or raise Overloaded."""
        self._budget.take(size)
        self._used += size

    def release(self, size: int) -> None:
        """Release so many bytes."""
        self._budget.release(size)
        self._used -= size

    def release_all(self) -> None:
        """Release everything."""
        self.release(self._used)
