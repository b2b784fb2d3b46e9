"""The command `secret-access prove`: its verdicts, each with its exit code, and what it refuses."""

import json
from typing import Any

import pytest

from secret_access.cli.prove import BREACHED, ISOLATED, UNDECIDED, UNUSABLE
from secret_access.kubectl import Forbidden, KubectlError
from tests.infra.cli.proving import FOREIGN, OWN, READ, but, run
from tests.infra.probe.pods import DENIED, FakeCluster, pod


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
