"""What docs/security.md says that rights in the cluster give away, each tried with that right alone."""

import json
import re
import subprocess
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from local import config
from local.aws import account
from local.kubectl import KubectlError
from tests.e2e.conftest import Environment

FORWARDER = "forwarder@example.test"
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


@pytest.fixture
def forwarder(environment: Environment) -> Iterator[str]:
    """Somebody who may look at pods and forward their ports, and nothing else."""
    rules = [
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]},
        {"apiGroups": [""], "resources": ["pods/portforward"], "verbs": ["create"]},
    ]
    for made in (role("forwarder", *rules), given_to(FORWARDER, "forwarder")):
        environment.kubectl("apply", "-f", "-", input=json.dumps(made))
    yield FORWARDER
    environment.kubectl("delete", "role,rolebinding", "forwarder", "-n", "test")


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
            with urllib.request.urlopen(asked, timeout=10) as answer:  # noqa: S310
                assert json.load(answer)["value"] == account.value("test/database-password")
        finally:
            forwarding.terminate()


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
