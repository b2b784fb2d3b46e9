"""A fake of the controller of Rollouts, so small that it knows no strategy: each Rollout gets one ReplicaSet."""

from __future__ import annotations

import json
from typing import Any

from local.kubectl import Kubectl
from tests.integration.rollouts import API_VERSION


def reconcile(kubectl: Kubectl, namespace: str) -> None:
    """Have a ReplicaSet of the template of every Rollout, as the real controller has one of each revision."""
    for rollout in json.loads(kubectl("get", "rollouts", "-n", namespace, "-o", "json"))["items"]:
        kubectl("apply", "-f", "-", input=json.dumps(_replica_set(rollout)))


def _replica_set(rollout: dict[str, Any]) -> dict[str, Any]:
    metadata, template = rollout["metadata"], rollout["spec"]["template"]
    owner = {"apiVersion": API_VERSION, "kind": "Rollout", "name": metadata["name"], "uid": metadata["uid"]}
    owned = {"name": metadata["name"], "namespace": metadata["namespace"], "ownerReferences": [owner]}
    spec = {"replicas": 1, "selector": {"matchLabels": template["metadata"]["labels"]}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": owned, "spec": spec}
