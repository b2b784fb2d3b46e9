"""One report of what the commands found. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from .findings import Answer, Answers, Finding, findings, gaps
from .matrix import BREACH, STATES, UNDECIDED, UNKNOWN, UNREAD, Matrix, matrices

ISOLATED, BREACHED, OPEN = "isolated", "not isolated", "undecided"


@dataclass(frozen=True)
class Scan:
    """What RBAC of a cluster lets people and programs do."""

    cluster: str
    identities: int | None
    """ServiceAccounts that were looked at. None: the answer does not say it."""
    ways: Sequence[Answer]
    expected: Mapping[str, int]
    """Who is not counted: the cluster's own parts, and those given with `--trusted`; each with the number of ways."""
    refused: Mapping[str, Sequence[str]]
    """Whom a ServiceAccountGuard refuses what RBAC allows, by guard."""
    not_scanned: Sequence[str]
    """Namespaces of the report whose identities were not looked at."""

    @property
    def summary(self) -> str:
        """What was found, in a sentence."""
        subjects = len({way["subject"] for way in self.ways})
        if subjects:
            who = "one subject" if subjects == 1 else f"{subjects} subjects"
            return f"Inside the cluster {who} can obtain an identity, which no cloud stops."
        of = "" if self.identities is None else f" to {_count(self.identities, 'identity', 'identities')}"
        but = _count(len(self.expected), "expected subject")
        return f"Inside the cluster RBAC leaves no way{of} open but to {but}."


@dataclass(frozen=True)
class Report:
    """What is shown, in whichever form."""

    title: str
    made_at: str
    """UTC, ISO 8601."""
    sources: tuple[str, ...]
    """What was run, and when."""
    matrices: Sequence[Matrix]
    findings: Sequence[Finding]
    documents: Sequence[Answer]
    scan: Scan | None
    """Who can obtain an identity inside the cluster. None: the cluster was not scanned."""
    checks: Sequence[Answer]
    has_gaps: bool
    """Whether a command said itself that it could not decide everything."""
    limits: dict[str, list[str]]
    """What decides too and was not seen: of each cloud, and of the cluster."""

    @property
    def verdict(self) -> str:
        """Whether namespaces are kept apart."""
        if any(matrix.count(BREACH) for matrix in self.matrices):
            return BREACHED
        unsure = any(
            matrix.count(UNDECIDED) + matrix.count(UNKNOWN) or any(UNREAD in line for line in matrix.after or ())
            for matrix in self.matrices
        )
        return OPEN if unsure or self.has_gaps or not self.matrices else ISOLATED

    @property
    def summary(self) -> str:
        """The verdict in a sentence."""
        pairs = sum(len(matrix.prefixes) * (len(matrix.prefixes) - 1) for matrix in self.matrices)
        if not self.matrices:
            return "Neither documents nor answers of a cloud were given."
        breaches = sum(matrix.count(BREACH) for matrix in self.matrices)
        clouds = ", ".join(matrix.cloud for matrix in self.matrices)
        if breaches:
            cases = "one case" if breaches == 1 else f"{breaches} cases"
            return f"In {cases} a namespace can use secrets that are not its own ({clouds})."
        if self.verdict == OPEN:
            return f"No breach was found, but not every pair of namespaces is decided ({clouds})."
        evidence = [
            text
            for text, is_so in (
                ("proven from the documents for all names", all(matrix.before for matrix in self.matrices)),
                ("refused by the cloud when asked", all(matrix.after for matrix in self.matrices)),
            )
            if is_so
        ]
        what = f"{pairs} pairs of namespaces are kept apart" if pairs else "The one namespace is kept to its own names"
        return f"{what} on {clouds}: {' and '.join(evidence) or 'by either proof'}."

    @property
    def in_the_cluster(self) -> str:
        """Who can obtain an identity inside the cluster, in a sentence."""
        return self.scan.summary if self.scan else "Who can obtain an identity inside the cluster was not scanned."

    def pairs(self) -> dict[str, Any]:
        """Return the state of each pair of namespaces, as JSON has it."""
        return {
            "states": STATES,
            "clouds": [
                {
                    "cloud": matrix.cloud,
                    "namespaces": matrix.prefixes,
                    "columns": matrix.columns,
                    "before": matrix.before,
                    "after": matrix.after,
                    "shown": matrix.shown,
                    "reasons": [
                        {"from": row, "to": column, "lines": lines} for (row, column), lines in matrix.reasons.items()
                    ],
                    "not_in_the_documents": self.limits.get(matrix.cloud, []),
                }
                for matrix in self.matrices
            ],
        }

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON has it."""
        return {
            "title": self.title,
            "made_at": self.made_at,
            "verdict": self.verdict,
            "summary": self.summary,
            "in_the_cluster": self.in_the_cluster,
            "sources": list(self.sources),
            **self.pairs(),
            "findings": [asdict(each) for each in self.findings],
            "documents": list(self.documents),
            "rbac": None if self.scan is None else list(self.scan.ways),
            "rbac_not_counted": None if self.scan is None else dict(self.scan.expected),
            "preflight": list(self.checks),
        }


def report(answers: Answers, title: str, made_at: str) -> Report:
    """Return the report of what was given."""
    evaluation = answers.evaluation or {}
    return Report(
        title=title or str(evaluation.get("stack") or "secret access"),
        made_at=made_at,
        sources=tuple(_sources(answers)),
        matrices=matrices(answers),
        findings=findings(answers),
        documents=evaluation.get("documents") or [],
        scan=_scan(answers),
        checks=(answers.preflight or {}).get("checks", []),
        has_gaps=gaps(answers),
        limits=_limits(answers),
    )


def _scan(answers: Answers) -> Scan | None:
    given = answers.rbac
    if given is None:
        return None
    identities = given.get("identities")
    refused: dict[str, list[str]] = {}
    for each in given.get("refused") or ():
        if each["subject"] not in refused.setdefault(each["refused_by"], []):
            refused[each["refused_by"]].append(each["subject"])
    scanned = {each["namespace"] for each in identities or ()}
    rows = dict.fromkeys(row for matrix in matrices(answers) for row in matrix.prefixes)
    return Scan(
        str(given.get("cluster") or "the cluster"),
        None if identities is None else len(identities),
        given["ways"],
        given.get("expected") or {},
        refused,
        [] if identities is None else [row for row in rows if row not in scanned],
    )


def _count(count: int, one: str, more: str = "") -> str:
    return f"{count} {one if count == 1 else more or f'{one}s'}"


def _limits(answers: Answers) -> dict[str, list[str]]:
    limits = {
        each["cloud"]: list(each["not_in_the_documents"]) for each in (answers.evaluation or {}).get("clouds", [])
    }
    not_seen = list((answers.rbac or {}).get("not_seen") or ())
    return {**limits, "the cluster": not_seen} if not_seen else limits


def _sources(answers: Answers) -> list[str]:
    given = (
        ("documents of the stack", answers.evaluation, "evaluated", "evaluated_at"),
        ("the clouds, from inside each namespace", answers.proof, "asked", "asked_at"),
        ("RBAC of the cluster", answers.rbac, "scanned", "scanned_at"),
        ("the cluster before the first deployment", answers.preflight, "checked", "checked_at"),
    )
    return [
        f"{what}: not {done}" if answer is None else f"{what}: {done} {answer.get(when) or 'at an unknown time'}"
        for what, answer, done, when in given
    ]
