"""The report as a terminal shows it. Pure."""

from collections.abc import Iterator

import click

from .matrix import APART, BREACH, OWN, STATES, UNDECIDED, UNREAD, Matrix
from .report import BREACHED, ISOLATED, Report

WIDEST = 40
"""Namespaces of which a terminal still shows each pair."""
_COLOURS = {OWN: "cyan", APART: "green", BREACH: "red", UNDECIDED: "yellow", UNREAD: "yellow"}
_SHOWN = {OWN: "o", APART: ".", BREACH: "X", UNDECIDED: "?", UNREAD: "u"}


def as_text(report: Report) -> str:
    """Return the verdict, the matrix of each cloud, and what was found."""
    colour = {ISOLATED: "green", BREACHED: "red"}.get(report.verdict, "yellow")
    lines = [f"{click.style(report.verdict.upper(), fg=colour, bold=True)}  {report.title}: {report.summary}"]
    lines += [f"  {each}" for each in report.sources]
    for matrix in report.matrices:
        lines += ["", *_matrix(matrix)]
    if report.findings:
        lines.append("")
    for found in report.findings:
        severity = click.style(f"{found.severity:7}", fg="red" if found.severity == "error" else "yellow")
        lines += [f"{severity}  {found.what}", *(f"         {each}" for each in found.details)]
    for where, limits in report.limits.items():
        lines += ["", f"Not seen of {where}: {', '.join(limits)}."]
    return "\n".join(lines)


def _matrix(matrix: Matrix) -> Iterator[str]:
    rows, shown = list(matrix.prefixes), matrix.shown
    yield click.style(f"{matrix.cloud}: who can use whose secrets", bold=True)
    if len(rows) > WIDEST:
        wrong = [row for row, line in zip(rows, shown, strict=True) if set(line) - {OWN, APART}]
        yield f"  {len(rows)} namespaces, {len(wrong)} with something to look at; each pair is in the page or the JSON"
        return
    width = max(map(len, matrix.columns))
    numbers = [str(number) for number in range(1, len(matrix.columns) + 1)]
    cell = len(numbers[-1])
    yield f"  {'':{width}}  {'':3} {' '.join(f'{number:>{cell}}' for number in numbers)}"
    for number, (row, line) in enumerate(zip(rows, shown, strict=True), 1):
        cells = " ".join(click.style(f"{_SHOWN.get(state, '-'):>{cell}}", fg=_COLOURS.get(state)) for state in line)
        yield f"  {row:{width}}  {number:>3} {cells}"
    if len(matrix.columns) > len(rows):
        yield f"  {matrix.columns[-1]:{width}}  {len(matrix.columns):>3}"
    used = [state for state in STATES if any(state in line for line in shown)]
    yield "  " + ", ".join(f"{_SHOWN.get(state, '-')} {STATES[state]}" for state in used)
