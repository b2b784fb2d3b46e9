"""The bench of the components runs: it compares what both programs make, previews them, and writes what it measured."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench.infra import echo, usage
from bench.infra.measure import Figures
from bench.infra.preview import Engine
from bench.infra.verdict import checks, table
from local.__main__ import tools_folder

ROOT = Path(__file__).parents[2]
FIGURES = ["preview_s", "cpu_s", "peak_mb", "resources"]
SPIN = "import time\nwhile time.process_time() < 0.5: pass"


def figures(preview_s: float, cpu_s: float, resources: int) -> Figures:
    return {"preview_s": preview_s, "cpu_s": cpu_s, "peak_mb": 300.0, "resources": resources}


def test_both_programs_are_measured(tmp_path: Path) -> None:
    """Ours has two components more a namespace; had they not made the same resources, it would have ended."""
    output = tmp_path / "bench-infra.json"
    command = [sys.executable, "-m", "bench.infra", "--quick", "--output", str(output)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    measured = json.loads(output.read_text())
    assert list(measured) == ["2"]
    assert list(measured["2"]) == ["ours", "flat", "bare"]
    for program in measured["2"].values():
        assert list(program) == FIGURES
        assert min(program.values()) > 0
    assert measured["2"]["ours"]["resources"] == measured["2"]["bare"]["resources"]
    assert measured["2"]["ours"]["resources"] == measured["2"]["flat"]["resources"] + 2 * 2
    assert "namespaces" in done.stdout


def test_programs_that_differ_are_not_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message shows what each makes of the resource that differs."""
    from bench.infra.__main__ import stop_unless_alike

    flat = {("Role", "a"): {"path": "/team/"}}
    made = {"ours": {("Role", "a"): {"path": "/"}}, "flat": flat, "bare": flat}
    monkeypatch.setattr(Engine, "resources", lambda _self, program, _namespaces: made[program])
    with pytest.raises(SystemExit, match=r"""(?s)Role a differs; .*\n-  "path": "/team/"\n\+  "path": "/"\n"""):
        stop_unless_alike(Engine(tmp_path, echo.Echo(), 0, tmp_path))


def test_what_a_command_leaves_behind_is_counted(tmp_path: Path) -> None:
    """Both processes, also the one whose parent has ended before it."""
    leaves = f"import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', {SPIN!r}])"
    command = [sys.executable, "-c", f"import subprocess, sys\nexec({leaves!r})\nprint('done')"]
    used = usage.run(command, tmp_path, {})
    assert used.cpu_s >= 0.5
    assert used.peak_mb > 5
    assert used.printed == "done\n"


def test_a_preview_that_fails_ends_the_bench(tmp_path: Path) -> None:
    """With all that Pulumi printed."""
    with (
        echo.serving() as (provider, port),
        pytest.raises(SystemExit, match=r"(?s)preview .* failed:.*'flat:namespaces' value 'many' is not a valid"),
    ):
        Engine(tools_folder(), provider, port, tmp_path).preview("flat", "many")  # type: ignore[arg-type]


def test_the_promised_figures_are_judged() -> None:
    """Good ones are kept; each that is missed says by how much."""
    bare = {"10": figures(2, 2, 93), "100": figures(10, 10, 903), "1000": figures(100, 100, 9003)}
    ours = {"10": figures(2.2, 2.1, 93), "100": figures(11, 11, 903), "1000": figures(111, 112, 9003)}
    assert all(check.kept for check in checks({size: {"ours": ours[size], "bare": bare[size]} for size in bare}, 1))
    ours = {"10": figures(2.4, 2.1, 93), "100": figures(11, 11, 903), "1000": figures(150, 112, 9003)}
    judged = checks({size: {"ours": ours[size], "bare": bare[size]} for size in bare}, 3)
    assert [str(check) for check in judged if not check.kept] == [
        "MISS roles of all namespaces with session tags: 3.00, expected at most 1",
        "MISS 10 namespaces: preview_s, times bare's: 1.20, expected at most 1.15",
        "MISS 1000 namespaces: preview_s, times bare's: 1.50, expected at most 1.15",
        "MISS preview_s a resource with 1000 namespaces, times that with 100: 1.37, expected at most 1.2",
    ]


def test_the_table_shows_ours_as_a_multiple() -> None:
    """Of the flat program's figures."""
    lines = list(table({"10": {"ours": figures(2.2, 2.1, 93), "flat": figures(2, 2, 73)}}))
    assert "2.20  1.10x" in lines[1]
    assert "x" not in lines[2]
