"""The measurement: for each number of namespaces, rounds in which the programs take turns, and each figure's median."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from bench.infra.preview import Engine

Figures = dict[str, float]
PROGRAMS = ("ours", "flat", "bare")
"""Ours, the same resources by hand, and those in components that do nothing."""


@dataclass(frozen=True)
class Size:
    """How many namespaces, and how often each program is previewed with them."""

    namespaces: int
    rounds: int


FULL = (Size(10, 5), Size(100, 5), Size(1000, 3))
QUICK = (Size(2, 1),)


def measure(engine: Engine, sizes: Iterable[Size], tell: Callable[[str], None]) -> dict[str, dict[str, Figures]]:
    """Return each program's figures by the number of namespaces, after a first preview of each that is not counted."""
    for program in PROGRAMS:
        engine.preview(program, 1)
    return {str(size.namespaces): _size(engine, size, tell) for size in sizes}


def _size(engine: Engine, size: Size, tell: Callable[[str], None]) -> dict[str, Figures]:
    rounds: dict[str, list[Figures]] = {program: [] for program in PROGRAMS}
    for number in range(size.rounds):
        for program in PROGRAMS:
            tell(f"{size.namespaces} namespaces, round {number + 1} of {size.rounds}: {program}")
            rounds[program].append(_round(engine, program, size.namespaces))
    return {program: _medians(figures) for program, figures in rounds.items()}


def _round(engine: Engine, program: str, namespaces: int) -> Figures:
    used, resources = engine.preview(program, namespaces)
    return {"preview_s": used.seconds, "cpu_s": used.cpu_s, "peak_mb": used.peak_mb, "resources": resources}


def _medians(rounds: list[Figures]) -> Figures:
    return {key: round(statistics.median(figures[key] for figures in rounds), 2) for key in rounds[0]}
