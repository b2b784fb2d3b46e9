"""The bench runs: it builds its parts, measures the three servers, and writes what it says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.verdict import checks, table

ROOT = Path(__file__).parents[2]
SCENARIOS = ["c1_d0", "c50_d0", "c1_d5", "c50_d5", "c50_d0_tls"]
FIGURES = ["p50_ms", "p99_ms", "rps", "cpu_us", "rss_idle_mb", "rss_loaded_mb", "start_ms"]

figures = dict.fromkeys(FIGURES, 1.0)
floor = {**figures, "rps": 15_000.0}
boto3 = {**figures, "rps": 1000.0}


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="the bench needs two cores")
def test_every_scenario_is_measured(tmp_path: Path) -> None:
    """Each of the three servers in each scenario, with each figure; answers that are not the secret end it."""
    output = tmp_path / "bench.json"
    command = [sys.executable, "-m", "bench", "--quick", "--output", str(output)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    scenarios = json.loads(output.read_text())["scenarios"]
    assert list(scenarios) == SCENARIOS
    for name, servers in scenarios.items():
        assert list(servers) == ["ours", "boto3", "floor"]
        for measured in servers.values():
            assert list(measured) == FIGURES
            assert measured["p99_ms"] >= measured["p50_ms"] > 0
            assert min(measured["rps"], measured["rss_loaded_mb"], measured["start_ms"]) > 0
        if name.endswith("d5"):
            assert servers["floor"]["p50_ms"] >= 5
    assert all(name in done.stdout for name in SCENARIOS)


def test_the_promised_figures_are_judged() -> None:
    """Good ones are kept; each that is missed says by how much."""
    good = {**figures, "rps": 10_000.0, "start_ms": 0.5}
    measured = {name: {"ours": good, "boto3": boto3, "floor": floor} for name in SCENARIOS}
    assert all(check.kept for check in checks(measured))
    slow = {**good, "rps": 4500.0, "p50_ms": 2.0, "rss_loaded_mb": 40.0, "start_ms": 0.6}
    measured["c50_d0"] = {"ours": slow, "boto3": boto3, "floor": floor}
    missed = [str(check) for check in checks(measured) if not check.kept]
    assert missed == [
        "MISS c50_d0: throughput on one core, times floor's: 0.30, expected at least 0.6",
        "MISS c50_d0: throughput on one core, times boto3's: 4.50, expected at least 8",
        "MISS c50_d0: p50, times floor's: 2.00, expected at most 1.6",
        "MISS c50_d0: MB loaded: 40.00, expected at most 38",
        "MISS c50_d0: start, times boto3's: 0.60, expected at most 0.55",
    ]


def test_the_table_shows_each_figure_beside_the_floors() -> None:
    """As a multiple."""
    lines = list(table({"c1_d0": {"ours": {**figures, "rps": 7500.0}, "boto3": boto3, "floor": floor}}))
    assert "7,500  0.50x" in lines[1]
    assert "x" not in lines[3].removeprefix("c1_d0      floor")
