"""The bounds that the figures must keep, and the table of figures."""

from __future__ import annotations

from collections.abc import Iterator

from bench.infra.measure import Figures
from bench.verdict import Check

Sizes = dict[str, dict[str, Figures]]
TIMES_BARE = 1.15
"""How many times the time and processor time of the same resources in bare components ours may take."""
GROWTH = 1.2
"""How many times its share of time at one size a resource may take at ten times as many namespaces."""


def checks(sizes: Sizes, roles: int) -> Iterator[Check]:
    """Yield every figure that is promised; `roles` are those of all namespaces with session tags."""
    yield Check("roles of all namespaces with session tags", roles, 1)
    for namespaces, programs in sizes.items():
        for figure in ("preview_s", "cpu_s"):
            ratio = programs["ours"][figure] / programs["bare"][figure]
            yield Check(f"{namespaces} namespaces: {figure}, times bare's", ratio, TIMES_BARE)
    few, many = list(sizes)[-2:]
    for figure in ("preview_s", "cpu_s"):
        growth = _per_resource(sizes[many]["ours"], figure) / _per_resource(sizes[few]["ours"], figure)
        yield Check(f"{figure} a resource with {many} namespaces, times that with {few}", growth, GROWTH)


def _per_resource(figures: Figures, figure: str) -> float:
    return figures[figure] / figures["resources"]


def table(sizes: Sizes) -> Iterator[str]:
    """Yield the lines of the table: each figure, and how many times the flat program's it is."""
    columns = list(next(iter(sizes.values()))["ours"])
    yield f"{'namespaces':16}" + "".join(f"{column:>18}" for column in columns)
    for namespaces, programs in sizes.items():
        for program, figures in programs.items():
            cells = (f"{figures[column]:,.2f}{_times(programs, program, column)}" for column in columns)
            yield f"{namespaces:>8} {program:7}" + "".join(f"{cell:>18}" for cell in cells)


def _times(programs: dict[str, Figures], program: str, column: str) -> str:
    ratio = "" if program == "flat" else f"{programs[program][column] / programs['flat'][column]:.2f}x"
    return f" {ratio:>6}"
