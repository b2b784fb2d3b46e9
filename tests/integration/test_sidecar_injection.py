"""SidecarInjection with the real engine: it makes the policies, which then act, and is refused by an older cluster."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from local.plugins import Choice
from local.progress import wait_for
from local.standins.errors import ApiError
from secret_access.pods.injection import inject
from tests.infra.pods.templates import access, template
from tests.integration.pods import comparable, created
from tests.integration.real_parts import ApiServer, Stack

PROGRAM = """
import json
import pulumi, pulumi_kubernetes as k8s
from secret_access import SidecarInjection

provider = k8s.Provider("cluster", kubeconfig={kubeconfig!r})
opts = pulumi.ResourceOptions(provider=provider)
namespace = k8s.core.v1.Namespace("namespace", metadata={{"name": {namespace!r}}}, opts=opts)
account = k8s.core.v1.ServiceAccount(
    "account", metadata={{"name": "secret-access", "namespace": namespace.metadata.name}}, opts=opts
)
access = json.loads({access!r})
later = account.metadata.apply(lambda known: {{**access, "service_account_name": known.name}})
injection = SidecarInjection("test", {{"access": later}}, opts)
pulumi.export("name", injection.policy_name)
pulumi.export("labels", injection.pod_labels)
"""


@pytest.fixture
def stack(tools: Path, kubernetes_plugin: Choice, tmp_path: Path) -> Stack:
    """A project that runs with the plugin whose turn it is."""
    return Stack.made(tools, tmp_path, os.environ, kubernetes_plugin.folder)


def write(stack: Stack, api_server: ApiServer, namespace: str) -> None:
    """Write a program that makes the policies of a namespace."""
    given = json.dumps(access(namespace=namespace))
    stack.program(PROGRAM.format(kubeconfig=str(api_server.kubeconfig), namespace=namespace, access=given))


def test_pods_that_ask_get_what_the_component_was_given(
    stack: Stack, api_server: ApiServer, kubernetes_plugin: Choice
) -> None:
    """With one Output for the whole access; afterwards nothing is left to change, and nothing of it remains."""
    namespace = f"injection-{'real' if kubernetes_plugin.real else 'standin'}"
    write(stack, api_server, namespace)
    stack.up()
    outputs = stack.outputs()
    assert outputs == {"name": f"secret-access.{namespace}", "labels": {"secret-access/inject": "true"}}
    client = api_server.client

    def admitted() -> dict[str, object] | None:
        try:
            pod = created(client, namespace, template(), outputs["labels"])
        except ApiError:  # one policy acts and the other not yet, or the account is not known yet
            return None
        return comparable(pod) if "initContainers" in pod["spec"] else None

    expected = comparable(created(client, namespace, inject(template(), access(namespace=namespace))))
    assert wait_for("the policies to act", admitted) == expected
    stack.pulumi("preview", "--refresh", "--expect-no-changes")
    stack.pulumi("destroy", "--yes")
    policies = "/apis/admissionregistration.k8s.io/v1"
    for kind in ("mutatingadmissionpolicies", "validatingadmissionpolicybindings"):
        assert client.get(f"{policies}/{kind}/{outputs['name']}") is None


def test_an_older_cluster_refuses_before_any_pod_is_affected(tools: Path, tmp_path: Path) -> None:
    """Kubernetes 1.35 has no such policies: nothing that refuses pods is made either."""
    with ApiServer.running(tools, tmp_path, "--emulated-version=kube=1.35") as older:
        stack = Stack.made(tools, tmp_path / "stack", os.environ)
        write(stack, older, "older")
        printed = stack.up(fails=True)
        assert "admissionregistration.k8s.io/v1 has no kind 'MutatingAdmissionPolicy'" in printed
        policies = older.client.request("GET", "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies")
        assert policies["items"] == []
