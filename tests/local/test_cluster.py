"""The node's images, loaded once and again when they are others; and the pods that are asked."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from local import cluster, host
from local.aws.cloud import AWS
from local.kubectl import Kubectl, KubectlError


def test_images_are_loaded_when_they_are_new(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second `make up` loads nothing, and one after a change of the code says that pods may run the old ones."""
    loaded: list[str] = []

    def ctr(command: list[str], **_: Any) -> None:
        loaded.append(Path(command[-1]).name)

    monkeypatch.setattr(cluster, "LOADED", tmp_path / "images.json")
    monkeypatch.setattr(cluster, "wait_for", lambda *_, **__: None)
    monkeypatch.setattr(host, "inside", lambda: 1)
    monkeypatch.setattr(subprocess, "run", ctr)
    tars = [tmp_path / "sidecar.tar", tmp_path / "app.tar"]
    for tar in tars:
        tar.write_text("first")
    assert not cluster.load_images(tars)
    assert loaded == ["sidecar.tar", "app.tar"]
    assert not cluster.load_images(tars)
    assert loaded == ["sidecar.tar", "app.tar"]
    tars[0].write_text("second")
    assert cluster.load_images(tars)
    assert loaded == ["sidecar.tar", "app.tar"] * 2


def pod(namespace: str, name: str, *containers: str, ready: bool = True, **metadata: str) -> dict[str, Any]:
    """A pod with a native sidecar, as the API server describes it."""
    told = {"SECRETS_BACKEND": "aws", "SECRETS_PREFIX": f"{namespace}/", "SECRETS_NAMES": "api-key,eu/other"}
    env = [{"name": name, "value": value} for name, value in told.items()]
    return {
        "metadata": {"namespace": namespace, "name": name, **metadata},
        "spec": {
            "containers": [{"name": container} for container in containers],
            "initContainers": [{"name": "secrets", "env": env}],
        },
        "status": {"podIP": "10.77.0.2", "conditions": [{"type": "Ready", "status": str(ready)}]},
    }


@pytest.fixture
def pods(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The cluster's pods; the test fills in which."""
    there: list[dict[str, Any]] = []
    monkeypatch.setattr(Kubectl, "__call__", lambda *_: json.dumps({"items": there}))
    monkeypatch.setattr(host, "why_not_running", lambda: None)
    return there


def test_pods_are_found_by_the_sidecars_container(pods: list[dict[str, Any]], tmp_path: Path) -> None:
    """Whatever their workload is called; the app is the container beside it, and its declared names are full ones."""
    pods.append(pod("shop", "api-1", "web"))
    found = cluster.running_pod(Kubectl(tmp_path), AWS, "shop")
    assert found == cluster.Pod("shop", "api-1", "web", ("shop/api-key", "eu/other"), "aws", "10.77.0.2")


def test_a_namespace_without_a_pod_to_ask_is_told_which_have_one(pods: list[dict[str, Any]], tmp_path: Path) -> None:
    """Neither a pod that is not ready, nor one that is about to end, nor the shared service's own."""
    pods += [pod("shop", "api-1", "web", ready=False), pod("shop", "api-2", "web", deletionTimestamp="now")]
    pods += [pod("test", "app-1", "app"), pod("platform", "secrets-1", "secrets")]
    pods[-1]["spec"]["initContainers"] = []
    for namespace in ("shop", "platform", "nowhere"):
        with pytest.raises(
            KubectlError, match=f"'{namespace}' has no ready pod with a sidecar for AWS .* expected one of test;"
        ):
            cluster.running_pod(Kubectl(tmp_path), AWS, namespace)
