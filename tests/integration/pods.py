"""Pods as a real API server would store them, to compare them field by field; none is made."""

from __future__ import annotations

import copy
from typing import Any

from local.standins.kube_client import Client
from secret_access.injection.admission_policy import INJECTION_LABEL

Pod = dict[str, Any]


def created(client: Client, namespace: str, pod: Pod, labels: dict[str, str] | None = None) -> Pod:
    """What the API server would store of a pod, or of a template as a pod; raises ApiError."""
    body = copy.deepcopy(pod)
    metadata = body["metadata"] = {**(body.get("metadata") or {}), "generateName": "pod-", "namespace": namespace}
    metadata["labels"] = {**(metadata.get("labels") or {}), **(labels or {})}
    return client.request("POST", f"/api/v1/namespaces/{namespace}/pods", body, dryRun="All")


def comparable(pod: Pod) -> Pod:
    """A pod without what differs from one creation to the next, and without the label by which it asked."""
    pod = copy.deepcopy(pod)
    spec = pod["spec"]
    metadata = {field: pod["metadata"].get(field, {}) for field in ("labels", "annotations")}
    metadata["labels"].pop(INJECTION_LABEL, None)
    token = next((volume["name"] for volume in spec["volumes"] if volume["name"].startswith("kube-api-access-")), None)
    containers = [*spec.get("initContainers", []), *spec["containers"]]
    for item in (*spec["volumes"], *(mount for each in containers for mount in each.get("volumeMounts", []))):
        if item["name"] == token:
            item["name"] = "the API server's token"
    spec["volumes"].sort(key=lambda volume: str(volume["name"]))
    return {"metadata": metadata, "spec": spec}
