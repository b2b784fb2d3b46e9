"""What every name held, and when. All times are the loop's, of the one process that is both vault and callers."""

from __future__ import annotations

import base64
import json
import random
import time
import uuid
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

now = time.monotonic

MARK = "SOAK~"
"""In every value, key and token: nothing that holds it may be in a problem, a header or a log line."""
REMEMBERED = 30.0
"""Seconds for which the past is kept: longer than any request takes."""
VERSIONS = 200
"""Versions of a name that can still be read by their id."""
RECENT = 20_000
"""Versions, of all names, of which the value is known; whose they are is known of all."""


@dataclass(frozen=True, slots=True)
class Value:
    """One version of a secret, as the API shows it."""

    name: str
    ordinal: int
    version: str
    shown: str
    encoding: str | None = None


@dataclass(slots=True)
class Period:
    """A time in which a healthy vault gives one answer: a value (200), denied (403), none (404) or deleted (410)."""

    start: float
    status: int
    value: Value | None
    previous: Value | None
    end: float = float("inf")


@dataclass(slots=True)
class Name:
    """A name and its past."""

    full: str
    kind: str
    status: int = 200
    periods: deque[Period] = field(default_factory=deque)
    versions: dict[str, Value] = field(default_factory=dict)

    @property
    def current(self) -> Period:
        """What is now."""
        return self.periods[-1]

    def during(self, start: float, end: float) -> Iterator[Period]:
        """Return what was at some time between two, the latest first."""
        for period in reversed(self.periods):
            if period.end < start:
                return
            if period.start <= end:
                yield period


KINDS = {"text": 24, "binary": 4, "json": 4, "toggled": 6, "fleeting": 6, "written": 4, "foreign": 4, "missing": 4}
"""How many names of each kind there are: toggled ones are denied at times, fleeting ones deleted, purged and made, and
those that are written change through the sidecar too."""


class ExpectedState:
    """All names."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.names: dict[str, Name] = {}
        self.of: dict[str, list[Name]] = {kind: [] for kind in KINDS}
        self.owner: dict[str, str] = {}
        """Every version ever made, and whose it is."""
        self.recent: dict[str, Value] = {}
        self.written: Counter[str] = Counter()
        """How many versions each value made that was written through the sidecar."""
        self.changes = 0
        for kind, count in KINDS.items():
            for number in range(count):
                prefix = "prod" if kind == "foreign" else "test"
                name = Name(f"{prefix}/{kind}-{number}", kind, {"foreign": 403, "missing": 404}.get(kind, 200))
                self.names[name.full] = name
                self.of[kind].append(name)
                if kind == "missing":
                    self._begin(name, None)

    @property
    def holding(self) -> list[Name]:
        """The names that hold values."""
        return [name for name in self.names.values() if name.kind != "missing"]

    def put(self, name: Name, value: Value) -> None:
        """A name has this value now."""
        name.versions[value.version] = value
        self.owner[value.version] = name.full
        self.recent[value.version] = value
        if len(self.recent) > RECENT:
            del self.recent[next(iter(self.recent))]
        if len(name.versions) > VERSIONS:
            del name.versions[next(iter(name.versions))]
        self._begin(name, value)

    def set_status(self, name: Name, status: int) -> None:
        """A name is readable (200), denied (403), purged (404) or deleted (410) now; a purged one once it is `put`."""
        was, name.status = name.status, status
        if was == 404:
            name.versions.clear()
        else:
            self._begin(name, name.current.value)

    def was_current(self, full: str, version: str, start: float, end: float) -> bool:
        """Whether a healthy vault would have given this version as the current one at some time between two."""
        return any(value.version == version for value in self.readable(full, start, end, {}))

    def readable(self, full: str, start: float, end: float, selected: Mapping[str, str]) -> list[Value]:
        """Return the values that a healthy vault may have given in that time, for a version or a stage maybe."""
        periods = [period for period in self.names[full].during(start, end) if period.status == 200]
        if "version" in selected:
            value = self.recent.get(selected["version"])
            return [value] if periods and value is not None and value.name == full else []
        if selected.get("stage") == "AWSPREVIOUS":
            return [period.previous for period in periods if period.previous]
        return [period.value for period in periods if period.value]

    def was(self, full: str, status: int, start: float, end: float, selected: Mapping[str, str]) -> bool:
        """Whether a healthy vault would have answered with this refusal at some time between two."""
        name = self.names[full]
        if any(period.status == status for period in name.during(start, end)):
            return True
        if status == 404 and "version" in selected:
            return selected["version"] not in name.versions  # forgotten since
        return status == 404 and "stage" in selected and any(not period.previous for period in name.during(start, end))

    def _begin(self, name: Name, value: Value | None) -> None:
        at = now()
        previous = None
        if name.periods:
            current = name.periods[-1]
            current.end = at
            previous = current.previous if value is current.value else current.value
            while name.periods and name.periods[0].end < at - REMEMBERED:
                name.periods.popleft()
        if previous is not None and previous.version not in name.versions:
            previous = None
        name.periods.append(Period(at, name.status, value, previous))
        self.changes += 1

    def next_ordinal(self, name: Name) -> int:
        """Return the number of a name's next version."""
        return name.current.value.ordinal + 1 if name.periods and name.current.value else 1

    def new_value(self, name: Name) -> Value:
        """Draw a value that no name has had."""
        draw = self.random
        ordinal = self.next_ordinal(name)
        version = str(uuid.UUID(int=draw.getrandbits(128), version=4))
        text = f"{MARK}{name.full}~{ordinal}~{draw.getrandbits(64):016x}"
        text += draw.choice(("", ' "quoted" \\ \n', "~мир 世界 🔑"))
        text += "x" * draw.choice((0, 20, 20, 200, 200, 2000, 60_000 if ordinal % 50 == 0 else 0))
        if name.kind == "binary":
            encoded = base64.b64encode(b"\x00\xff" + text.encode()).decode()
            return Value(name.full, ordinal, version, encoded, "base64")
        if name.kind == "json":
            return Value(name.full, ordinal, version, json.dumps({"field": text, "number": ordinal, "none": None}))
        return Value(name.full, ordinal, version, text)
