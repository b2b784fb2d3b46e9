"""The file by which a run that was stopped goes on: what was answered, and no secret.

One line of JSON for the run, then one for each probe. Lines are only ever added.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from .answers import Answers
from .errors import ProbeError
from .matrix import READ, REFUSED, Answer
from .plan import Probe

LONGEST = timedelta(hours=24)
"""After so long, what was answered says too little about today."""


@dataclass(frozen=True)
class Resumption:
    """A run's file."""

    path: Path
    answered: Mapping[str, Answers]
    """By `Probe.key`."""

    @classmethod
    def of(cls, path: Path, cluster: str, now: datetime | None = None) -> "Resumption":
        """Return what a file has of a run on this cluster; begin it if it is not there. Raise ProbeError."""
        now = now or datetime.now(UTC)
        try:
            lines = path.read_text(encoding="utf-8").splitlines(keepends=True) if path.exists() else []
            if lines and not lines[-1].endswith("\n"):  # whoever wrote it was killed
                path.write_text("".join(lines := lines[:-1]), encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ProbeError(f"cannot read {path}: {error}; give a file of an earlier --resume, or a new one") from None
        if not lines:
            resumption = cls(path, {})
            resumption._add({"cluster": cluster, "begun": now.isoformat(timespec="seconds")})
            return resumption
        try:
            head, *others = map(json.loads, lines)
            begun, of = datetime.fromisoformat(head["begun"]), head["cluster"]
            answered = {line["key"]: _answers(line) for line in others}
        except (ValueError, TypeError, KeyError, AttributeError):
            raise ProbeError(f"{path} is no file of a run: give a file of an earlier --resume, or a new one") from None
        if of != cluster:
            raise ProbeError(f"{path} is of a run on the cluster {of!r}, this one is {cluster!r}; give another file")
        if now - begun > LONGEST:
            raise ProbeError(f"{path} is of a run that began at {head['begun']}, more than a day ago; delete it")
        return cls(path, answered)

    def answers_to(self, probe: Probe) -> Answers | None:
        """Return what was answered, if all questions were."""
        found = self.answered.get(probe.key)
        return found if found and set(probe.names) <= set(found.by_name) else None

    def add(self, probe: Probe, answers: Answers) -> None:
        """Keep what was answered, unless some of it may be another answer the next time."""
        asked = [answers.by_name.get(name) for name in probe.names]
        if all(answer is not None and answer.status in (READ, REFUSED) for answer in asked):
            by_name = {name: asdict(answer) for name, answer in answers.by_name.items()}
            self._add({"key": probe.key, "pod": answers.pod, "asked_at": answers.asked_at, "answers": by_name})

    def _add(self, line: Mapping[str, Any]) -> None:
        try:
            with open(os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
        except OSError as error:
            raise ProbeError(f"cannot write {self.path}: {error.strerror}; give a file that can be written") from None


def _answers(line: Mapping[str, Any]) -> Answers:
    by_name = {str(name): Answer(**answer) for name, answer in line["answers"].items()}
    return Answers(str(line["pod"]), by_name, str(line["asked_at"]))
