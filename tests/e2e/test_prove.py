"""`secret-access prove` on the laptop: real pods ask every vault, and what is widened by hand shows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from local import clouds, config
from local.aws import account
from local.progress import wait_for
from tests.e2e.conftest import Environment

TEST, PROD = config.ENVIRONMENTS
OF_TEST, OF_PROD = f"{TEST}/database-password", f"{PROD}/database-password"


def prove(environment: Environment, *arguments: str, exit_code: int) -> str:
    """What the command prints, run as a person runs it."""
    command = [Path(sys.executable).parent / "secret-access", "prove", f"--kubeconfig={config.KUBECONFIG}"]
    command += [f"--namespace={name}" for name in config.ENVIRONMENTS]
    path = os.pathsep.join([str(environment.pulumi.tools), os.environ["PATH"]])
    ran = subprocess.run(
        [*map(str, command), *arguments], capture_output=True, text=True, check=False, env={**os.environ, "PATH": path}
    )
    assert ran.returncode == exit_code, ran.stdout + ran.stderr
    assert not [value for value in values() if value in ran.stdout + ran.stderr]
    return ran.stdout


def values() -> set[str]:
    """Every secret's value, of every vault."""
    return {value for cloud in clouds.ALL.values() for value in cloud.account.values().values()}


def jobs(environment: Environment) -> list[dict[str, Any]]:
    found = environment.kubectl("get", "jobs", "--all-namespaces", "-o", "json")
    return [each for each in json.loads(found)["items"] if each["metadata"]["name"].startswith("secret-access-probe")]


def test_each_namespace_is_refused_the_others_by_every_vault(environment: Environment) -> None:
    """Two reads and two refusals in each of four vaults, by pods of the identities' own; no Job is left."""
    found = json.loads(prove(environment, "--json", exit_code=0))
    assert (found["isolated"], found["wrong"]) == (True, [])
    seen = Counter((cell["vault"], cell["status"], cell["decided_by"]) for cell in found["cells"])
    assert seen == {(name, status, name): 2 for name in clouds.ALL for status in (200, 403)}
    refused = [cell for cell in found["cells"] if cell["vault"] == "aws" and cell["status"] == 403]
    trail = clouds.ALL["aws"].trail.path.read_text()
    assert all(f'"request_id": "{cell["request_id"]}"' in trail for cell in refused)
    assert all(cell["asked_by"].startswith(f"{cell['from']}/secret-access-probe-") for cell in refused)
    wait_for("the Jobs to be gone", lambda: not jobs(environment))


def test_a_widened_policy_turns_its_cell_and_a_missing_secret_proves_nothing(
    environment: Environment, role_arns: dict[str, str]
) -> None:
    """So it was the policy that refused; and a refusal of what is not there is none."""
    iam, role = account.client("iam"), role_arns[TEST].rpartition("/")[2]
    (policy,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    document = json.dumps(iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"])
    widened = document.replace(f":secret:{TEST}/*", ":secret:*")
    assert widened != document
    iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=widened)
    try:
        printed = prove(environment, "--json", "--name", f"{TEST}=not-there", exit_code=1)
    finally:
        iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=document)
    found = json.loads(printed)
    status = {(cell["vault"], cell["from"], cell["name"]): cell["status"] for cell in found["cells"]}
    assert status["aws", TEST, OF_PROD] == 200
    assert status["aws", TEST, f"{TEST}/not-there"] == 404
    assert status["aws", PROD, f"{TEST}/not-there"] == 403
    assert [status[name, TEST, OF_PROD] for name in clouds.ALL if name != "aws"] == [403] * (len(clouds.ALL) - 1)
    about_aws = [each for each in found["wrong"] if "not-there" not in each]
    assert len(about_aws) == 1
    assert about_aws[0].startswith(f"{TEST} asking for {OF_PROD}: 200 decided by aws, expected 403 decided by aws")
    unread = f"{PROD} asking for {TEST}/not-there: refused, but its owner could not read it either"
    assert any(each.startswith(unread) for each in found["wrong"])


def test_jobs_from_git_are_collected_and_their_logs_hold_no_value(environment: Environment, tmp_path: Path) -> None:
    """Whoever collects needs no right to make pods. Neither container's log has a secret."""
    file = tmp_path / "jobs.json"
    file.write_text(prove(environment, "--print-jobs", exit_code=0))
    environment.kubectl("apply", f"--filename={file}")
    try:
        for namespace in config.ENVIRONMENTS:
            selector = "--selector=app.kubernetes.io/name=secret-access-probe"
            environment.kubectl(
                "wait", "jobs", f"--namespace={namespace}", selector, "--for=condition=Complete", "--timeout=60s"
            )
            logs = environment.kubectl("logs", f"--namespace={namespace}", selector, "--all-containers", "--tail=-1")
            assert logs.count('"type": "urn:secret-access:problem:denied"') == len(clouds.ALL)
            assert not [value for value in values() if value in logs]
        assert json.loads(prove(environment, "--collect", "--json", exit_code=0))["isolated"] is True
    finally:
        environment.kubectl("delete", f"--filename={file}", "--wait=false")


def test_secrets_elsewhere_are_asked_for_from_the_same_pod(environment: Environment) -> None:
    """By sidecars that it starts for them: here a second way to say the region is another place."""
    app = json.loads(environment.kubectl("get", "deployment/app", f"--namespace={PROD}", "-o", "json"))
    template, labels = app["spec"]["template"], {"app.kubernetes.io/name": "elsewhere"}
    (sidecar,) = template["spec"]["initContainers"]
    region = next(each["value"] for each in sidecar["env"] if each["name"] == "AWS_REGION")
    sidecar["env"].append({"name": "AWS_DEFAULT_REGION", "value": region})
    template["metadata"]["labels"] |= labels
    metadata = {"name": "elsewhere", "namespace": PROD}
    spec = {"replicas": 0, "selector": {"matchLabels": labels}, "template": template}
    made = json.dumps({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec})
    environment.kubectl("apply", "--filename=-", input=made)
    try:
        found = json.loads(prove(environment, "--json", exit_code=0))
    finally:
        environment.kubectl("delete", "deployment/elsewhere", f"--namespace={PROD}")
    aws = [cell for cell in found["cells"] if cell["vault"] == "aws"]
    elsewhere = [cell for cell in aws if cell["place"].endswith(f"{region} {region}")]
    assert Counter(cell["status"] for cell in aws) == {200: 3, 403: 4}
    assert {(cell["from"], cell["name"], cell["status"]) for cell in elsewhere} == {
        (TEST, OF_PROD, 403),
        (PROD, OF_PROD, 200),
    }
    assert len({cell["asked_by"] for cell in aws}) == 3


@pytest.fixture(autouse=True)
def _none_left(environment: Environment) -> Any:
    yield
    wait_for("the Jobs to be gone", lambda: not jobs(environment))
