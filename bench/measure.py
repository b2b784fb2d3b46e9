"""The measurement: per scenario, rounds in which the three servers take turns, and the median of each figure."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench import parts
from bench.machine import cpu_seconds, on, rss_mb, two_cores
from bench.parts import Load, Vault
from bench.servers import NAMES, Server, running

Figures = dict[str, float]


@dataclass(frozen=True)
class Scenario:
    """How many clients ask at once, and how the vault answers."""

    name: str
    clients: int
    delay_ms: int = 0
    tls: bool = False


SCENARIOS = (
    Scenario("c1_d0", 1),
    Scenario("c50_d0", 50),
    Scenario("c1_d5", 1, delay_ms=5),
    Scenario("c50_d5", 50, delay_ms=5),
    Scenario("c50_d0_tls", 50, tls=True),
)


@dataclass(frozen=True)
class Effort:
    """How long to measure: rounds of load, seconds each, after seconds of warming up; and how many starts."""

    rounds: int
    seconds: float
    warm_up: float
    starts: int


FULL = Effort(rounds=9, seconds=0.8, warm_up=1.0, starts=5)
QUICK = Effort(rounds=1, seconds=0.2, warm_up=0.1, starts=1)


def measure(
    folder: Path, scenarios: Iterable[Scenario], effort: Effort, tell: Callable[[str], None]
) -> dict[str, dict[str, Figures]]:
    """Return each scenario's figures of each server: the server has one core, load and vault the other."""
    server_core, other_core = two_cores()
    figures = {}
    with on(other_core):
        for scenario in scenarios:
            tell(scenario.name)
            with parts.vault(folder, delay_ms=scenario.delay_ms, tls=scenario.tls) as vault:
                figures[scenario.name] = _scenario(folder, scenario, effort, vault, server_core)
    return figures


def _scenario(folder: Path, scenario: Scenario, effort: Effort, vault: Vault, core: int) -> dict[str, Figures]:
    starts: dict[str, list[float]] = {name: [] for name in NAMES}
    for _ in range(effort.starts - 1):
        for name in NAMES:
            with running(name, folder, vault, core) as server:
                starts[name].append(server.start_ms)
    with ExitStack() as stack:
        servers = {name: stack.enter_context(running(name, folder, vault, core)) for name in NAMES}
        idle = {name: rss_mb(server.pid) for name, server in servers.items()}
        rounds: dict[str, list[Figures]] = {name: [] for name in NAMES}
        for server in servers.values():
            _round(folder, scenario, server, effort.warm_up)
        for _ in range(effort.rounds):
            for name, server in servers.items():
                rounds[name].append(_round(folder, scenario, server, effort.seconds))
        return {
            name: {
                **_medians(rounds[name]),
                "rss_idle_mb": round(idle[name], 1),
                "rss_loaded_mb": round(rss_mb(server.pid), 1),
                "start_ms": round(statistics.median([*starts[name], server.start_ms]), 1),
            }
            for name, server in servers.items()
        }


def _round(folder: Path, scenario: Scenario, server: Server, seconds: float) -> Figures:
    before = cpu_seconds(server.pid)
    seen: Load = parts.load(folder, server.port, scenario.clients, seconds)
    used = cpu_seconds(server.pid) - before
    if seen.wrong:
        raise SystemExit(f"bench: {seen.wrong} of {seen.requests} answers were not the secret that was asked for")
    return {
        "p50_ms": seen.p50_ms,
        "p99_ms": seen.p99_ms,
        "rps": seen.rps,
        "cpu_us": used / seen.requests * 1e6,
    }


def _medians(rounds: list[Figures]) -> Figures:
    return {key: round(statistics.median(figures[key] for figures in rounds), 3) for key in rounds[0]}
