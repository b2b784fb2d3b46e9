"""The answers in the log of a pod that asked. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

from .matrix import Answer, Cell, Question, judge
from .plan import Probe

Asked = tuple[str, str]
"""The place and the name of a secret."""
TWICE = "the log has several answers to this, which are not the same"


@dataclass(frozen=True)
class Answers:
    """What a pod was answered."""

    pod: str
    to: Mapping[Asked, Answer]
    asked_at: str = ""
    """When the first answer came: ISO 8601, UTC."""
    why_none: str = ""
    """Why some questions have no answer."""

    def of(self, question: Question) -> Answer | None:
        """Return the answer to a question, if there is one."""
        return self.to.get((question.place, question.name))


def read(pod: str, log: str, why_none: str = "") -> Answers:
    """Return the answers that a log has. Lines that are none are ignored, and of two that differ neither counts."""
    found: dict[Asked, Answer] = {}
    times = []
    for line in log.splitlines():
        try:
            said = json.loads(line)
        except ValueError:
            continue
        if (
            not isinstance(said, dict)
            or not isinstance(said.get("name"), str)
            or not isinstance(said.get("place"), str)
        ):
            continue
        asked = said["place"], said["name"]
        answer = _answer(said)
        found[asked] = answer if found.get(asked, answer) == answer else Answer(None, detail=TWICE)
        times.append(_text(said, "at"))
    return Answers(pod, found, min(filter(None, times), default=""), why_none)


def cells(probe: Probe, answers: Answers) -> list[Cell]:
    """Return the judged cells of a probe's questions."""
    asked_by = f"{probe.identity.namespace}/{answers.pod} (ServiceAccount {probe.identity.service_account})"
    none = Answer(None, detail=answers.why_none or "the pod printed no answer")
    return [
        judge(replace(question, asked_by=asked_by if answers.pod else question.asked_by), answers.of(question) or none)
        for question in probe.questions
    ]


def _answer(said: Mapping[str, object]) -> Answer:
    status = said.get("status")
    texts = {key: _text(said, key) for key in ("type", "backend", "code", "detail")}
    return Answer(
        status if type(status) is int else None,
        **texts,
        identity=_text(said, "identity") or None,
        request_id=_text(said, "request_id") or None,
    )


def _text(said: Mapping[str, object], key: str) -> str:
    value = said.get(key)
    return value if isinstance(value, str) else ""
