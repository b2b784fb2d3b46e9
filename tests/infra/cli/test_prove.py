"""The command `secret-access prove`: what people and programs get of it."""

import json
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from secret_access.cli.main import cli
from secret_access.cli.prove import BREACHED, EXIT_CODES, ISOLATED, STOPPED, UNDECIDED, UNUSABLE, prove
from secret_access.kubectl import Forbidden, KubectlError
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


def test_what_was_collected_is_judged_as_what_was_asked(cluster: FakeCluster) -> None:
    """A breach, a refusal that is none, an owner that does not read."""
    cluster.made = json.loads(run("--print-jobs").output)["items"]
    for which, answer, code in (
        (FOREIGN, READ, BREACHED),
        (FOREIGN, {**DENIED, "code": "ForbiddenByFirewall"}, UNDECIDED),
        (OWN, DENIED, UNDECIDED),
    ):
        cluster.answering = but(which, answer)
        assert run("--collect").exit_code == code


@pytest.mark.parametrize(("hours", "arguments", "code"), [
    (35, (), ISOLATED),
    (37, (), UNDECIDED),
    (37, ("--max-age", "38"), ISOLATED),
    (2, ("--max-age", "1"), UNDECIDED),
    (-2, (), UNDECIDED),
])  # fmt: skip
def test_old_logs_prove_nothing(cluster: FakeCluster, hours: int, arguments: tuple[str, ...], code: int) -> None:
    """A CronJob that no longer runs, and a clock that is wrong."""
    cluster.made = json.loads(run("--print-jobs", "--cron", "0 3 * * *").output)["items"]
    for each in cluster.made:
        each["spec"] = each["spec"]["jobTemplate"]["spec"]
    cluster.made_at = datetime.now(UTC) - timedelta(hours=hours)
    result = run("--collect", *arguments)
    assert result.exit_code == code
    assert ("see whether its CronJob still runs, and the clocks" in result.output) == (code == UNDECIDED)


