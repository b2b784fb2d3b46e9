"""README.md's program for two clouds and three kinds of workloads, as printed, with the real engine and API server."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from local import config
from local.plugins import Choice
from tests.integration.real_parts import ACCOUNT, ApiServer, MiniStack, Stack

NAMESPACES = ("shop", "report")
CLUSTERS = ("eks", "gke")


@pytest.fixture
def contexts(api_server: ApiServer, tmp_path: Path) -> Path:
    """A kubeconfig with the program's two clusters, which are one here, and their namespaces."""
    for name in NAMESPACES:
        if api_server.client.get(f"/api/v1/namespaces/{name}") is None:
            labels = {"pod-security.kubernetes.io/enforce": "restricted"}
            api_server.client.request("POST", "/api/v1/namespaces", {"metadata": {"name": name, "labels": labels}})
    kubeconfig = yaml.safe_load(api_server.kubeconfig.read_text())
    (context,) = kubeconfig["contexts"]
    kubeconfig["contexts"] = [{**context, "name": name} for name in CLUSTERS]
    path = tmp_path / "kubeconfig"
    path.write_text(yaml.safe_dump({**kubeconfig, "current-context": ""}))
    return path


def test_it_is_previewed_as_printed(
    tools: Path, kubernetes_plugin: Choice, ministack: MiniStack, contexts: Path, tmp_path: Path
) -> None:
    """The API server takes each workload in the dry run, its documents are proven isolated, and nothing warns."""
    (program,) = re.findall(r"```python\n(.*?)```", (config.ROOT / "README.md").read_text(), re.DOTALL)
    credentials = {
        "AWS_ENDPOINT_URL": ministack.url,
        "AWS_ACCESS_KEY_ID": ACCOUNT,
        "AWS_SECRET_ACCESS_KEY": "test",
        "GOOGLE_OAUTH_ACCESS_TOKEN": "not-used-by-a-preview",
        "KUBECONFIG": str(contexts),
    }
    made = Stack.made(tools, tmp_path / "program", os.environ, kubernetes_plugin.folder)
    stack = replace(made, env={**made.env, **credentials})
    stack.program(program)
    previewed = stack.previewed()
    of_plugins = ("from $PATH", "on your path")  # where a plugin is, and which version
    assert [line for line in previewed.warnings if not any(text in line for text in of_plugins)] == []
    assert previewed.namespaces == {"aws": 1, "gcp": 1}
    assert previewed.created >= {
        "kubernetes:apps/v1:Deployment",
        "kubernetes:apps/v1:StatefulSet",
        "kubernetes:batch/v1:CronJob",
        "gcp:secretmanager/secretIamMember:SecretIamMember",
        "aws:iam/role:Role",
    }
