"""The report as a terminal shows it. Pure."""

from collections.abc import Iterator

import click

from ..printable import printable
from .matrix import APART, BREACH, OWN, STATES, UNDECIDED, UNREAD, Matrix
from .report import BREACHED, ISOLATED, Report

WIDEST = 40
"""Namespaces of which a terminal still shows each pair."""
_COLOURS = {OWN: "cyan", APART: "green", BREACH: "red", UNDECIDED: "yellow", UNREAD: "yellow"}
_SHOWN = {OWN: "o", APART: ".", BREACH: "X", UNDECIDED: "?", UNREAD: "u"}


def as_text(report: Report) -> str:
    """Return the verdict, the matrix of each cloud, and what was found."""
    colour = {ISOLATED: "green", BREACHED: "red"}.get(report.verdict, "yellow")
    title = printable(f"{report.title}: {report.summary}")
    lines = [f"{click.style(report.verdict.upper(), fg=colour, bold=True)}  {title}", f"  {report.in_the_cluster}"]
    lines += [f"  {printable(each)}" for each in report.sources]
    for matrix in report.matrices:
        lines += ["", *_matrix(matrix)]
    if report.findings:
        lines.append("")
    for found in report.findings:
        severity = click.style(f"{found.severity:7}", fg="red" if found.severity == "error" else "yellow")
        lines += [f"{severity}  {printable(found.what)}", *(f"         {printable(each)}" for each in found.details)]
    for where, limits in report.limits.items():
        lines += ["", printable(f"Not seen of {where}: {', '.join(limits)}.")]
    return "\n".join(lines)


def _matrix(matrix: Matrix) -> Iterator[str]:
    rows, columns, shown = [*map(printable, matrix.prefixes)], [*map(printable, matrix.columns)], matrix.shown
    yield click.style(f"{printable(matrix.cloud)}: who can use whose secrets", bold=True)
    if len(rows) > WIDEST:
        wrong = [row for row, line in zip(rows, shown, strict=True) if set(line) - {OWN, APART}]
        yield f"  {len(rows)} namespaces, {len(wrong)} with something to look at; each pair is in the page or the JSON"
        return
    width = max(map(len, columns), default=0)
    numbers = [str(number) for number in range(1, len(columns) + 1)]
    cell = max(map(len, numbers), default=0)
    yield f"  {'':{width}}  {'':3} {' '.join(f'{number:>{cell}}' for number in numbers)}"
    for number, (row, line) in enumerate(zip(rows, shown, strict=True), 1):
        cells = " ".join(click.style(f"{_SHOWN.get(state, '-'):>{cell}}", fg=_COLOURS.get(state)) for state in line)
        yield f"  {row:{width}}  {number:>3} {cells}"
    if len(columns) > len(rows):
        yield f"  {columns[-1]:{width}}  {len(columns):>3}"
    used = [state for state in STATES if any(state in line for line in shown)]
    yield "  " + ", ".join(f"{_SHOWN.get(state, '-')} {STATES[state]}" for state in used)
