"""What `secret-access prove` prints: for people, for terminals, for programs."""

import json
import sys
from collections.abc import Mapping
from functools import partial
from typing import Any

import click
import pytest

from secret_access.cli.prove import BREACHED, EXIT_CODES, ISOLATED, STOPPED, UNDECIDED, UNUSABLE, prove
from tests.infra.cli.proving import FOREIGN, READ, but, run
from tests.infra.probe.pods import DENIED, FakeCluster, isolated, pod


def test_json_has_all_of_it(cluster: FakeCluster) -> None:
    """For programs; the same exit code."""
    cluster.answering = but(FOREIGN, READ)
    result = run("--json")
    found = json.loads(result.output)
    assert result.exit_code == BREACHED
    assert (found["isolated"], found["asked_at"], len(found["wrong"])) == (False, "2026-01-01T00:00:00Z", 1)
    assert len(found["cells"]) == 4
    (cell,) = [each for each in found["cells"] if (each["from"], each["name"]) == ("prod", "test/database-password")]
    asked_by = cell.pop("asked_by")
    assert asked_by.startswith("prod/secret-access-probe-")
    assert asked_by.endswith("(ServiceAccount secret-access)")
    assert cell == {
        "vault": "aws",
        "from": "prod",
        "name": "test/database-password",
        "expected": 403,
        "status": 403,
        "decided_by": "aws",
        "detail": "refused",
        "identity": DENIED["identity"],
        "request_id": "r-1",
        "place": "aws eu-west-1",
    }


def test_colours_are_for_terminals_alone(cluster: FakeCluster) -> None:
    """A file or a pipe gets none, and no progress."""
    assert "\x1b[" not in run().output
    assert "\x1b[32m" in run(color=True).output


def test_progress_is_shown_on_a_terminal(
    cluster: FakeCluster, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On standard error, and wiped away at the end."""
    for is_terminal, count in ((True, 2), (False, 0)):
        monkeypatch.setattr(sys.stderr, "isatty", lambda shown=is_terminal: shown, raising=False)
        with pytest.raises(SystemExit):
            prove.main(["--json"], standalone_mode=False)
        printed = capsys.readouterr()
        assert json.loads(printed.out)["isolated"] is True
        assert printed.err.count(" of 2 asked: ") == count
        assert printed.err.endswith("\r\x1b[K") == is_terminal


def test_one_fault_of_many_cells_is_a_few_lines(cluster: FakeCluster) -> None:
    """A pod that did not start has no answer to anything. JSON has every line."""
    cluster.there = [pod("test"), pod("prod", names=",".join(f"n{number}" for number in range(50)))]
    cluster.answering = lambda namespace, name: {"status": 504} if namespace == "test" else isolated(namespace, name)
    lines = run().output.splitlines()
    assert len([line for line in lines if line.startswith("WRONG")]) < 10
    assert any(line.startswith("WRONG  47 more like that, of test: 504 decided by sidecar") for line in lines)
    assert len(json.loads(run("--json").output)["wrong"]) > 50


def only_n5_reads(name: str, namespace: str, asked: str) -> Mapping[str, Any]:
    """One breach among many answers that prove nothing."""
    if namespace != "n5":
        return {"status": 504}
    return READ if asked == name else isolated(namespace, asked)


def test_a_breach_stands_before_all_else(cluster: FakeCluster) -> None:
    """Whatever else went wrong, and however much."""
    cluster.there = [pod(f"n{number}") for number in range(20)]
    for name in ("n0/database-password", "n9/database-password"):
        cluster.answering = partial(only_n5_reads, name)
        first, *others = run().output.splitlines()
        assert first.startswith(f"WRONG  n5 asking for {name}: 200 decided by aws, expected 403")
        assert len(others) < 20
        assert any(" others: 504 decided by sidecar" in line for line in others)


def test_what_pods_say_does_nothing_to_a_terminal(cluster: FakeCluster) -> None:
    """A detail comes from a log, and could wipe the verdict away."""
    cluster.answering = but(FOREIGN, {"status": 500, "detail": "\x1b[2J\nisolated: all"})
    result = run()
    assert result.exit_code == UNDECIDED
    assert "\x1b" not in result.output
    assert "\nisolated" not in result.output


def test_the_help_teaches() -> None:
    """Every option has its help, every exit code its meaning."""
    assert all(option.help for option in prove.params if isinstance(option, click.Option))
    result = run("--help")
    assert "secret-access prove --collect --json" in result.output
    for code in (ISOLATED, BREACHED, UNUSABLE, UNDECIDED, STOPPED):
        assert f"  {code}  " in EXIT_CODES
