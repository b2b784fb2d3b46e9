"""What one ServiceAccount may use of the service, with all its tokens together, so that it cannot lock the others out.

The cloud has confirmed who it is: an account is only made for a caller whose token was exchanged.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from weakref import WeakValueDictionary

from secret_sidecar.api.events import Streams
from secret_sidecar.api.memory_budget import BUDGET, Budget
from secret_sidecar.errors import Overloaded

REQUESTS = 128
"""Requests of one ServiceAccount in progress: a quarter of the connections that the server has."""
BATCHES = 16 << 20
"""Bytes of its unread batchGet answers and of its writes: a third of those of all.

100 values of 64 KiB that need no escapes fit."""


class Account:
    """One ServiceAccount's use of the service; its streams are limited like a sidecar's."""

    def __init__(self) -> None:
        self.requests = 0
        self.streams = Streams()
        self.memory = Budget(BATCHES, within=BUDGET)

    @contextmanager
    def request(self) -> Iterator[None]:
        """Count a request in progress, or raise Overloaded."""
        if self.requests >= REQUESTS:
            raise Overloaded(
                f"{self.requests} requests of this ServiceAccount are in progress: expected fewer at a time"
            )
        self.requests += 1
        try:
            yield
        finally:
            self.requests -= 1


class Accounts:
    """The accounts of those callers that there are just now, by the subject of their tokens."""

    def __init__(self) -> None:
        self._accounts: WeakValueDictionary[str, Account] = WeakValueDictionary()

    def of(self, subject: str) -> Account:
        """Return the account that all callers with this subject share."""
        account = self._accounts.get(subject)
        if account is None:
            account = self._accounts[subject] = Account()
        return account
