"""A cloud's trail: one line per call that it got, with who asked, from where, for what, and how it ended."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Call:
    """One call of a cloud and its outcome: never a value, a token or a key.

    ``client`` is the address that it came from; ``code`` the cloud's error code, empty where there was none.
    ``name`` is the secret's, as the laptop's names are written: ``test/database-password``.
    """

    time: str
    request_id: str
    client: str
    action: str
    identity: str
    name: str
    status: int
    code: str


def _call(line: str) -> Call:
    return Call(**json.loads(line))


@dataclass(frozen=True)
class TrailFile:
    """Where a cloud writes its calls. ``parse`` reads a line; None is one that tells of no answer to a call."""

    path: Path
    parse: Callable[[str], Call | None] = _call

    def append(self, call: Call) -> None:
        """Write a call's line."""
        with open(self.path, "a") as trail:
            trail.write(json.dumps(asdict(call)) + "\n")

    def length(self) -> int:
        """How many bytes are written, as a mark for `since`."""
        return self.path.stat().st_size if self.path.exists() else 0

    def since(self, mark: int) -> list[Call]:
        """The calls that the cloud got since the mark; a line that is being written is left for later."""
        if not self.path.exists():
            return []
        with open(self.path) as trail:
            trail.seek(mark)
            calls = [self.parse(line) for line in trail if line.endswith("\n")]
        return [call for call in calls if call is not None]
