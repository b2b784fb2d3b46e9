"""The command `secret-access prove`: what people and programs get of it."""

import json
import sys
from collections.abc import Mapping
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from secret_access.cli.main import cli
from secret_access.cli.prove import BREACHED, EXIT_CODES, ISOLATED, STOPPED, UNDECIDED, UNUSABLE, prove
from secret_access.kubectl import KubectlError
from tests.infra.probe.pods import DENIED, Answering, FakeCluster, isolated, pod

READ = {"status": 200}
OWN, FOREIGN = ("test", "test/database-password"), ("test", "prod/database-password")


def run(*arguments: str, **more: bool) -> Result:
    return CliRunner().invoke(cli, ["prove", *arguments], **more)  # type: ignore[arg-type]  # any option of click's


def but(which: tuple[str, str], answer: Mapping[str, Any]) -> Answering:
    """Isolated, but for one cell."""
    return lambda namespace, name: answer if (namespace, name) == which else isolated(namespace, name)


def test_isolated_namespaces_are_said_to_be(cluster: FakeCluster) -> None:
    """Two reads and two refusals, by Jobs that are gone afterwards."""
    result = run()
    assert result.exit_code == ISOLATED, result.output
    assert result.output.splitlines() == [
        "asked from  prod/database-password  test/database-password",
        "prod        200 by aws              403 by aws",
        "test        403 by aws              200 by aws",
        "",
        "isolated: 2 namespaces on aws: 2 read by their owners, 2 refused by the cloud",
        "asked at 2026-01-01T00:00:00Z",
    ]
    assert len(cluster.made) == 2
    assert cluster.left == []


def test_a_widened_policy_is_a_breach(cluster: FakeCluster) -> None:
    """Who read what, in words and as an exit code of its own."""
    cluster.answering = but(FOREIGN, READ)
    result = run()
    assert result.exit_code == BREACHED
    assert (
        "WRONG  test asking for prod/database-password: 200 decided by aws, expected 403 decided by aws"
        in result.output
    )
    assert (
        "NOT ISOLATED: 2 namespaces on aws: 2 read by their owners, 1 refused by the cloud, 1 read by others"
        in result.output
    )


@pytest.mark.parametrize(
    "answer",
    [
        {**DENIED, "status": 404, "type": "urn:secret-access:problem:not-found"},
        {**DENIED, "status": 500},
        {"status": 504, "type": "urn:secret-access:problem:timed-out"},
        {"status": None, "detail": "no answer of the sidecar: ConnectionRefusedError"},
        {"status": 403, "type": "about:blank"},
    ],
    ids=["404", "500", "time-out", "no answer", "the sidecar's own refusal"],
)
def test_what_is_no_refusal_by_the_cloud_is_no_isolation(cluster: FakeCluster, answer: dict[str, Any]) -> None:
    """Nor a breach: it is undecided, and nobody is told that all is well."""
    cluster.answering = but(FOREIGN, answer)
    result = run()
    assert result.exit_code == UNDECIDED
    assert "WRONG  test asking for prod/database-password" in result.output
    assert (
        "UNDECIDED: 2 namespaces on aws: 2 read by their owners, 1 refused by the cloud, 1 of neither" in result.output
    )


def test_a_secret_that_its_owner_cannot_read_proves_nothing(cluster: FakeCluster) -> None:
    """Its refusals may be those of what does not exist."""
    cluster.answering = but(OWN, DENIED)
    result = run()
    assert result.exit_code == UNDECIDED
    assert "prod asking for test/database-password: refused, but its owner could not read it either" in result.output


def test_a_gap_is_undecided(cluster: FakeCluster) -> None:
    """A namespace whose secrets nobody knows; a name that is given closes it."""
    cluster.there = [pod("test"), pod("prod", names="")]
    result = run()
    assert result.exit_code == UNDECIDED
    assert "WRONG  prod on aws: no secret of it is known" in result.output
    assert run("--name", "prod=database-password").exit_code == ISOLATED


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


def test_jobs_are_printed_and_none_is_made(cluster: FakeCluster) -> None:
    """What `kubectl apply` takes; with a schedule, CronJobs."""
    for arguments, kind in (((), "Job"), (("--cron", "0 3 * * *"), "CronJob")):
        result = run("--print-jobs", *arguments)
        printed = json.loads(result.output)
        assert (result.exit_code, printed["kind"]) == (0, "List")
        assert [(each["kind"], each["metadata"]["namespace"]) for each in printed["items"]] == [
            (kind, "prod"),
            (kind, "test"),
        ]
    assert cluster.made == []


def test_logs_of_jobs_that_others_made_are_collected(cluster: FakeCluster) -> None:
    """It makes none and deletes none; where none has asked, nothing is proven."""
    result = run("--collect")
    assert result.exit_code == UNDECIDED
    assert "no pod has asked: create the Job secret-access-probe-" in result.output
    cluster.made = json.loads(run("--print-jobs").output)["items"]
    assert run("--collect").exit_code == ISOLATED
    assert (len(cluster.made), cluster.deleted) == (2, [])
    cluster.there = [pod("test", names="database-password,added"), pod("prod")]
    result = run("--collect")
    assert result.exit_code == UNDECIDED
    assert "test asking for test/added: no answer" in result.output


def test_a_cluster_that_cannot_be_asked_is_unusable(cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """In kubectl's words; and one without any sidecar."""

    def fails(_: str) -> Any:
        raise KubectlError("kubectl get: no such context")

    cluster.there = []
    result = run("--namespace", "test")
    assert result.exit_code == UNUSABLE
    assert "no pod or workload in test has a sidecar" in result.stderr
    monkeypatch.setattr(cluster, "read_all", fails)
    result = run()
    assert (result.exit_code, result.stdout) == (UNUSABLE, "")
    assert "secret-access: kubectl get: no such context" in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [("--name", "shop"), ("--name", "=a"), ("--cron", "0 3 * * *"), ("--collect", "--print-jobs"), ("--parallel", "0")],
)
def test_wrong_arguments_are_refused(cluster: FakeCluster, arguments: tuple[str, ...]) -> None:
    """Before anything is asked."""
    assert run(*arguments).exit_code == UNUSABLE
    assert cluster.made == []


def test_the_help_teaches() -> None:
    """Every option has its help, every exit code its meaning."""
    assert all(option.help for option in prove.params if isinstance(option, click.Option))
    result = run("--help")
    assert "secret-access prove --collect --json" in result.output
    for code in (ISOLATED, BREACHED, UNUSABLE, UNDECIDED, STOPPED):
        assert f"  {code}  " in EXIT_CODES
