"""Which namespaces and secrets the matrix asks about."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from local import clouds, cluster, host, isolation, namespaces, up
from local.aws import account
from local.aws.cloud import AWS
from local.kubectl import Kubectl, KubectlError
from local.namespaces import Namespace
from local.stacks import Pulumi
from local.trail import TrailFile

DENIED = {"status": 403, "content_type": "application/problem+json", "body": {"detail": "refused"}}


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Namespace]:
    """The namespaces of the stacks; test has a pod, the vault two secrets of test and one of nobody."""
    there = [Namespace("test", "test/", has_workloads=True)]
    pods = [cluster.Pod("test", "app-1", "app", (), "aws", "10.77.0.2")]
    monkeypatch.setattr(namespaces, "made_by_stacks", lambda *_: there)
    monkeypatch.setattr(account, "values", lambda: {"elsewhere/a": "3", "test/b": "2", "test/a": "1"})
    monkeypatch.setattr(TrailFile, "since", lambda *_: [])
    monkeypatch.setattr(host, "why_not_running", lambda: None)
    monkeypatch.setattr(cluster, "ready_pods", lambda _: pods)
    monkeypatch.setattr(cluster, "ask", lambda *_: DENIED)
    return there


def asked() -> list[tuple[Any, ...]]:
    cells = up.ask_everything(Kubectl(Path()), Pulumi(Path()), [AWS])
    return [(cell.question.asker, cell.question.name, cell.question.expected) for cell in cells]


@pytest.mark.usefixtures("made")
def test_a_secret_outside_all_prefixes_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    """No namespace is expected to read it, so its refusals would prove nothing; the person is told."""
    assert asked() == [("test", "test/b", 200), ("test", "test/a", 200)]
    assert "not asked for, because no namespace has their prefix: elsewhere/a" in capsys.readouterr().err


def test_a_namespace_whose_workloads_others_deploy_may_have_none(
    made: list[Namespace], capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody can ask from there; its secrets are asked for from the others."""
    made.append(Namespace("billing", "elsewhere/", has_workloads=False))
    assert asked() == [("test", "test/b", 200), ("test", "test/a", 200), ("test", "elsewhere/a", 403)]
    assert "not asked from billing, which has no pod with a sidecar" in capsys.readouterr().err


def test_a_namespace_whose_own_workload_is_not_ready_is_an_error(made: list[Namespace]) -> None:
    """Its column would be missing without anybody noticing."""
    made.append(Namespace("prod", "prod/", has_workloads=True))
    with pytest.raises(KubectlError, match="'prod' has no ready pod with a sidecar for AWS"):
        asked()


def test_the_report_of_one_cloud_is_as_short_as_its_matrix(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of several, it says of each what decided there, and which cloud the next question goes to."""
    monkeypatch.setattr(isolation, "wrong", lambda _: [])
    other = replace(AWS, name="other", title="Other", decider="a fake")
    monkeypatch.setitem(clouds.ALL, "other", other)
    own = isolation.Cell(isolation.Question(AWS, "test", "test/", "test/a", "app-1").in_matrix, 200, "aws", "")
    assert up.report([own]) == 0
    said = capsys.readouterr().out
    assert "refused the others', by AWS. Written" in said
    assert said.endswith("make ask FROM=test NAME=test/a\n")
    assert up.report([own, replace(own, question=replace(own.question, vault="other"))]) == 0
    said = capsys.readouterr().out
    assert "\naws: MiniStack behind a guard; other: a fake\n" in said
    assert "refused the others', by AWS and Other. Written" in said
    assert said.endswith("make ask FROM=test NAME=test/a CLOUD=aws\n")
