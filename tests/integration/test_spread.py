"""Where the real scheduler puts the pods of a shared service: never on one node or in one zone if there are two."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.progress import wait_for
from secret_access.shared_service import pod as service_pod
from tests.integration.real_parts import ApiServer, process

LARGE, SMALL = {"cpu": "64", "memory": "64Gi", "pods": "110"}, {"cpu": "4", "memory": "8Gi", "pods": "110"}


@pytest.fixture(scope="module")
def cluster(tools: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """An API server with controllers and a scheduler."""
    folder = tmp_path_factory.mktemp("cluster")
    with ApiServer.running(tools, folder) as api_server:
        flags = (f"--kubeconfig={api_server.kubeconfig}", "--leader-elect=false", "--secure-port=0")
        with process(tools / "kube-scheduler", *flags, log=folder / "scheduler.log"):
            yield api_server


def has_node(cluster: ApiServer, name: str, capacity: dict[str, str], zone: str | None = None) -> None:
    """Make a node that is ready, as far as anybody can tell."""
    labels = {"kubernetes.io/hostname": name, **({"topology.kubernetes.io/zone": zone} if zone else {})}
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}}
    cluster.client.request("POST", "/api/v1/nodes", node)
    status = {"capacity": capacity, "allocatable": capacity, "conditions": [{"type": "Ready", "status": "True"}]}
    cluster.client.request("PUT", f"/api/v1/nodes/{name}/status", {**node, "status": status})

    def taints() -> bool:
        found = cluster.client.get(f"/api/v1/nodes/{name}") or {}
        return bool(found["spec"].get("taints"))

    wait_for(f"the node {name} without taints", lambda: not taints())


def has_service(cluster: ApiServer, namespace: str, replicas: int) -> None:
    """Make a Deployment as the component does."""
    client = cluster.client
    client.request("POST", "/api/v1/namespaces", {"metadata": {"name": namespace}})
    client.request("POST", f"/api/v1/namespaces/{namespace}/serviceaccounts", {"metadata": {"name": "secrets"}})
    labels = service_pod.labels("secrets")
    spec = service_pod.pod(
        name="secrets",
        namespace=namespace,
        image="secret-sidecar:dev",
        pull_policy=None,
        certificate={"secret": {"secretName": "secrets-tls"}},
        env={},
        files={},
        resources={"requests": {"cpu": "100m", "memory": "128Mi"}},
        user=65532,
    )
    deployment = {
        "metadata": {"name": "secrets"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": spec},
        },
    }
    client.request("POST", f"/apis/apps/v1/namespaces/{namespace}/deployments", deployment)


def nodes_of(cluster: ApiServer, namespace: str, replicas: int) -> list[str]:
    """The nodes of its pods, once each has one."""

    def found() -> list[str] | None:
        pods: dict[str, Any] = cluster.client.get(f"/api/v1/namespaces/{namespace}/pods") or {}
        nodes = [pod["spec"].get("nodeName") for pod in pods["items"]]
        return sorted(nodes) if len(nodes) == replicas and all(nodes) else None

    return wait_for("pods with a node", found)


def test_pods_are_on_different_nodes_without_zones(cluster: ApiServer) -> None:
    """However much more room one of them has: a cluster of one's own seldom has zones."""
    has_node(cluster, "large", LARGE)
    has_node(cluster, "small", SMALL)
    has_service(cluster, "platform", 2)
    assert nodes_of(cluster, "platform", 2) == ["large", "small"]


def test_pods_are_in_different_zones(cluster: ApiServer) -> None:
    """And on different nodes of them."""
    for name, capacity, zone in (("a-1", LARGE, "a"), ("a-2", LARGE, "a"), ("b-1", SMALL, "b"), ("b-2", SMALL, "b")):
        has_node(cluster, name, capacity, zone)
    for name in ("large", "small"):
        cluster.client.request("DELETE", f"/api/v1/nodes/{name}")
    has_service(cluster, "zoned", 2)
    assert {name[0] for name in nodes_of(cluster, "zoned", 2)} == {"a", "b"}
    has_service(cluster, "all", 4)
    assert nodes_of(cluster, "all", 4) == ["a-1", "a-2", "b-1", "b-2"]
