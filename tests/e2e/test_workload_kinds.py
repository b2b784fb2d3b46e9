"""Workloads of every kind on the laptop: each reads its own namespace's secret, and AWS refuses it the other's."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from local import config
from local.aws import account
from local.aws.cloud import AWS
from tests.e2e.conftest import Environment

STACK = AWS.environment_stacks["test"]
IMAGE = "localhost/secret-access-app:dev"
OWN, OTHER = "test/database-password", "prod/database-password"
READ = """
import hashlib, json, os, urllib.error, urllib.request
for name in ("database-password", "prod/database-password"):
    try:
        answer = urllib.request.urlopen(f"{os.environ['SECRETS_URL']}/v1/secrets/{name}")
    except urllib.error.HTTPError as refusal:
        answer = refusal
    body = json.load(answer)
    shown = {key: body[key] for key in ("code", "identity") if key in body}
    if "value" in body:
        shown["digest"] = hashlib.sha256(body["value"].encode()).hexdigest()
    print(json.dumps({"status": answer.status, **shown}))
"""
"""What an application does: it asks for its own secret, and for another namespace's; no value gets into its log."""
COMMAND = ["/usr/bin/python3", "-P", "-c", READ]
ONCE = {"spec": {"containers": [{"name": "app", "command": COMMAND}]}}
WORKLOADS = {
    "web": {
        "image": IMAGE,
        "pod": {
            "spec": {
                "containers": [{"name": "worker", "image": IMAGE}],
                "initContainers": [{"name": "migrate", "image": IMAGE, "command": COMMAND}],
            }
        },
    },
    "db": {
        "image": IMAGE,
        "kind": "StatefulSet",
        "spec": {"serviceName": "db"},
        "pod": {
            "spec": {
                "containers": [{"name": "app", "volumeMounts": [{"name": "data", "mountPath": "/data"}]}],
                "volumes": [{"name": "data", "emptyDir": {}}],
                "securityContext": {"fsGroup": 2000},
            }
        },
    },
    "once": {"image": IMAGE, "kind": "Job", "spec": {"backoffLimit": 0}, "pod": ONCE},
    "nightly": {
        "image": IMAGE,
        "kind": "CronJob",
        "spec": {"schedule": "0 3 * * *", "suspend": True, "jobTemplate": {"spec": {"backoffLimit": 0}}},
        "pod": ONCE,
    },
}

Answer = dict[str, Any]


@pytest.fixture(scope="module")
def kinds(environment: Environment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    """The namespace `test` with these workloads beside its own; afterwards without."""
    settings = yaml.safe_load((config.ROOT / "stacks" / f"Pulumi.{STACK}.yaml").read_text())
    settings["config"]["secret-access:namespaces"]["test"]["workloads"].update(WORKLOADS)
    file: Path = tmp_path_factory.mktemp("stacks") / f"Pulumi.{STACK}.yaml"
    file.write_text(yaml.safe_dump(settings))
    up = ("up", f"--stack={STACK}", "--yes", "--skip-preview")
    environment.pulumi(*up, f"--config-file={file}")
    try:
        yield environment
    finally:
        environment.kubectl(
            "delete", "jobs", "-n", "test", "-l", "app.kubernetes.io/name=nightly", "--ignore-not-found"
        )
        environment.pulumi(*up)


def pod(environment: Environment, workload: str) -> str:
    """The one pod of a workload."""
    labels = f"app.kubernetes.io/name={workload}"
    (found,) = json.loads(environment.kubectl("get", "pods", "-n", "test", "-l", labels, "-o", "json"))["items"]
    return str(found["metadata"]["name"])


def told(environment: Environment, name: str, container: str) -> list[Answer]:
    """The answers that a container which asks by itself has logged."""
    return answers(environment.kubectl("logs", "-n", "test", name, "-c", container))


def asked(environment: Environment, name: str, container: str) -> list[Answer]:
    """The answers that a container gets which is made to ask."""
    return answers(environment.kubectl("exec", "-n", "test", name, "-c", container, "--", *COMMAND))


def answers(lines: str) -> list[Answer]:
    return [json.loads(line) for line in lines.splitlines()]


def assert_isolated(given: list[Answer], name: str) -> None:
    """Its own is read, and is what the vault holds; AWS refused the other's to this very pod."""
    own, other = given
    assert (own["status"], own["digest"]) == (200, hashlib.sha256(account.value(OWN).encode()).hexdigest())
    assert (other["status"], other["code"]) == (403, "AccessDeniedException")
    assert other["identity"].endswith(f"/test.{name}")
    assert "digest" not in other


def run_now(environment: Environment, name: str) -> str:
    """Run the CronJob's Job once; its pod."""
    environment.kubectl("create", "job", name, "--from=cronjob/nightly", "-n", "test")
    environment.kubectl("wait", f"job/{name}", "-n", "test", "--for=condition=Complete", "--timeout=120s")
    (found,) = json.loads(environment.kubectl("get", "pods", "-n", "test", "-l", f"job-name={name}", "-o", "json"))[
        "items"
    ]
    return str(found["metadata"]["name"])


def test_each_container_of_a_deployment_reads_its_own_secret_alone(kinds: Environment) -> None:
    """The app, a second container, and an init container, which asks before they start."""
    name = pod(kinds, "web")
    assert_isolated(told(kinds, name, "migrate"), name)
    assert_isolated(asked(kinds, name, "app"), name)
    assert_isolated(asked(kinds, name, "worker"), name)


def test_a_stateful_set_reads_its_own_secret_alone(kinds: Environment) -> None:
    """With volumes whose group is another than the sidecar's, which reads its token all the same."""
    assert pod(kinds, "db") == "db-0"
    assert_isolated(asked(kinds, "db-0", "app"), "db-0")


def test_a_job_reads_its_own_secret_alone_and_ends(kinds: Environment) -> None:
    """`pulumi up` waited for it: the sidecar keeps no Job from finishing."""
    name = pod(kinds, "once")
    assert_isolated(told(kinds, name, "app"), name)
    job = json.loads(kinds.kubectl("get", "job", "once", "-n", "test", "-o", "json"))
    assert job["status"]["succeeded"] == 1


def test_a_cron_job_reads_its_own_secret_alone_until_the_policy_is_widened(
    kinds: Environment, role_arns: dict[str, str]
) -> None:
    """The proof can fail: with the policy widened, the next run reads the other namespace's secret."""
    name = run_now(kinds, "nightly-now")
    assert_isolated(told(kinds, name, "app"), name)
    iam, role = account.client("iam"), role_arns["test"].rpartition("/")[2]
    (policy,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    document = json.dumps(iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"])
    widened = document.replace(":secret:test/*", ":secret:*")
    assert widened != document
    iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=widened)
    try:
        _, other = told(kinds, run_now(kinds, "nightly-widened"), "app")
        assert (other["status"], other["digest"]) == (200, hashlib.sha256(account.value(OTHER).encode()).hexdigest())
    finally:
        iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=document)
