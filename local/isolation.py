"""The laptop's isolation matrix: the cloud's trail has to confirm what the sidecar says of each cell.

The matrix and its judging are those of `secret-access prove`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from local.cloud import Cloud
from local.trail import Call
from secret_access.probe import matrix
from secret_access.probe.matrix import NOBODY, READ, REFUSED, SIDECAR, Answer, Cell, table, wrong

__all__ = ["Cell", "Question", "judge", "table", "write", "wrong"]


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
    def in_matrix(self) -> matrix.Question:
        """The question as the matrix has it."""
        return matrix.Question(
            vault=self.cloud.name,
            asker=self.asker,
            name=self.name,
            expected=READ if self.name.startswith(self.prefix) else REFUSED,
            asked_by=f"{self.asker}/{self.pod} (container {self.container})",
        )


def judge(question: Question, answer: dict[str, Any], calls: Iterable[Call], stored: str) -> Cell:
    """Tell from an answer, and from what the cloud logged while it was made, who decided it.

    ``calls`` are the trail's lines since the question was asked; ``stored`` is the value that the vault holds.
    """
    cloud = question.cloud
    body = answer["body"] if isinstance(answer["body"], dict) else {}
    reads = [call for call in calls if call.action == cloud.read and call.name == question.name]
    reads = [call for call in reads if cloud.is_of_asker(call, question)]
    cell = matrix.judge(question.in_matrix, _answer(answer, body))
    if cell.status == READ:
        served = next((call for call in reads if call.status == READ), None)
        if served is None:
            return replace(cell, decided_by=NOBODY, detail="the cloud logged no such read")
        if body.get("value") != stored:
            return replace(cell, decided_by=SIDECAR, detail="not the value that the vault holds")
        return replace(
            cell, detail=f"read as {served.identity}", identity=served.identity, request_id=served.request_id
        )
    if cloud.request_ids:
        reads = [call for call in reads if call.request_id == body.get("request_id")]
    if not reads:
        return replace(cell, decided_by=SIDECAR, identity=None, request_id=None)
    decision = reads[-1]
    confirmed = decision.code == body.get("code")
    return replace(
        cell,
        decided_by=cell.decided_by if confirmed else SIDECAR,
        identity=decision.identity,
        request_id=decision.request_id,
    )


def _answer(answer: dict[str, Any], body: dict[str, Any]) -> Answer:
    status = int(answer["status"])
    if status == READ:
        return Answer(status)
    said = {key: str(body.get(key) or "") for key in ("type", "backend", "code", "request_id")}
    return Answer(status, detail=str(body.get("detail") or answer["body"]), **said)


def write(cells: list[Cell], path: Path) -> None:
    """Keep the matrix as JSON."""
    path.write_text(json.dumps([cell.as_json() for cell in cells], indent=2) + "\n")
