"""The file by which a run that was stopped goes on: what was answered, and no secret.

One line of JSON for the run, then one for each probe. Lines are only ever added.
"""

import json
import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from . import job
from .answers import Answers, Asked, cells
from .errors import ProbeError
from .matrix import READ, Answer, Cell
from .plan import Probe

LONGEST = timedelta(hours=24)
"""After so long, what was answered says too little about today."""
AHEAD = timedelta(minutes=5)
"""How far two clocks may be apart."""


@dataclass(frozen=True)
class Resumption:
    """A run's file."""

    path: Path
    answered: Mapping[str, tuple[str, Answers]]
    """By `Probe.key`: of which pod, as `job.digest` tells, and what it was answered."""
    unread: frozenset[Asked] = frozenset()
    """Secrets that their owners could not read: what others were answered about them proves nothing."""

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
            age = now - begun
            answered, unread = _known(others)
        except (ValueError, TypeError, KeyError, AttributeError):
            raise ProbeError(f"{path} is no file of a run: give a file of an earlier --resume, or a new one") from None
        if of != cluster:
            raise ProbeError(f"{path} is of a run on the cluster {of!r}, this one is {cluster!r}; give another file")
        if not -AHEAD <= age <= LONGEST:
            raise ProbeError(
                f"{path} is of a run that began at {head['begun']}, and it is {now.isoformat(timespec='seconds')}: "
                "expected at most a day between; delete it"
            )
        return cls(path, answered, frozenset(unread))

    def answers_to(self, probe: Probe) -> Answers | None:
        """Return what was answered, if all questions were, by a pod that would be the same today."""
        digest, found = self.answered.get(probe.key, ("", None))
        return found if found and digest == job.digest(probe) else None

    def add(self, probe: Probe, answers: Answers) -> None:
        """Keep what was answered if all of it is as expected, else only what the owner could not read.

        The rest may be another answer the next time: somebody mends it.
        """
        found = cells(probe, answers)
        if all(cell.right for cell in found):
            to = [[*asked, asdict(answer)] for asked, answer in answers.to.items()]
            line = {"pod": answers.pod, "asked_at": answers.asked_at, "answers": to}
            self._add({"key": probe.key, "digest": job.digest(probe), **line})
        else:
            unread = [cell.question for cell in found if cell.question.expected == READ and _is_refused(cell)]
            self._add({"unread": [[each.place, each.name] for each in unread]})

    def proves_nothing_of(self, probe: Probe, read: Collection[Asked]) -> bool:
        """Return whether it was answered about a secret that its owner could not read then, and has read now."""
        return any(
            (each.place, each.name) in self.unread and (each.place, each.name) in read for each in probe.questions
        )

    def _add(self, line: Mapping[str, Any]) -> None:
        try:
            with open(os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
        except OSError as error:
            raise ProbeError(f"cannot write {self.path}: {error.strerror}; give a file that can be written") from None


def _is_refused(cell: Cell) -> bool:
    """Return whether the vault itself said that there is nothing to read, or no right to."""
    return cell.status != READ and cell.decided_by == cell.question.vault


def _known(lines: Iterable[Mapping[str, Any]]) -> tuple[dict[str, tuple[str, Answers]], set[Asked]]:
    """Return what the lines say, in their order: what is older than the owner's first read of a secret is left out."""
    answered: dict[str, tuple[str, Answers]] = {}
    unread: set[Asked] = set()
    for line in lines:
        if "unread" in line:
            unread |= {(str(place), str(name)) for place, name in line["unread"]}
            continue
        to = {(str(place), str(name)): Answer(**answer) for place, name, answer in line["answers"]}
        read = {asked for asked in unread if asked in to and to[asked].status == READ}
        answered = {key: each for key, each in answered.items() if not read & set(each[1].to)} if read else answered
        unread -= read
        answered[line["key"]] = (str(line["digest"]), Answers(str(line["pod"]), to, str(line["asked_at"])))
    return answered, unread
