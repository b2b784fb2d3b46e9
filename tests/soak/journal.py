"""Which faults the sidecar met, and when: only they excuse an answer without a value."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field

from tests.soak.expected_state import REMEMBERED, now

EXCUSES: dict[str, frozenset[str]] = {
    "throttled": frozenset({"throttled"}),
    "unavailable": frozenset({"vault-unavailable"}),
    "malformed": frozenset({"bad-upstream-response"}),
    "slow": frozenset({"timed-out"}),
    "credentials": frozenset({"identity-unavailable"}),
    "identity": frozenset({"identity-unavailable", "timed-out"}),
    "down": frozenset({"vault-unavailable", "timed-out"}),
    "lag": frozenset({"timed-out"}),
}
"""The problem types that each effect of a fault may lead to."""


@dataclass(slots=True)
class Outage:
    """A fault of all names, for a time."""

    effect: str
    what: str
    start: float
    end: float = float("inf")


@dataclass
class Journal:
    """Faults by name, outages of all names, and the vault's own request ids."""

    faults: defaultdict[str, deque[tuple[float, str, str]]] = field(default_factory=lambda: defaultdict(deque))
    outages: list[Outage] = field(default_factory=list)
    requests: dict[str, tuple[float, str]] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    breaches: list[str] = field(default_factory=list)
    """What the vault must never see, and saw."""

    def fault(self, name: str, effect: str, what: str) -> None:
        """Note that a call for a name met a fault."""
        self.counts[what] += 1
        past = self.faults[name]
        past.append((now(), effect, what))
        while past[0][0] < now() - REMEMBERED:
            past.popleft()

    def begin(self, effect: str, what: str) -> Outage:
        """Note that a fault of all names begins now."""
        self.counts[what] += 1
        outage = Outage(effect, what, now())
        self.outages.append(outage)
        return outage

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
        for outage in self.outages:
            if outage.start <= end and outage.end >= start:
                excuses |= EXCUSES[outage.effect]
        return excuses

    def between(self, name: str, start: float, end: float) -> list[str]:
        """Return what happened to a name, as lines."""
        lines = [f"{at:.4f} {what} ({effect})" for at, effect, what in self.faults[name] if start <= at <= end]
        outages = [t for t in self.outages if t.start <= end and t.end >= start]
        return lines + [f"{t.start:.4f} to {t.end:.4f} {t.what} ({t.effect}), all names" for t in outages]
