"""SecretWorkload on a real API server: what it leaves to others stays theirs."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from local.plugins import Choice
from local.progress import wait_for
from local.standins.errors import ApiError
from tests.integration.real_parts import ApiServer, Stack

PROGRAM = """
import pulumi, pulumi_kubernetes as k8s
from secret_access import SecretWorkload

provider = k8s.Provider("cluster", kubeconfig={kubeconfig!r}, enable_patch_force=True)
opts = pulumi.ResourceOptions(providers=[provider], aliases={aliases})
access = {{
    "namespace": "{namespace}",
    "service_account_name": "default",
    "sidecar": {{"name": "secrets", "image": "sidecar", "volumeMounts": [{{"name": "token", "mountPath": "/token"}}]}},
    "volumes": [{{"name": "token", "emptyDir": {{}}}}],
    "pod_labels": {{}},
    "pod_annotations": {{}},
    "url": "http://localhost:8080",
}}
env = {{"A": "{value}"}}
args = {{"access": access, "image": "shop", "workload_name": "shop", "replicas": {replicas!r}, "env": env}}
SecretWorkload("{name}", args, opts)
"""
READY = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}


@pytest.fixture
def stack(tools: Path, kubernetes_plugin: Choice, tmp_path: Path) -> Stack:
    """A project that runs with the plugin whose turn it is, and that forces as our stacks do."""
    made = Stack.made(tools, tmp_path, os.environ, kubernetes_plugin.folder)
    return replace(made, env={**made.env, "PULUMI_K8S_ENABLE_PATCH_FORCE": "true"})


@pytest.fixture
def namespace(api_server: ApiServer, kubernetes_plugin: Choice) -> str:
    """One for each plugin."""
    name = "scaled-by-real" if kubernetes_plugin.real else "scaled-by-standin"
    if api_server.client.get(f"/api/v1/namespaces/{name}") is None:
        api_server.client.request("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
    return name


def path(namespace: str) -> str:
    return f"/apis/apps/v1/namespaces/{namespace}/deployments/shop"


def replicas(api_server: ApiServer, namespace: str) -> int:
    return int(api_server.client.request("GET", path(namespace))["spec"]["replicas"])


def up(stack: Stack, api_server: ApiServer, namespace: str, **values: Any) -> None:
    """Bring the workload up, with somebody who says of each pod that it is ready, since there are no nodes."""
    given = {"name": "shop", "aliases": "None", **values}
    stack.program(PROGRAM.format(kubeconfig=str(api_server.kubeconfig), namespace=namespace, **given))
    running = stack.start("up", "--yes", "--skip-preview")

    def ended() -> bool:
        try:
            api_server.say_of_pods(namespace, READY)
        except ApiError as error:
            if error.status not in (404, 409):  # a controller was faster
                raise
        return running.poll() is not None

    wait_for("pulumi up", ended)
    assert running.returncode == 0, running.communicate()[0]
    running.communicate()


def scale(api_server: ApiServer, namespace: str, number: int) -> None:
    """As a HorizontalPodAutoscaler does: through the subresource `scale`."""
    now = api_server.client.request("GET", f"{path(namespace)}/scale")
    del now["metadata"]["resourceVersion"]  # the controller writes to it too
    api_server.client.request("PUT", f"{path(namespace)}/scale", {**now, "spec": {"replicas": number}})


def test_the_number_of_pods_is_the_autoscalers_or_the_stacks(
    stack: Stack, api_server: ApiServer, namespace: str
) -> None:
    """Left out, what an autoscaler set outlives every `up` and is no drift; given, each change sets it back."""
    up(stack, api_server, namespace, replicas="autoscaled", value="one")
    assert replicas(api_server, namespace) == 1
    scale(api_server, namespace, 3)
    up(stack, api_server, namespace, replicas="autoscaled", value="two")
    assert replicas(api_server, namespace) == 3
    stack.pulumi("preview", "--refresh", "--expect-no-changes")
    up(stack, api_server, namespace, replicas=2, value="three")
    assert replicas(api_server, namespace) == 2
    scale(api_server, namespace, 3)
    up(stack, api_server, namespace, replicas=2, value="four")
    assert replicas(api_server, namespace) == 2
    up(stack, api_server, namespace, replicas="autoscaled", value="five")
    assert replicas(api_server, namespace) == 1, "nobody else said a number: Kubernetes' own"
    stack.pulumi("destroy", "--yes")


def test_a_workload_with_another_name_in_the_program_keeps_its_deployment(
    stack: Stack, api_server: ApiServer, namespace: str
) -> None:
    """An alias on the component is enough: its child's former name follows from it, and nothing is replaced."""
    up(stack, api_server, namespace, replicas=1, value="one", name="scaled-shop")
    before = api_server.client.request("GET", path(namespace))["metadata"]["uid"]
    up(
        stack,
        api_server,
        namespace,
        replicas=1,
        value="two",
        name="scaled/shop",
        aliases='[pulumi.Alias(name="scaled-shop")]',
    )
    assert api_server.client.request("GET", path(namespace))["metadata"]["uid"] == before
    assert "scaled/shop-deployment" in stack.state()
    stack.pulumi("destroy", "--yes")
