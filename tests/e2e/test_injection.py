"""Workloads of others with the sidecar, by each way: the same pod, which reads its own secret and no other's."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from local import cluster, host
from local.aws import account
from local.kubectl import KubectlError
from local.progress import wait_for
from tests.e2e import fake_rollouts
from tests.e2e.conftest import Environment
from tests.integration import rollouts

PROGRAM = Path(__file__).parent / "injection"
STACK = "--stack=local"
TEMPLATE: dict[str, Any] = json.loads((PROGRAM / "pod.json").read_text())
ASKING = {"secret-access/inject": "true"}
BY_ANY_WAY = ("by-component", "by-transform", "by-policy")
WORKLOADS = {
    "by-component": "app.kubernetes.io/name=by-component",
    "by-transform": "app=by-transform",
    "by-policy": "app=by-policy",
    "plain-pod": "app=plain-pod",
    "rollout-by-transform": "app=rollout-by-transform",
    "rollout-by-policy": "app=rollout-by-policy",
    "chart": "app=shop-web",
}
"""By what is deployed, the label of its pod."""


def asking(name: str) -> dict[str, Any]:
    """The pod template of all, with the label by which pods ask for the sidecar."""
    return {**TEMPLATE, "metadata": {"labels": {**TEMPLATE["metadata"]["labels"], **ASKING, "app": name}}}


def made_by_others() -> list[dict[str, Any]]:
    """What Pulumi knows nothing of: a Pod, a Deployment and a custom resource that ask for the sidecar."""
    spec = {"selector": {"matchLabels": {"app": "by-policy"}}, "template": asking("by-policy")}
    return [
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "by-policy"}, "spec": spec},
        {
            "apiVersion": rollouts.API_VERSION,
            "kind": "Rollout",
            "metadata": {"name": "rollout-by-policy"},
            "spec": {"template": asking("rollout-by-policy")},
        },
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "plain-pod", **asking("plain-pod")["metadata"]},
            "spec": TEMPLATE["spec"],
        },
    ]


@pytest.fixture(scope="module")
def pods(environment: Environment) -> Iterator[dict[str, dict[str, Any]]]:
    """The ready pod of each workload; afterwards nothing of them is left."""
    kubectl = environment.kubectl
    definition = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", **rollouts.DEFINITION}
    listed: dict[str, Any] = {"apiVersion": "v1", "kind": "List", "items": made_by_others()}
    try:
        kubectl("apply", "-f", "-", input=json.dumps(definition))
        kubectl(
            "wait", f"crd/{rollouts.DEFINITION['metadata']['name']}", "--for=condition=Established", "--timeout=120s"
        )
        environment.pulumi(f"--cwd={PROGRAM}", "stack", "select", "--create", "local")
        environment.pulumi(f"--cwd={PROGRAM}", "up", "--yes", "--skip-preview", STACK)
        wait_for("the policies to act", lambda: _is_injected(environment), still_possible=host.why_not_running)
        kubectl("apply", "-n", "test", "-f", "-", input=json.dumps(listed))
        fake_rollouts.reconcile(kubectl, "test")
        ready = ["wait", "pod", "-n", "test", "--for=condition=Ready", "--timeout=120s"]
        found = {}
        for workload, label in WORKLOADS.items():
            wait_for(workload, partial(_pods, environment, label), still_possible=host.why_not_running)
            kubectl(*ready, "-l", label)
            (found[workload],) = _pods(environment, label)
        yield found
    finally:
        if host.running():
            kinds = "deployments,pods,rollouts"
            names = [item["metadata"]["name"] for item in listed["items"]]
            for name in names:
                kubectl("delete", kinds, "-n", "test", "--ignore-not-found", "--cascade=foreground", name)
            environment.pulumi(f"--cwd={PROGRAM}", "destroy", "--yes", "--skip-preview", STACK)
            environment.pulumi(f"--cwd={PROGRAM}", "stack", "rm", "--yes", "--preserve-config", STACK)
            for label in WORKLOADS.values():
                kubectl("wait", "pod", "-n", "test", "-l", label, "--for=delete", "--timeout=120s")
            kubectl("delete", "crd", rollouts.DEFINITION["metadata"]["name"], "--ignore-not-found")


def _is_injected(environment: Environment) -> bool:
    """Whether the API server would inject a pod that asks by now: a new policy takes a moment to act."""
    pod = {"apiVersion": "v1", "kind": "Pod", **asking("early")}
    pod["metadata"] = {**pod["metadata"], "name": "early"}
    create = ["create", "-n", "test", "--dry-run=server", "-o", "json", "-f", "-"]
    try:
        return "initContainers" in json.loads(environment.kubectl(*create, input=json.dumps(pod)))["spec"]
    except KubectlError as error:
        if "has not acted" not in str(error):
            raise
        return False


def _pods(environment: Environment, label: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = json.loads(
        environment.kubectl("get", "pods", "-n", "test", "-l", label, "-o", "json")
    )["items"]
    return [pod for pod in items if "deletionTimestamp" not in pod["metadata"]]


def comparable(pod: dict[str, Any]) -> dict[str, Any]:
    """A running pod without its name, its node and the labels that its own workload has."""
    spec = copy.deepcopy(pod["spec"])
    spec.pop("nodeName")
    own = ("app", "app.kubernetes.io/name", "pod-template-hash", *ASKING)
    labels = {name: value for name, value in pod["metadata"]["labels"].items() if name not in own}
    return {"labels": labels, "annotations": pod["metadata"].get("annotations", {}), "spec": spec}


def test_the_pod_is_the_same_by_each_way(pods: dict[str, dict[str, Any]]) -> None:
    """Field by field, in the running cluster: a component, a transform and a policy made it."""
    component, transform, policy = (comparable(pods[way]) for way in BY_ANY_WAY)
    assert transform == component
    assert policy == component
    assert [container["name"] for container in component["spec"]["initContainers"]] == ["secrets"]
    assert comparable(pods["plain-pod"])["spec"] == component["spec"]


@pytest.mark.parametrize("workload", WORKLOADS)
def test_each_reads_its_own_secret_and_is_refused_the_others(
    environment: Environment, pods: dict[str, dict[str, Any]], workload: str
) -> None:
    """By AWS, whatever made the pod."""
    pod = cluster.Pod.of(pods[workload])
    own = cluster.ask(environment.kubectl, pod, "database-password")
    assert (own["status"], own["body"]["value"]) == (200, account.value("test/database-password"))
    other = cluster.ask(environment.kubectl, pod, "prod/database-password")
    assert (other["status"], other["body"]["code"]) == (403, "AccessDeniedException")
    assert other["body"]["identity"].endswith(f"/test.{pod.name}")


def test_what_cannot_be_injected_is_refused_by_the_cluster(environment: Environment, pods: Any) -> None:
    """With the reason that the components give."""
    assert pods
    shared = {**TEMPLATE["spec"], "shareProcessNamespace": True}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "shared", "labels": ASKING}, "spec": shared}
    with pytest.raises(KubectlError, match="the other containers could read the sidecar's token and memory"):
        environment.kubectl("create", "-n", "test", "--dry-run=server", "-f", "-", input=json.dumps(pod))
