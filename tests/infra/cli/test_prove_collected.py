"""`secret-access prove` with Jobs that others run: they are printed, and their logs collected."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from secret_access.cli.prove import BREACHED, ISOLATED, UNDECIDED
from secret_access.kubectl import KubectlError
from tests.infra.cli.proving import FOREIGN, OWN, READ, but, run
from tests.infra.probe.pods import DENIED, FakeCluster, pod


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
