"""The isolation matrix: who was asked for what, what was expected, and who decided.

A cell of another namespace's secret is right only if the cloud refused it, and the owner read the same secret in the
same run. A refusal of what does not exist, a timeout or an error of the sidecar proves nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.cloud import Cloud
from local.trail import Call


@dataclass(frozen=True)
class Question:
    """A namespace asking a cloud's vault for a secret, and the pod and container that did so for it.

    ``prefix``: what the names of the namespace's own secrets begin with. ``address``: the pod's, as the cloud sees it.
    """

    cloud: Cloud
    asker: str
    prefix: str
    name: str
    pod: str
    container: str = "app"
    address: str = ""

    @property
    def asked_by(self) -> str:
        """Who asked: the pod, and the container in it."""
        return f"{self.asker}/{self.pod} (container {self.container})"

    @property
    def expected(self) -> int:
        """The status it should get: 200 for the namespace's own secrets, 403 for every other's."""
        return 200 if self.name.startswith(self.prefix) else 403


@dataclass(frozen=True)
class Cell:
    """A question, its answer, who decided it, and the line of the cloud's trail that shows so."""

    question: Question
    status: int
    decided_by: str
    detail: str
    call: Call | None = None

    @property
    def right(self) -> bool:
        """Whether the answer is the expected one, decided by the cloud."""
        return self.status == self.question.expected and self.decided_by == self.question.cloud.name

    def as_json(self) -> dict[str, Any]:
        """The cell as ``isolation.json`` has it."""
        return {
            "vault": self.question.cloud.name,
            "from": self.question.asker,
            "name": self.question.name,
            "expected": self.question.expected,
            "status": self.status,
            "decided_by": self.decided_by,
            "asked_by": self.question.asked_by,
            "detail": self.detail,
            "identity": self.call and self.call.identity,
            "request_id": self.call and self.call.request_id,
        }


def judge(question: Question, answer: dict[str, Any], calls: Iterable[Call], stored: str) -> Cell:
    """Tell from an answer, and from what the cloud logged while it was made, who decided it.

    ``calls`` are the trail's lines since the question was asked; ``stored`` is the value that the vault holds.
    """
    cloud = question.cloud
    body = answer["body"] if isinstance(answer["body"], dict) else {}
    reads = [call for call in calls if call.action == cloud.read and call.name == question.name]
    reads = [call for call in reads if cloud.is_of_asker(call, question)]
    status = int(answer["status"])
    if status == 200:
        served = next((call for call in reads if call.status == 200), None)
        if served is None:
            return Cell(question, status, "nobody", "the cloud logged no such read")
        if body.get("value") != stored:
            return Cell(question, status, "sidecar", "not the value that the vault holds")
        return Cell(question, status, cloud.name, f"read as {served.identity}", served)
    if cloud.request_ids:
        reads = [call for call in reads if call.request_id == body.get("request_id")]
    decision = reads[-1] if reads else None
    said = decision is not None and decision.code == body.get("code")
    by_cloud = said and (status != 403 or body.get("code") == cloud.denied)
    detail = str(body.get("detail") or answer["body"])
    return Cell(question, status, cloud.name if by_cloud else "sidecar", detail, decision)


def wrong(cells: list[Cell]) -> list[str]:
    """What is not as expected, in words; empty if isolation is proven."""
    read_by_owner = {_secret(cell) for cell in cells if cell.question.expected == 200 and cell.right}
    found = [] if cells else ["nothing was asked"]
    for cell in cells:
        asked = f"{cell.question.asker} asking for {cell.question.name}"
        if not cell.right:
            found.append(
                f"{asked}: {cell.status} decided by {cell.decided_by}, "
                f"expected {cell.question.expected} decided by {cell.question.cloud.name} ({cell.detail})"
            )
        elif _secret(cell) not in read_by_owner:
            found.append(f"{asked}: refused, but its owner could not read it either, so that proves nothing")
    return found


def _secret(cell: Cell) -> tuple[str, str]:
    return cell.question.cloud.name, cell.question.name


def table(cells: list[Cell]) -> str:
    """The matrix for a terminal.

    Of one vault: a row for each asking namespace, a column for each secret. Of several: a row for each question, and a
    column for each vault that was asked it.
    """
    by_vault = len({cell.question.cloud.name for cell in cells}) > 1
    rows: dict[tuple[str, ...], dict[str, str]] = {}
    for cell in cells:
        asked = cell.question
        row, column = ((asked.asker, asked.name), asked.cloud.name) if by_vault else ((asked.asker,), asked.name)
        rows.setdefault(row, {})[column] = _show(cell)
    columns = list(dict.fromkeys(column for row in rows.values() for column in row))
    lines = [["asked from", *(["for"] if by_vault else []), *columns]]
    lines += [[*asked_for, *(row.get(column, "-") for column in columns)] for asked_for, row in rows.items()]
    widths = [max(map(len, texts)) for texts in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def _show(cell: Cell) -> str:
    return f"{cell.status} by {cell.decided_by}" + ("" if cell.right else f", expected {cell.question.expected}")


def write(cells: list[Cell], path: Path) -> None:
    """Keep the matrix as JSON."""
    path.write_text(json.dumps([cell.as_json() for cell in cells], indent=2) + "\n")
