"""What was done to the sidecar, and when: only that excuses an answer that is no value."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field

from tests.soak.expected_state import REMEMBERED, now

EVERYONE = "*"

EXCUSES: dict[str, frozenset[str]] = {
    "throttled": frozenset({"throttled"}),
    "unavailable": frozenset({"vault-unavailable"}),
    "odd": frozenset({"bad-upstream-response"}),
    "slow": frozenset({"timed-out"}),
    "credentials": frozenset({"identity-unavailable"}),
    "identity": frozenset({"identity-unavailable", "timed-out"}),
    "down": frozenset({"vault-unavailable", "timed-out"}),
    "lag": frozenset({"timed-out"}),
}
"""The problems that each effect of a fault may end in."""


@dataclass(slots=True)
class Trouble:
    """Something that was wrong for everybody, for a time."""

    effect: str
    what: str
    start: float
    end: float = float("inf")


@dataclass
class Journal:
    """Faults by name, troubles for all, and the vault's own request ids."""

    faults: defaultdict[str, deque[tuple[float, str, str]]] = field(default_factory=lambda: defaultdict(deque))
    troubles: list[Trouble] = field(default_factory=list)
    requests: dict[str, tuple[float, str]] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    breaches: list[str] = field(default_factory=list)
    """What the vault saw and must never see."""

    def fault(self, name: str, effect: str, what: str) -> None:
        """Note that a call for a name met a fault."""
        self.counts[what] += 1
        past = self.faults[name]
        past.append((now(), effect, what))
        while past[0][0] < now() - REMEMBERED:
            past.popleft()

    def begin(self, effect: str, what: str) -> Trouble:
        """Note that something is wrong for everybody from now on."""
        self.counts[what] += 1
        trouble = Trouble(effect, what, now())
        self.troubles.append(trouble)
        return trouble

    def issue(self, request_id: str, name: str) -> None:
        """Note the id of a call."""
        self.requests[request_id] = (now(), name)
        if len(self.requests) > 50_000:
            del self.requests[next(iter(self.requests))]

    def excused(self, name: str, start: float, end: float) -> set[str]:
        """Return the problems that what happened between two times excuses in a read of a name."""
        excuses: set[str] = set()
        for at, effect, _ in reversed(self.faults[name]):
            if at < start:
                break
            if at <= end:
                excuses |= EXCUSES[effect]
        for trouble in self.troubles:
            if trouble.start <= end and trouble.end >= start:
                excuses |= EXCUSES[trouble.effect]
        return excuses

    def between(self, name: str, start: float, end: float) -> list[str]:
        """Return what happened to a name, as lines."""
        lines = [f"{at:.4f} {what} ({effect})" for at, effect, what in self.faults[name] if start <= at <= end]
        troubles = [t for t in self.troubles if t.start <= end and t.end >= start]
        return lines + [f"{t.start:.4f} to {t.end:.4f} {t.what} ({t.effect}), for everybody" for t in troubles]
