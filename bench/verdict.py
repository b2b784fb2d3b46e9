"""The bounds that the figures must keep, and the table of figures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bench.measure import Figures

Scenarios = dict[str, dict[str, Figures]]
SATURATED = ("c50_d0", "c50_d0_tls")
"""The scenarios limited by the server's core; in the others clients wait for the vault or for each other."""


@dataclass(frozen=True)
class Check:
    """One figure, and the bound it must keep."""

    what: str
    figure: float
    bound: float
    at_least: bool = False

    @property
    def kept(self) -> bool:
        """Whether the figure keeps its bound."""
        return self.figure >= self.bound if self.at_least else self.figure <= self.bound

    def __str__(self) -> str:
        sign = "at least" if self.at_least else "at most"
        return f"{'ok  ' if self.kept else 'MISS'} {self.what}: {self.figure:.2f}, expected {sign} {self.bound:g}"


def checks(scenarios: Scenarios) -> Iterator[Check]:
    """Yield every figure that is promised."""
    for name in SATURATED:
        for rival, bound in (("floor", 0.60), ("boto3", 8.0)):
            what = f"{name}: throughput on one core, times {rival}'s"
            yield Check(what, _ratio(scenarios[name], "rps", rival), bound, at_least=True)
    for name, servers in scenarios.items():
        yield Check(f"{name}: p50, times floor's", _ratio(servers, "p50_ms", "floor"), 1.6)
    for name, servers in scenarios.items():
        yield Check(f"{name}: MB loaded", servers["ours"]["rss_loaded_mb"], 38)
    for name, servers in scenarios.items():
        yield Check(f"{name}: start, times boto3's", _ratio(servers, "start_ms", "boto3"), 0.55)


def table(scenarios: Scenarios) -> Iterator[str]:
    """Yield the lines of the table: each figure, and how many times the floor's it is."""
    columns = list(next(iter(scenarios.values()))["ours"])
    yield f"{'':18}" + "".join(f"{column:>16}" for column in columns)
    for name, servers in scenarios.items():
        for server, figures in servers.items():
            cells = (f"{figures[c]:,.2f}".rstrip("0").rstrip(".") + _times(servers, server, c) for c in columns)
            yield f"{name:11}{server:7}" + "".join(f"{cell:>16}" for cell in cells)


def _times(servers: dict[str, Figures], server: str, column: str) -> str:
    floor = servers["floor"][column]
    ratio = servers[server][column] / floor if floor and server != "floor" else None
    return f" {f'{ratio:.2f}x' if ratio else '':>6}"


def _ratio(servers: dict[str, Figures], figure: str, rival: str) -> float:
    return servers["ours"][figure] / servers[rival][figure]
