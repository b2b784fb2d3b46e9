"""What docs/security.md says that rights in the cluster give away, each tried with that right alone."""

import json
import re
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from local import cluster, config
from local.aws import account
from local.aws.cloud import AWS
from local.kubectl import KubectlError
from local.progress import wait_for
from tests.e2e.conftest import Environment

VOLUME = "secret-access-token"
STEAL = """
import base64, glob, json, urllib.request
answer = json.load(urllib.request.urlopen("http://localhost:8080/v1/secrets/database-password"))
(token,) = [open(path).read() for path in glob.glob("/stolen/*")]
claims = token.split(".")[1]
claims = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
print(json.dumps({"value": answer["value"], "subject": claims["sub"]}))
"""
GET = "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1], timeout=5).read().decode())"


def role(name: str, *rules: dict[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": {"name": name, "namespace": "test"},
        "rules": list(rules),
    }


def given_to(user: str, name: str) -> dict[str, Any]:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": name, "namespace": "test"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}],
    }


def rights_in_the_table() -> set[tuple[str, str]]:
    """Verb and resource of each right that docs/security.md says gives secrets away."""
    table = (config.ROOT / "docs" / "security.md").read_text().partition("| right | ")[2].partition("\n\n")[0]
    listed = [line.split("|")[1] for line in table.splitlines()[2:]]
    return {right for cell in listed for right in re.findall(r"`(create|get|patch) ([a-z/]+)`", cell)}


def may(environment: Environment, user: str, verb: str, resource: str) -> bool:
    """What the API server says of a user's right in the namespace test."""
    name, _, subresource = resource.partition("/")
    asked = {"namespace": "test", "verb": verb, "resource": name, "subresource": subresource}
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": {"user": user, "resourceAttributes": asked},
    }
    out = environment.kubectl("create", "-f", "-", "-o", "json", input=json.dumps(review))
    return bool(json.loads(out)["status"]["allowed"])


def test_view_gives_no_secret_away_and_edit_does(environment: Environment) -> None:
    """As docs/security.md says of Kubernetes' own roles."""
    rights = rights_in_the_table()
    assert len(rights) > 6
    for name in ("view", "edit"):
        binding = given_to(f"{name}@example.test", f"built-in-{name}")
        binding["roleRef"] = {**binding["roleRef"], "kind": "ClusterRole", "name": name}
        environment.kubectl("apply", "-f", "-", input=json.dumps(binding))
    try:
        assert [right for right in sorted(rights) if may(environment, "view@example.test", *right)] == []
        assert may(environment, "view@example.test", "get", "pods/log")
        given = {right for right in rights if may(environment, "edit@example.test", *right)}
        assert len(given) > len(rights) / 2
        assert ("create", "pods/portforward") in given
    finally:
        environment.kubectl("delete", "rolebinding", "built-in-view", "built-in-edit", "-n", "test")


@contextmanager
def somebody_who_may(environment: Environment, verb: str, subresource: str) -> Iterator[str]:
    """A user who may look at pods and do this one thing, and nothing else."""
    rules = [
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]},
        {"apiGroups": [""], "resources": [subresource], "verbs": [verb]},
    ]
    user = "somebody@example.test"
    for made in (role("one-right", *rules), given_to(user, "one-right")):
        environment.kubectl("apply", "-f", "-", input=json.dumps(made))
    yield user
    environment.kubectl("delete", "role,rolebinding", "one-right", "-n", "test")


@pytest.fixture
def forwarder(environment: Environment) -> Iterator[str]:
    """A user who may forward the ports of pods."""
    with somebody_who_may(environment, "create", "pods/portforward") as user:
        yield user


@pytest.fixture
def debugger(environment: Environment) -> Iterator[str]:
    """A user who may add ephemeral containers to pods; the pod that has one is replaced."""
    pod = environment.pod("test")
    with somebody_who_may(environment, "patch", "pods/ephemeralcontainers") as user:
        yield user
    environment.kubectl("delete", "pod", pod, "-n", "test")
    cluster.wait_for_pod(environment.kubectl, AWS, "test")


def test_who_may_forward_ports_reads_the_namespaces_secrets(environment: Environment, forwarder: str) -> None:
    """The forwarded request comes from the pod's own loopback; exec, which they may not, is refused."""
    pod = environment.pod("test")
    with pytest.raises(KubectlError, match=f'User "{forwarder}" cannot create resource "pods/exec"'):
        environment.kubectl("exec", "-n", "test", pod, "-c", "app", f"--as={forwarder}", "--", "ask", "x")

    program = [str(environment.kubectl.tools / "kubectl"), f"--kubeconfig={config.KUBECONFIG}", f"--as={forwarder}"]
    forward = [*program, "port-forward", "-n", "test", pod, ":8080"]
    with subprocess.Popen(forward, stdout=subprocess.PIPE, text=True) as forwarding:
        try:
            assert forwarding.stdout
            port = re.search(r"127\.0\.0\.1:(\d+)", forwarding.stdout.readline())
            assert port
            asked = urllib.request.Request(
                f"http://127.0.0.1:{port[1]}/v1/secrets/database-password", headers={"Host": "localhost:8080"}
            )
            with urllib.request.urlopen(asked, timeout=10) as answer:  # noqa: S310 — our own URL
                assert json.load(answer)["value"] == account.value("test/database-password")
        finally:
            forwarding.terminate()


def test_who_may_add_an_ephemeral_container_gets_secret_and_token(
    environment: Environment, debugger: str, tmp_path: Path
) -> None:
    """It shares the pod's network, and mounts the volume of the sidecar's token."""
    pod = environment.pod("test")
    custom = tmp_path / "custom.json"
    custom.write_text(json.dumps({"volumeMounts": [{"name": VOLUME, "mountPath": "/stolen"}]}))
    image = environment.kubectl("get", "pod", pod, "-n", "test", "-o", "jsonpath={.spec.containers[0].image}")
    debug = ["debug", pod, "-n", "test", f"--image={image}", "--container=debug", "--profile=restricted"]
    environment.kubectl(*debug, f"--custom={custom}", f"--as={debugger}", "--", "python3", "-c", STEAL)

    def said() -> dict[str, str] | None:
        try:
            out = environment.kubectl("logs", pod, "-n", "test", "-c", "debug")
        except KubectlError:
            return None
        found: dict[str, str] | None = json.loads(out) if out.endswith("\n") else None
        return found

    stolen = wait_for("the ephemeral container", said)
    assert stolen["value"] == account.value("test/database-password")
    assert stolen["subject"] == "system:serviceaccount:test:secret-access"


def test_every_pod_reaches_the_health_port_and_none_the_api(environment: Environment) -> None:
    """Metrics are open to the cluster's network, and name no identity and no value; secrets are not served there."""
    name = environment.pod("test")
    address = environment.kubectl("get", "pod", name, "-n", "test", "-o", "jsonpath={.status.podIP}")
    metrics = environment.python("prod", "app", GET, f"http://{address}:8081/metrics")
    assert "secret_sidecar_requests_total" in metrics
    assert "arn:aws" not in metrics
    assert account.value("test/database-password") not in metrics
    with pytest.raises(KubectlError, match="Connection refused"):
        environment.python("prod", "app", GET, f"http://{address}:8080/v1/secrets/database-password")