def test_the_newest_log_counts(cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a nightly Job's pods, in whichever order they come; one that still asks has no say yet."""
    cluster.made = json.loads(run("--print-jobs").output)["items"]
    find, logs = cluster.find, cluster.logs

    def both(*arguments: Any) -> list[dict[str, Any]]:
        (new,) = find(*arguments)
        old, running = json.loads(json.dumps([new, new]))
        old["metadata"] |= {"creationTimestamp": f"{datetime.now(UTC) - timedelta(hours=24):%Y-%m-%dT%H:%M:%SZ}"}
        running["metadata"] |= {"name": "running", "creationTimestamp": "2999-01-01T00:00:00Z"}
        running["status"] = {"phase": "Running", "containerStatuses": [{"name": "ask", "state": {"running": {}}}]}
        old["metadata"]["name"] = "old"
        return [old, new, running, old]

    def log(pod: str, namespace: str, container: str) -> str:
        assert pod not in ("old", "running")
        return logs(pod, namespace, container)

    monkeypatch.setattr(cluster, "find", both)
    monkeypatch.setattr(cluster, "logs", log)
    assert run("--collect").exit_code == ISOLATED


def test_logs_of_jobs_of_an_earlier_stack_prove_nothing(cluster: FakeCluster) -> None:
    """They asked as another role, or with another program."""
    cluster.made = json.loads(run("--print-jobs").output)["items"]
    cluster.there = [pod("test", AWS_ROLE_ARN="arn:aws:iam::111122223333:role/new"), pod("prod")]
    assert run("--collect").exit_code == UNDECIDED
    cluster.there = [pod("test", AWS_SESSION_DURATION="900"), pod("prod")]
    result = run("--collect")
    assert result.exit_code == UNDECIDED
    assert "had another AWS_SESSION_DURATION; print the Jobs again and apply them" in result.output


def test_a_log_that_cannot_be_read_is_one_namespaces_gap(cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """The others' are judged all the same."""
    cluster.made = json.loads(run("--print-jobs").output)["items"]
    logs = cluster.logs

    def log(pod: str, namespace: str, container: str) -> str:
        if namespace == "test":
            raise KubectlError("kubectl logs: the node is gone")
        return logs(pod, namespace, container)

    monkeypatch.setattr(cluster, "logs", log)
    result = run("--collect")
    assert result.exit_code == UNDECIDED
    assert "(kubectl logs: the node is gone)" in result.output
    assert "prod        200 by aws" in result.output


def test_collected_jobs_of_another_namespace_are_not_ones_own(cluster: FakeCluster) -> None:
    """Each namespace's answers are those of its own pods."""
    cluster.made = json.loads(run("--print-jobs").output)["items"]
    for each in cluster.made:
        each["metadata"]["labels"] = cluster.made[0]["metadata"]["labels"]
    assert run("--collect").exit_code == UNDECIDED


def test_printed_jobs_have_the_schedule_and_the_time(cluster: FakeCluster) -> None:
    """As they were given, in a form that is the same each time, for Git."""
    printed = run("--print-jobs", "--cron", "5 4 * * 1", "--timeout", "33").output
    for each in json.loads(printed)["items"]:
        assert each["spec"]["schedule"] == "5 4 * * 1"
        assert each["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]["args"][1] == "33"
        assert each["spec"]["jobTemplate"]["metadata"]["labels"]["app.kubernetes.io/name"] == "secret-access-probe"
    assert run("--print-jobs", "--cron", "5 4 * * 1", "--timeout", "33").output == printed
    assert cluster.made == []


def test_a_namespace_that_is_not_there_is_refused(cluster: FakeCluster) -> None:
    """A typing error would leave it out of the verdict in silence."""
    result = run("-n", "test", "-n", "prod", "-n", "prd")
    assert result.exit_code == UNUSABLE
    assert "no pod or workload in prd has a sidecar" in result.stderr
    assert cluster.made == []


def test_a_sidecar_that_cannot_be_read_is_undecided(cluster: FakeCluster) -> None:
    """Its namespace was not asked."""
    hidden = pod("dev")
    source = {"configMapKeyRef": {"name": "settings", "key": "x"}}
    hidden["spec"]["initContainers"][0]["env"] = [{"name": "SECRETS_BACKEND", "valueFrom": source}]
    cluster.there.append(hidden)
    result = run()
    assert result.exit_code == UNDECIDED
    assert "dev: the sidecar 'secrets' of app-1 takes SECRETS_BACKEND from a ConfigMap" in result.output
    cluster.there = [hidden]
    assert run().exit_code == UNDECIDED


def account(namespace: str, name: str = "secret-access", **annotations: str) -> dict[str, Any]:
    metadata = {"namespace": namespace, "name": name, "annotations": {"secret-access/role-arn": "arn", **annotations}}
    return {"plural": "serviceaccounts", "metadata": metadata}


def test_an_identity_without_a_pod_is_noted(cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody asked as it. One that is nobody's outside of the cluster is of no interest."""
    plain = account("test", "default")
    plain["metadata"]["annotations"] = None
    cluster.there += [account("test"), account("prod"), account("shop"), account("test", "other"), plain]
    result = run("--json")
    said = "nobody asked as the ServiceAccount {}: it has an identity (secret-access/role-arn), and no pod or workload"
    assert result.exit_code == ISOLATED
    assert [note.removesuffix(" with a sidecar") for note in json.loads(result.output)["notes"]] == [
        said.format("shop/secret-access"),
        said.format("test/other"),
    ]
    assert "shop/secret-access" not in run("-n", "test", "-n", "prod").output
    read_all = cluster.read_all

    def refused(path: str) -> Any:
        if path.endswith("serviceaccounts"):
            raise Forbidden("forbidden")
        return read_all(path)

    monkeypatch.setattr(cluster, "read_all", refused)
    assert "note   ServiceAccounts may not be listed" in run().output


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
