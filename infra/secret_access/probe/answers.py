"""The answers in the log of a pod that asked. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

from .matrix import Answer, Cell, judge
from .plan import Probe


@dataclass(frozen=True)
class Answers:
    """What a pod was answered, by name."""

    pod: str
    by_name: Mapping[str, Answer]
    asked_at: str = ""
    """When the first answer came: ISO 8601, UTC."""
    why_none: str = ""
    """Why some names have no answer."""


def read(pod: str, log: str, why_none: str = "") -> Answers:
    """Return the answers that a log has. Lines that are none are ignored."""
    found: dict[str, Answer] = {}
    times = []
    for line in log.splitlines():
        try:
            said = json.loads(line)
        except ValueError:
            continue
        if not isinstance(said, dict) or not isinstance(said.get("name"), str):
            continue
        status = said.get("status")
        texts = {key: _text(said, key) for key in ("type", "backend", "code", "detail")}
        found[said["name"]] = Answer(
            status if type(status) is int else None,
            **texts,
            identity=_text(said, "identity") or None,
            request_id=_text(said, "request_id") or None,
        )
        times.append(_text(said, "at"))
    return Answers(pod, found, min(filter(None, times), default=""), why_none)


def cells(probe: Probe, answers: Answers) -> list[Cell]:
    """Return the judged cells of a probe's questions."""
    asked_by = f"{probe.identity.namespace}/{answers.pod} (ServiceAccount {probe.identity.service_account})"
    none = Answer(None, detail=answers.why_none or "the pod printed no answer")
    return [
        judge(
            replace(question, asked_by=asked_by if answers.pod else question.asked_by),
            answers.by_name.get(question.name, none),
        )
        for question in probe.questions
    ]


def _text(said: Mapping[str, object], key: str) -> str:
    value = said.get(key)
    return value if isinstance(value, str) else ""
