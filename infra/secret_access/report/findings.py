"""The answers of `evaluate`, `prove`, `rbac` and `preflight`, read from the JSON that they print. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from ..probe.matrix import Cell, faults, wrong
from ..proof.errors import DocumentError
from .shapes import COMMANDS, check

Answer = Mapping[str, Any]


@dataclass(frozen=True)
class Answers:
    """What each command said; None where it was not run."""

    evaluation: Answer | None = None
    proof: Answer | None = None
    rbac: Answer | None = None
    preflight: Answer | None = None


def answer(kind: str, given: bytes) -> Answer:
    """Return a command's answer, in whichever Unicode a shell writes; raises DocumentError with what the text lacks."""
    try:
        found = json.loads(given)
    except (ValueError, RecursionError) as error:
        why = "it is nested too deeply" if isinstance(error, RecursionError) else error
        raise DocumentError(f"the {kind} is not JSON: {why}; give what `{COMMANDS[kind]}` prints") from None
    check(kind, found)
    return cast("Answer", found)


@dataclass(frozen=True)
class Finding:
    """Something that a person should look at."""

    severity: str
    """`error` or `warning`."""
    source: str
    """The command that found it."""
    what: str
    details: tuple[str, ...] = field(default=())


def findings(answers: Answers) -> list[Finding]:
    """Return what was found, errors first."""
    found = [
        each
        for given, reader in (
            (answers.evaluation, _evaluation),
            (answers.proof, _proof),
            (answers.rbac, _rbac),
            (answers.preflight, _preflight),
        )
        if given is not None
        for each in reader(given)
    ]
    return sorted(found, key=lambda each: each.severity != "error")


def _evaluation(given: Answer) -> list[Finding]:
    found = []
    for cloud in given["clouds"]:
        name = cloud["cloud"]
        for breach in cloud["breaches"]:
            what = f"namespace {breach['namespace']} can use {short(breach['name'])} ({owned(breach)}) on {name}"
            details = (f"as {breach['identity']}", *(f"by {each}" for each in breach["statements"]))
            found.append(Finding("error", "evaluate", what, details))
        found += [Finding("warning", "evaluate", f"not judged on {name}: {each}") for each in cloud["undecided"]]
        for namespace in cloud["unreadable"]:
            what = f"no document lets namespace {namespace} read its own secrets on {name}"
            found.append(Finding("warning", "evaluate", what))
    return found


def _proof(given: Answer) -> list[Finding]:
    found = [
        Finding("error" if cell.is_breach else "warning", "prove", f"on {cell.question.vault} {text}")
        for cell, text in faults(cells(given))
    ]
    judged = set(wrong(cells(given)))
    more = [each for each in given.get("wrong") or () if each not in judged]
    more += [] if given["cells"] else wrong([])
    return [*found, *(Finding("warning", "prove", each) for each in (*more, *(given.get("notes") or ())))]


def cells(proof: Answer | None) -> list[Cell]:
    """Return the cells of an answer of `prove`."""
    return [Cell.from_json(each) for each in (proof or {}).get("cells", [])]


def gaps(answers: Answers) -> bool:
    """Tell whether a command could not decide everything: as it says itself, or as its answer shows."""
    evaluation, proof = answers.evaluation, answers.proof
    if evaluation is not None and not (evaluation.get("isolated") is True and evaluation["clouds"]):
        return True
    if any(cloud["undecided"] or not cloud["judged"] for cloud in (evaluation or {}).get("clouds", ())):
        return True
    return proof is not None and bool(proof.get("isolated") is not True or proof.get("wrong") or wrong(cells(proof)))


def _rbac(given: Answer) -> list[Finding]:
    return [
        Finding(
            "warning",
            "rbac",
            f"{way['subject']} can obtain the identity of {_reached(way['namespace'])}: {way['way']}",
            (f"by {way['by']}", way["mend"]),
        )
        for way in given["ways"]
    ]


def _reached(namespace: str) -> str:
    return "every namespace" if namespace == "*" else f"namespace {namespace}"


def _preflight(given: Answer) -> list[Finding]:
    return [
        Finding(
            "error" if check["severity"] == "error" else "warning",
            "preflight",
            f"{check['what']}: {check['found']}",
            tuple(filter(None, (check.get("mend"),))),
        )
        for check in given["checks"]
        if check["severity"] != "ok"
    ]


def owned(breach: Answer) -> str:
    """Return whose name a breach is about."""
    return "no namespace's" if breach["owner"] is None else f"of namespace {breach['owner']}"


def short(name: str) -> str:
    """Return a name as a line has room for it."""
    return name if len(name) <= 80 else f"{name[:77]}..."
