"""Secrets that are kept for a while: a bounded number of them, in a bounded amount of memory, by name."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Literal

from secret_sidecar.vaults.store import Secret

Which = tuple[str | None, str | None]
"""Version and stage, as they were asked for."""

MOST = 1024
MOST_BYTES = 4 << 20
_OVERHEAD = 512


@dataclass(slots=True)
class Total:
    """How much several of these use together."""

    bytes: int = 0


@dataclass(slots=True)
class Kept:
    """A secret, and when the call that brought it was sent."""

    secret: Secret
    sent: float

    @property
    def size(self) -> int:
        """About how many bytes it takes."""
        return _OVERHEAD + len(self.secret.name) + len(self.secret.value)


@dataclass(slots=True, eq=False)
class Fetch:
    """A call under way; what it brings is of no use any more once its name was forgotten."""

    name: str
    sent: float
    current: bool = True


class Keep:
    """What is kept of each name; those used longest ago go first."""

    def __init__(self, most: int = MOST, most_bytes: int = MOST_BYTES, total: Total | None = None) -> None:
        self._most = most
        self._total = total or Total()
        self._most_bytes = most_bytes
        self._names: OrderedDict[str, dict[Which, Kept]] = OrderedDict()
        self._fetches: dict[str, set[Fetch]] = {}
        self.count = 0
        self.bytes = 0

    def find(self, name: str, which: Which) -> Kept | None:
        """Return what is kept, however old."""
        kept = self._names.get(name)
        if kept is None:
            return None
        self._names.move_to_end(name)
        return kept.get(which)

    def begin(self, name: str, sent: float) -> Fetch:
        """Note that a call is sent."""
        fetch = Fetch(name, sent)
        self._fetches.setdefault(name, set()).add(fetch)
        return fetch

    def end(self, fetch: Fetch) -> None:
        """Note that it has ended."""
        fetches = self._fetches[fetch.name]
        fetches.discard(fetch)
        if not fetches:
            del self._fetches[fetch.name]

    def keep(self, fetch: Fetch, which: Which, secret: Secret) -> None:
        """Keep what a call brought: unless its name was forgotten since it was sent, or a later call did better."""
        if not fetch.current:
            return
        names = self._names.setdefault(fetch.name, {})
        self._names.move_to_end(fetch.name)
        old = names.get(which)
        if old is not None:
            if old.sent > fetch.sent:
                return
            self._count(old, -1)
        names[which] = new = Kept(secret, fetch.sent)
        self._count(new, 1)
        while self.count > self._most or self.bytes > self._most_bytes:
            self._drop(next(iter(self._names)))

    def forget(self, name: str) -> None:
        """Keep nothing of a name, nor what calls under way will bring."""
        if name in self._names:
            self._drop(name)
        self.distrust(name)

    def forget_all_but_current(self, name: str) -> None:
        """Keep of a name what was read without version or stage, and nothing else, nor what calls under way will bring.

        What a stage names may have changed since, and nobody looks whether a version given by its id is still there.
        """
        kinds = self._names.get(name, {})
        for which in [which for which in kinds if which != (None, None)]:
            self._count(kinds.pop(which), -1)
        if name in self._names and not kinds:
            del self._names[name]
        self.distrust(name)

    def distrust(self, name: str) -> None:
        """Keep nothing of what calls under way will bring."""
        for fetch in self._fetches.get(name, ()):
            fetch.current = False

    def expire(self, before: float) -> float | None:
        """Keep nothing that was sent for at that time or earlier; return when the oldest that is left was."""
        oldest = None
        for name, kinds in list(self._names.items()):
            for which, kept in list(kinds.items()):
                if kept.sent <= before:
                    self._count(kinds.pop(which), -1)
                elif oldest is None or kept.sent < oldest:
                    oldest = kept.sent
            if not kinds:
                del self._names[name]
        return oldest

    def clear(self) -> None:
        """Keep nothing."""
        for name in (*self._names, *self._fetches):
            self.forget(name)

    def _drop(self, name: str) -> None:
        for kept in self._names.pop(name).values():
            self._count(kept, -1)

    def _count(self, kept: Kept, sign: Literal[1, -1]) -> None:
        self.count += sign
        self.bytes += sign * kept.size
        self._total.bytes += sign * kept.size


def marked(secret: Secret, how: Literal["fresh", "stale"]) -> Secret:
    """Return a secret that says that it was kept."""
    return replace(secret, cached=how)
