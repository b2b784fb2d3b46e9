"""KubernetesSecret with the real engine and API server: where the value is, and where it is not."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import Any

import pytest

from local.plugins import Choice
from tests.integration.real_parts import ApiServer, Stack

VALUE = "hunter2-of-the-database"
ENCODED = base64.b64encode(VALUE.encode()).decode()
PROGRAM = """
import pulumi, pulumi_kubernetes as k8s
from secret_access import KubernetesSecret

cluster = pulumi.ResourceOptions(providers=[k8s.Provider("cluster", kubeconfig={kubeconfig!r})])
value = {value}
args = {{"namespace": {namespace!r}, "values": {{"url": value}}, "immutable": {immutable}}}
KubernetesSecret("database", args, cluster)
"""
OF_THE_STACK = 'pulumi.Config().require_secret("databaseUrl")'


NAMESPACE = "kubernetes-secret"


@pytest.fixture(scope="module", autouse=True)
def namespace(api_server: ApiServer) -> None:
    """The namespace, which others have made."""
    api_server.client.request("POST", "/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})


def program(api_server: ApiServer, value: str = OF_THE_STACK, *, immutable: bool = False) -> str:
    given = {"kubeconfig": str(api_server.kubeconfig), "namespace": NAMESPACE, "value": value, "immutable": immutable}
    return PROGRAM.format(**given)


def live(api_server: ApiServer) -> dict[str, Any] | None:
    found: dict[str, Any] | None = api_server.client.get(f"/api/v1/namespaces/{NAMESPACE}/secrets/database")
    return found


def test_from_up_to_destroy(api_server: ApiServer, kubernetes_plugin: Choice, tools: Path, tmp_path: Path) -> None:
    """The value is in etcd and nowhere as plain text: not in the state, on the screen or in a file of the project.

    A change by hand is seen and undone; an immutable Secret is replaced under its name.
    """
    stack = Stack.made(tools, tmp_path, os.environ, kubernetes_plugin.folder)
    stack.pulumi("config", "set", "--secret", "databaseUrl", VALUE)
    stack.program(program(api_server))
    shown = stack.up()
    assert (live(api_server) or {})["data"] == {"url": ENCODED}
    assert ENCODED in stack.pulumi("stack", "export", "--show-secrets"), "it is there, encrypted"

    changed = {**(live(api_server) or {}), "data": {"url": base64.b64encode(b"others").decode()}}
    api_server.client.request("PUT", f"/api/v1/namespaces/{NAMESPACE}/secrets/database", changed)
    shown += stack.pulumi("up", "--refresh", "--yes", "--skip-preview", "--diff")
    assert (live(api_server) or {})["data"] == {"url": ENCODED}
    assert base64.b64encode(b"others").decode() not in shown

    stack.program(program(api_server, immutable=True))
    shown += stack.up()
    before = live(api_server) or {}
    assert before["immutable"] is True
    stack.pulumi("config", "set", "--secret", "databaseUrl", "another")
    shown += stack.up() + stack.pulumi("stack", "export")
    after = live(api_server) or {}
    assert after["metadata"]["uid"] != before["metadata"]["uid"]
    assert base64.b64decode(after["data"]["url"]) == b"another"

    files = b"".join(file.read_bytes() for file in (stack.folder / "state").rglob("*") if file.is_file())
    for spelling in (VALUE, ENCODED):
        assert spelling not in shown
        assert spelling.encode() not in files
    stack.pulumi("destroy", "--yes")
    assert live(api_server) is None


def test_nothing_is_made_where_none_may_be_or_of_what_is_no_secret(api_server: ApiServer, stack: Stack) -> None:
    """A configuration that is not secret and a label of the namespace each stop it; without them it is made."""
    stack.pulumi("config", "set", "databaseHost", "db.example")
    stack.pulumi("config", "set", "--secret", "databaseUrl", VALUE)
    stack.program(program(api_server, 'pulumi.Output.from_input(pulumi.Config().require("databaseHost"))'))
    assert "KubernetesSecret 'database': values of 'url'" in stack.up(fails=True)
    stack.program(program(api_server))
    path = f"/api/v1/namespaces/{NAMESPACE}"
    found = api_server.client.request("GET", path)
    found["metadata"].setdefault("labels", {})["secret-access/runtime-only"] = "true"
    labelled = api_server.client.request("PUT", path, found)
    assert f"the namespace {NAMESPACE} wants no secrets in etcd" in stack.up(fails=True)
    assert live(api_server) is None
    del labelled["metadata"]["labels"]["secret-access/runtime-only"]
    api_server.client.request("PUT", path, labelled)
    stack.up()
    assert live(api_server) is not None
    stack.pulumi("destroy", "--yes")
