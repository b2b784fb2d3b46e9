"""A run of `secret-access prove`: what it goes on without, how it is stopped, and how another goes on from it."""

import json
import os
import signal
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from secret_access.cli.prove import BREACHED, ISOLATED, STOPPED, UNDECIDED, UNUSABLE
from secret_access.kubectl import ClusterNotReached, Forbidden
from secret_access.probe import job
from tests.infra.cli.proving import FOREIGN, but, run
from tests.infra.probe.pods import DENIED, FakeCluster, isolated, pod


def test_a_pod_that_does_not_start_says_why(cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the time limit of each namespace, as no answer."""
    cluster.ends = False
    monkeypatch.setattr(job, "START_SECONDS", -5)
    monkeypatch.setattr(cluster, "logs", lambda *_: "")
    result = run("--timeout", "5")
    assert result.exit_code == UNDECIDED
    assert "the Job did not end within 0 s: its container ask waits: ImagePullBackOff no such image" in result.output
    assert cluster.left == []


def test_a_namespace_in_which_no_job_may_be_made_is_undecided(
    cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others are asked all the same."""
    create = cluster.create

    def refused(*objects: Mapping[str, Any]) -> list[dict[str, Any]]:
        if objects[0]["metadata"]["namespace"] == "test":
            raise Forbidden("kubectl create: forbidden")
        return create(*objects)

    monkeypatch.setattr(cluster, "create", refused)
    result = run()
    assert result.exit_code == UNDECIDED
    assert "prod        200 by aws" in result.output
    assert "test asking for prod/database-password: no answer decided by nobody" in result.output
    assert "(kubectl create: forbidden)" in result.output


def test_a_cluster_that_is_gone_for_a_moment_is_asked_again(
    cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One look that fails among many loses no namespace."""
    find = cluster.find
    failed: list[Any] = []

    def flaky(*arguments: Any) -> list[dict[str, Any]]:
        if len(failed) < 3:
            failed.append(arguments)
            raise ClusterNotReached("no answer")
        return find(*arguments)

    monkeypatch.setattr(cluster, "find", flaky)
    assert run().exit_code == ISOLATED
    assert len(failed) == 3


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """Ctrl-C works as at a terminal, also where the tests run in a shell's background: there it is ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_it_leaves_no_job(cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """By Ctrl-C, or by what CI sends; the exit code is neither of a verdict."""
    create = cluster.create
    cluster.ends = False

    def made(*objects: Mapping[str, Any]) -> list[dict[str, Any]]:
        created = create(*objects)
        if len(cluster.made) == 2:
            os.kill(os.getpid(), number)
        return created

    monkeypatch.setattr(cluster, "create", made)
    result = run()
    assert result.exit_code == STOPPED
    assert "stopped, its Jobs are deleted" in result.stderr
    assert len(cluster.made) == 2
    assert cluster.left == []
    assert result.stdout == ""


def test_a_run_goes_on_from_what_was_answered(
    cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Only who was not asked, or not answered for good, is asked again. No value is in the file."""
    file = tmp_path / "proof.jsonl"
    cluster.answering = but(("prod", "prod/database-password"), {"status": 503})
    assert run("--resume", str(file)).exit_code == UNDECIDED
    assert file.stat().st_mode & 0o077 == 0
    cluster.answering, cluster.made = isolated, []
    result = run("--resume", str(file))
    assert result.exit_code == ISOLATED
    assert [each["metadata"]["namespace"] for each in cluster.made] == ["prod"]
    cluster.made = []
    assert run("--resume", str(file), "--json").exit_code == ISOLATED
    assert cluster.made == []
    cluster.there = [pod("test", names="database-password,added"), pod("prod")]
    assert run("--resume", str(file)).exit_code == ISOLATED
    assert len(cluster.made) == 2


def test_a_line_that_was_being_written_is_written_again(cluster: FakeCluster, tmp_path: Path) -> None:
    """Whoever wrote it was killed."""
    file = tmp_path / "proof.jsonl"
    assert run("--resume", str(file)).exit_code == ISOLATED
    file.write_text(file.read_text()[:-20])
    for made in (1, 0):
        cluster.made = []
        assert run("--resume", str(file)).exit_code == ISOLATED
        assert len(cluster.made) == made


HERE = "https://cluster.example 851362e395416a7c"


def head(begun: str, cluster: str = HERE) -> str:
    return json.dumps({"cluster": cluster, "begun": begun}) + "\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("no json\n", "is no file of a run"),
        ("{}\n", "is no file of a run"),
        (head("2026-01-01T00:00:00+00:00", "https://other.example 0"), "is of a run on the cluster"),
        (head("2026-01-01T00:00:00+00:00", "https://cluster.example 0"), "is of a run on the cluster"),
        (head("2026-01-01T00:00:00+00:00"), "is of a run that began at 2026-01-01T00:00:00+00:00, and it is "),
        (head("2999-01-01T00:00:00+00:00"), "is of a run that began at 2999-01-01T00:00:00+00:00, and it is "),
        (head("2026-01-01T00:00:00"), "is no file of a run"),
        (head(datetime.now(UTC).isoformat()) + "[]\n", "is no file of a run"),
        (head(datetime.now(UTC).isoformat()) + '{"key": "k"}\n', "is no file of a run"),
    ],
)
def test_another_file_is_refused(cluster: FakeCluster, tmp_path: Path, text: str, expected: str) -> None:
    """And left as it is; nothing is asked."""
    file = tmp_path / "proof.jsonl"
    file.write_text(text)
    result = run("--resume", str(file))
    assert result.exit_code == UNUSABLE
    assert expected in result.stderr
    assert file.read_text() == text
    assert cluster.made == []


def test_probes_are_asked_several_at_a_time_and_no_more(cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """As `--parallel` says."""
    cluster.there = [pod(f"n{number}") for number in range(12)]
    create, find, most, looks = cluster.create, cluster.find, [0], [0]

    def found(*arguments: Any) -> list[dict[str, Any]]:
        looks[0] += 1
        cluster.ends = looks[0] > 30  # since the last was made: none ends while more are being made
        return find(*arguments)

    def made(*objects: Mapping[str, Any]) -> list[dict[str, Any]]:
        most.append(len(cluster.left) + 1)
        looks[0] = 0
        return create(*objects)

    monkeypatch.setattr(cluster, "create", made)
    monkeypatch.setattr(cluster, "find", found)
    assert run("--parallel", "3").exit_code == ISOLATED
    assert len(cluster.made) == 12
    assert max(most) == 3


def test_what_was_wrong_is_asked_again(cluster: FakeCluster, tmp_path: Path) -> None:
    """Somebody has mended it since."""
    file = str(tmp_path / "proof.jsonl")
    cluster.answering = but(FOREIGN, {"status": 200})
    assert run("--resume", file).exit_code == BREACHED
    cluster.answering, cluster.made = isolated, []
    assert run("--resume", file).exit_code == ISOLATED
    assert [each["metadata"]["namespace"] for each in cluster.made] == ["test"]


def test_a_secret_that_did_not_exist_is_asked_for_again(cluster: FakeCluster, tmp_path: Path) -> None:
    """Others were refused something that was not there: a grant on the secret itself came with it."""
    file = str(tmp_path / "proof.jsonl")
    cluster.there.append(pod("dev"))
    missing = {**DENIED, "status": 404, "type": "urn:secret-access:problem:not-found"}
    cluster.answering = but(("prod", "prod/database-password"), missing)
    assert run("--resume", file).exit_code == UNDECIDED
    cluster.answering, cluster.made = but(FOREIGN, {"status": 200}), []
    assert run("--resume", file).exit_code == BREACHED
    assert sorted(each["metadata"]["namespace"] for each in cluster.made) == ["dev", "prod", "test"]
    cluster.answering, cluster.made = isolated, []
    assert run("--resume", file).exit_code == ISOLATED
    assert [each["metadata"]["namespace"] for each in cluster.made] == ["test"]
    # It was read since, so that what others are answered counts again
    cluster.there, cluster.made = [pod("test"), pod("prod", AWS_SESSION_DURATION="900"), pod("dev")], []
    assert run("--resume", file).exit_code == ISOLATED
    assert [each["metadata"]["namespace"] for each in cluster.made] == ["prod"]


def test_answers_about_a_secret_that_is_there_only_since_are_not_kept(cluster: FakeCluster, tmp_path: Path) -> None:
    """Also where the run that read it first was stopped before the others were asked again."""
    file = tmp_path / "proof.jsonl"
    missing = {**DENIED, "status": 404, "type": "urn:secret-access:problem:not-found"}
    cluster.answering = but(("prod", "prod/database-password"), missing)
    assert run("--resume", str(file)).exit_code == UNDECIDED
    cluster.answering = isolated
    assert run("--resume", str(file)).exit_code == ISOLATED
    lines = file.read_text().splitlines(keepends=True)
    asked_again = [line for line in lines if '"key"' in line][-1]
    file.write_text("".join(lines).removesuffix(asked_again))
    cluster.made = []
    assert run("--resume", str(file)).exit_code == ISOLATED
    assert [each["metadata"]["namespace"] for each in cluster.made] == ["test"]


def test_answers_of_another_role_are_not_kept(cluster: FakeCluster, tmp_path: Path) -> None:
    """The stack was deployed again meanwhile."""
    file = str(tmp_path / "proof.jsonl")
    assert run("--resume", file).exit_code == ISOLATED
    cluster.there, cluster.made = [pod("test", AWS_SESSION_DURATION="900"), pod("prod")], []
    assert run("--resume", file).exit_code == ISOLATED
    assert [each["metadata"]["namespace"] for each in cluster.made] == ["test"]


def test_a_pod_that_admission_changed_proves_nothing(cluster: FakeCluster) -> None:
    """It ran as somebody else."""
    cluster.admit = lambda spec: {**spec, "serviceAccountName": "default"}
    result = run()
    assert result.exit_code == UNDECIDED
    assert "the pod ran as the ServiceAccount 'default', expected 'secret-access'" in result.output


def test_another_pod_with_the_jobs_labels_is_not_asked(cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever sees the Job can make one, whose log says whatever he likes."""
    find = cluster.find
    monkeypatch.setattr(job, "START_SECONDS", -5)

    def forged(*arguments: Any) -> list[dict[str, Any]]:
        return [
            {**each, "metadata": {**each["metadata"], "ownerReferences": [{"uid": "another", "controller": True}]}}
            for each in find(*arguments)
        ]

    monkeypatch.setattr(cluster, "find", forged)
    assert run("--timeout", "5").exit_code == UNDECIDED


def test_a_pod_that_was_evicted_is_not_waited_for(cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its container never ran; the cluster says why."""
    find, looks = cluster.find, []

    def evicted(*arguments: Any) -> list[dict[str, Any]]:
        looks.append(arguments)
        status = {"phase": "Failed", "reason": "Evicted", "message": "the node was low on memory"}
        return [{**each, "status": status} for each in find(*arguments)]

    monkeypatch.setattr(cluster, "find", evicted)
    monkeypatch.setattr(cluster, "logs", lambda *_: "")
    monkeypatch.setattr(job, "START_SECONDS", -4)
    result = run("--timeout", "5")
    assert result.exit_code == UNDECIDED
    assert len(looks) == 2
    assert "the pod ended: Evicted the node was low on memory" in result.output
