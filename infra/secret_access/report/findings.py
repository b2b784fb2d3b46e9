"""The answers of `evaluate`, `prove`, `rbac` and `preflight`, read from the JSON that they print. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..probe.matrix import Cell, faults, wrong
from ..proof.errors import DocumentError

Answer = Mapping[str, Any]
ITEMS = {
    "evaluation": (
        "clouds",
        ("cloud", "namespaces", "judged", "breaches", "undecided", "unreadable", "not_in_the_documents"),
    ),
    "proof": ("cells", ("vault", "from", "name", "expected", "status", "decided_by")),
    "rbac": ("ways", ("subject", "namespace", "way", "by", "mend")),
    "preflight": ("checks", ("id", "severity", "what", "found")),
}
"""The list that the JSON of each command has, and what each item of it has at least."""
BREACH_HAS = ("namespace", "owner", "name", "identity", "statements")
COMMANDS = {
    "evaluation": "secret-access evaluate --json",
    "proof": "secret-access prove --json",
    "rbac": "secret-access rbac --json",
    "preflight": "secret-access preflight --json",
}


@dataclass(frozen=True)
class Answers:
    """What each command said; None where it was not run."""

    evaluation: Answer | None = None
    proof: Answer | None = None
    rbac: Answer | None = None
    preflight: Answer | None = None


def answer(kind: str, text: str) -> Answer:
    """Return a command's answer; raises DocumentError with what the text lacks."""
    fix = f"give what `{COMMANDS[kind]}` prints"
    try:
        found = json.loads(text)
    except ValueError as error:
        raise DocumentError(f"the {kind} is not JSON: {error}; {fix}") from None
    if not isinstance(found, Mapping):
        raise DocumentError(f"the {kind} is no object: given {type(found).__name__}; {fix}")
    items, has = ITEMS[kind]
    _check(kind, items, found.get(items), has)
    if kind == "evaluation":
        for cloud in found[items]:
            _check(kind, "breaches", cloud["breaches"], BREACH_HAS)
    return found


def _check(kind: str, name: str, items: object, has: tuple[str, ...]) -> None:
    if not isinstance(items, list):
        raise DocumentError(f"the {kind} has no list {name!r}; give what `{COMMANDS[kind]}` prints")
    for item in items:
        missing = [key for key in has if not isinstance(item, Mapping) or key not in item]
        if missing:
            raise DocumentError(
                f"an item of {name!r} in the {kind} lacks {', '.join(missing)}; give what `{COMMANDS[kind]}` prints"
            )


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
    more = [each for each in given.get("wrong", []) if each not in judged]
    return [*found, *(Finding("warning", "prove", each) for each in (*more, *given.get("notes", [])))]


def cells(proof: Answer | None) -> list[Cell]:
    """Return the cells of an answer of `prove`."""
    return [Cell.from_json(each) for each in (proof or {}).get("cells", [])]


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
