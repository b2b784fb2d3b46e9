"""Namespaces against each other's secrets, a cloud at a time: what the documents say, and the cloud's answers. Pure.

A state for each pair, a letter each, so that 200 x 200 pairs are 200 short lines.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ..probe.matrix import READ, Cell, faults
from .findings import Answer, Answers, cells, owned, short

OWN, APART, BREACH, UNDECIDED, UNREAD, UNKNOWN = "oab?u-"
STATES = {
    OWN: "reads its own secrets",
    APART: "kept apart",
    BREACH: "can use the other's secrets",
    UNDECIDED: "not decided",
    UNREAD: "cannot read its own secrets",
    UNKNOWN: "not judged",
}
WORST = (BREACH, UNDECIDED, UNREAD, OWN, APART, UNKNOWN)
"""Of two states of one pair, the one that is shown."""
ELSEWHERE = "(elsewhere)"
"""The column of names that no namespace of the documents owns."""


@dataclass
class Matrix:
    """A cloud's namespaces, and what is known of each pair."""

    cloud: str
    prefixes: dict[str, str]
    """Of each namespace, in the order of rows and columns; empty where it is not known."""
    columns: list[str]
    before: list[str] | None = None
    """A line for each asking namespace, a letter for each owner. None: the documents were not evaluated."""
    after: list[str] | None = None
    """The same, of what the cloud answered. None: it was not asked."""
    reasons: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    """Lines for a pair, where there is more to say than its state."""

    @property
    def shown(self) -> list[str]:
        """The worse of both for each pair."""
        grids = [grid for grid in (self.before, self.after) if grid is not None]
        return ["".join(map(_worst, zip(*lines, strict=True))) for lines in zip(*grids, strict=True)]

    def count(self, state: str) -> int:
        """Pairs of a state."""
        return sum(line.count(state) for line in self.shown)


def _worst(states: Iterable[str]) -> str:
    return min(states, key=WORST.index)


def matrices(answers: Answers) -> list[Matrix]:
    """Return a matrix for each cloud that was evaluated or asked."""
    evaluated = {each["cloud"]: each for each in (answers.evaluation or {}).get("clouds", [])}
    asked: dict[str, list[Cell]] = {}
    for cell in cells(answers.proof):
        asked.setdefault(cell.question.vault, []).append(cell)
    return [_matrix(cloud, evaluated.get(cloud), asked.get(cloud, [])) for cloud in dict.fromkeys([*evaluated, *asked])]


def _matrix(cloud: str, verdict: Answer | None, asked: Sequence[Cell]) -> Matrix:
    declared: dict[str, str] = verdict["namespaces"] if verdict else {}
    prefixes = {each: prefix for each, prefix in declared.items() if verdict and each in verdict["judged"]}
    for cell in asked:
        prefixes.setdefault(cell.question.asker, "")
    for breach in (verdict or {}).get("breaches", []):
        for namespace in filter(None, (breach["namespace"], breach["owner"])):
            prefixes.setdefault(namespace, "")
    owners = _Owners(prefixes, asked)
    elsewhere = any(each["owner"] is None for each in (verdict or {}).get("breaches", []))
    elsewhere = elsewhere or any(owners.of(cell) == ELSEWHERE for cell in asked)
    matrix = Matrix(cloud, prefixes, [*prefixes, *([ELSEWHERE] if elsewhere else [])])
    if verdict:
        matrix.before = _lines(matrix, _before(verdict, matrix))
    if asked:
        matrix.after = _lines(matrix, _after(asked, owners, matrix))
    return matrix


def _lines(matrix: Matrix, states: Mapping[tuple[str, str], str]) -> list[str]:
    return ["".join(states.get((row, column), UNKNOWN) for column in matrix.columns) for row in matrix.prefixes]


def _before(verdict: Answer, matrix: Matrix) -> dict[tuple[str, str], str]:
    apart = UNDECIDED if verdict["undecided"] else APART
    judged = [each for each in matrix.prefixes if each in verdict["judged"]]
    states = {(row, column): apart for row in judged for column in (*judged, *matrix.columns[len(matrix.prefixes) :])}
    states |= {(each, each): UNREAD if each in verdict["unreadable"] else OWN for each in judged}
    for breach in verdict["breaches"]:
        pair = (breach["namespace"], breach["owner"] or ELSEWHERE)
        states[pair] = BREACH
        lines = [f"can use {short(breach['name'])} ({owned(breach)})", f"as {breach['identity']}"]
        matrix.reasons.setdefault(pair, []).extend([*lines, *(f"by {each}" for each in breach["statements"])])
    return states


def _after(asked: Sequence[Cell], owners: "_Owners", matrix: Matrix) -> dict[tuple[str, str], str]:
    states: dict[tuple[str, str], str] = {}
    wrong = {id(cell): text for cell, text in faults(asked)}
    for cell in asked:
        pair = (cell.question.asker, owners.of(cell))
        is_own = cell.question.expected == READ
        is_taken = is_own and pair[0] != pair[1]
        if cell.is_breach or (is_taken and cell.status == READ):
            state = BREACH
        elif id(cell) in wrong:
            state = UNREAD if is_own else UNDECIDED
        else:
            state = OWN if is_own else APART
        states[pair] = _worst((state, states.get(pair, UNKNOWN)))
        by = f"{cell.status} by {cell.decided_by}" if cell.status else "no answer"
        request = f", request {cell.request_id}" if cell.request_id else ""
        matrix.reasons.setdefault(pair, []).append(f"asked for {short(cell.question.name)}: {by}{request}")
        if is_taken:
            matrix.reasons[pair].append(f"asked for as its own; by its prefix it is of {pair[1]}")
        if id(cell) in wrong:
            matrix.reasons[pair].append(wrong[id(cell)])
    return states


class _Owners:
    """Whose a name is: as the prefixes of the documents say, else whose own it was when it was asked for."""

    def __init__(self, prefixes: Mapping[str, str], asked: Sequence[Cell]) -> None:
        self._by_name = {
            (cell.question.place, cell.question.name): cell.question.asker
            for cell in asked
            if cell.question.expected == READ
        }
        self._by_prefix = sorted(
            ((prefix, namespace) for namespace, prefix in prefixes.items() if prefix), key=lambda each: -len(each[0])
        )

    def of(self, cell: Cell) -> str:
        """Return the namespace, or ELSEWHERE."""
        question = cell.question
        by_prefix = next((namespace for prefix, namespace in self._by_prefix if question.name.startswith(prefix)), None)
        if by_prefix:
            return by_prefix
        return (
            question.asker
            if question.expected == READ
            else self._by_name.get((question.place, question.name), ELSEWHERE)
        )
