"""Sidecars that each break one promise: `python -m tests.soak.broken_sidecar HOW`. The soak must detect them.

They are the real sidecar but for one fault in the store.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
import time
from collections.abc import Callable
from typing import Any

import secret_sidecar.vaults.aws.store as aws
from secret_sidecar import errors
from secret_sidecar.vaults.store import Secret
from tests.soak import instrumented_sidecar


class Store:
    """The unchanged store."""

    def __init__(self, store: Any) -> None:
        self._store = store

    def __getattr__(self, attribute: str) -> Any:
        return getattr(self._store, attribute)

    async def get(self, name: str, deadline: float, **selected: Any) -> Secret:
        """Read."""
        secret: Secret = await self._store.get(name, deadline, **selected)
        return secret


class Caches(Store):
    """Serves what it read up to a tenth of a second ago."""

    def __init__(self, store: Any) -> None:
        super().__init__(store)
        self._kept: dict[str, tuple[float, Secret]] = {}

    async def get(self, name: str, deadline: float, **selected: Any) -> Secret:
        """Read, or not."""
        if any(selected.values()):
            return await super().get(name, deadline, **selected)
        now = asyncio.get_running_loop().time()
        at, secret = self._kept.get(name, (0.0, None))
        if secret is None or now - at > 0.1:
            secret = await super().get(name, deadline)
            self._kept[name] = (now, secret)
        return secret


class Joins(Store):
    """Lets a read join a call that was already sent."""

    def __init__(self, store: Any) -> None:
        super().__init__(store)
        self._under_way: dict[str, asyncio.Task[Secret]] = {}

    async def get(self, name: str, deadline: float, **selected: Any) -> Secret:
        """Read, alone or with others."""
        if any(selected.values()):
            return await super().get(name, deadline, **selected)
        if name not in self._under_way:
            call = asyncio.create_task(self._read(name, deadline))
            self._under_way[name] = call
            call.add_done_callback(lambda _: self._under_way.pop(name))
        return await asyncio.shield(self._under_way[name])

    async def _read(self, name: str, deadline: float) -> Secret:
        """Read, and take a moment: else so few join that a short run may miss them."""
        secret = await super().get(name, deadline)
        await asyncio.sleep(0.01)
        return secret


class Mixes(Store):
    """Sometimes returns another caller's secret."""

    last: Secret | None = None

    async def get(self, name: str, deadline: float, **selected: Any) -> Secret:
        """Read, and mix up."""
        secret = await super().get(name, deadline, **selected)
        self.last, last = secret, self.last
        if last is not None and random.random() < 0.01:
            return Secret(name, last.value, last.version, last.encoding)
        return secret


class Loses(Store):
    """Answers 404 when the vault fails."""

    async def get(self, name: str, deadline: float, **selected: Any) -> Secret:
        """Read."""
        try:
            return await super().get(name, deadline, **selected)
        except (errors.Unavailable, errors.BadUpstreamResponse) as error:
            raise errors.NotFound(str(error)) from None


class Tells(Store):
    """Sometimes shows the value in a problem's detail."""

    async def get(self, name: str, deadline: float, **selected: Any) -> Secret:
        """Read, and tell."""
        secret = await super().get(name, deadline, **selected)
        if random.random() < 0.01:
            raise errors.BadUpstreamResponse(f"cannot use {secret.value}")
        return secret


class Keeps(Store):
    """Keeps fifty kilobytes of every read, and a file descriptor of some."""

    def __init__(self, store: Any) -> None:
        super().__init__(store)
        self._kept: list[Any] = []

    async def get(self, name: str, deadline: float, **selected: Any) -> Secret:
        """Read, and keep."""
        self._kept.append(random.randbytes(50_000))
        if random.random() < 0.01:
            self._kept.append(os.dup(0))
        return await super().get(name, deadline, **selected)


class Notes(Store):
    """Keeps a note of every read: about a hundred bytes."""

    def __init__(self, store: Any) -> None:
        super().__init__(store)
        self._notes: list[tuple[float, str]] = []

    async def get(self, name: str, deadline: float, **selected: Any) -> Secret:
        """Read, and note it."""
        self._notes.append((time.monotonic(), f"{name} {len(self._notes)}"))
        return await super().get(name, deadline, **selected)


class Fails(Store):
    """Raises what nobody expects."""

    async def get(self, name: str, deadline: float, **selected: Any) -> Secret:
        """Read, or fail."""
        if random.random() < 0.01:
            raise ZeroDivisionError
        return await super().get(name, deadline, **selected)


BROKEN: dict[str, Callable[[Any], Store]] = {
    "caches": Caches,
    "joins": Joins,
    "mixes": Mixes,
    "loses": Loses,
    "tells": Tells,
    "keeps": Keeps,
    "notes": Notes,
    "fails": Fails,
}

if __name__ == "__main__":
    broken, open_store = BROKEN[sys.argv[1]], aws.open_store
    aws.open_store = lambda settings: broken(open_store(settings))
    sys.exit(instrumented_sidecar.main())
