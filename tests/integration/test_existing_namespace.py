"""A namespace that a stack leaves to others is neither changed nor deleted by it, whoever created it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from local.plugins import Choice
from tests.integration.real_parts import ApiServer, Stack

PROGRAM = """
import pulumi, pulumi_kubernetes as k8s
from namespaces import namespace_resource

cluster = k8s.Provider("cluster", kubeconfig={kubeconfig!r}, enable_patch_force=True)
namespace_resource({name!r}, exists={exists}, pod_security="restricted", provider=cluster)
"""
ENFORCED = "pod-security.kubernetes.io/enforce"


@pytest.fixture
def stack(tools: Path, tmp_path: Path, kubernetes_plugin: Choice) -> Stack:
    """A project with the stand-in of the Kubernetes plugin, and with the real one."""
    return Stack.made(tools, tmp_path, os.environ, kubernetes_plugin.folder)


@pytest.fixture
def suffix(kubernetes_plugin: Choice) -> str:
    """A name of its own for each plugin."""
    return "real" if kubernetes_plugin.real else "standin"


def program(api_server: ApiServer, name: str, *, exists: bool) -> str:
    return PROGRAM.format(kubeconfig=str(api_server.kubeconfig), name=name, exists=exists)


def metadata(api_server: ApiServer, name: str) -> dict[str, Any]:
    found = api_server.client.get(f"/api/v1/namespaces/{name}")
    assert found is not None
    labels: dict[str, Any] = found["metadata"]
    assert "deletionTimestamp" not in labels
    return labels


def test_a_namespace_that_the_stack_created_outlives_its_being_left_to_others(
    stack: Stack, api_server: ApiServer, suffix: str
) -> None:
    """`exists: true` set later keeps it with all in it, also when the stack is destroyed."""
    name = f"handed-over-{suffix}"
    stack.program(program(api_server, name, exists=False))
    stack.up()
    created = metadata(api_server, name)
    assert created["labels"][ENFORCED] == "restricted"
    body = {"metadata": {"name": "data", "namespace": name}, "data": {"a": "b"}}
    api_server.client.request("POST", f"/api/v1/namespaces/{name}/configmaps", body)

    stack.program(program(api_server, name, exists=True))
    stack.up()
    assert metadata(api_server, name)["uid"] == created["uid"]
    stack.pulumi("preview", "--refresh", "--expect-no-changes")
    stack.pulumi("destroy", "--yes")
    assert metadata(api_server, name)["uid"] == created["uid"]
    assert api_server.client.get(f"/api/v1/namespaces/{name}/configmaps/data") is not None


def test_a_namespace_of_others_is_left_as_it_is(stack: Stack, api_server: ApiServer, suffix: str) -> None:
    """It is found at the preview, its labels stay its owner's, and it can be taken over later."""
    name = f"of-others-{suffix}"
    stack.program(program(api_server, name, exists=True))
    assert "does not exist" in stack.pulumi("preview", fails=True)
    body = {"metadata": {"name": name, "labels": {"team": "a"}}}
    api_server.client.request("POST", "/api/v1/namespaces", body)
    stack.up()
    body["metadata"]["labels"] = {"team": "b"}
    api_server.client.request("PUT", f"/api/v1/namespaces/{name}", body)
    stack.pulumi("up", "--refresh", "--yes", "--skip-preview")
    labels = metadata(api_server, name)["labels"]
    assert (labels["team"], labels.get(ENFORCED)) == ("b", None)

    stack.program(program(api_server, name, exists=False))
    stack.up()
    assert metadata(api_server, name)["labels"][ENFORCED] == "restricted"
    stack.pulumi("destroy", "--yes")
    assert api_server.client.get(f"/api/v1/namespaces/{name}") is None
