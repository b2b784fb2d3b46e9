"""A kind of resource with a pod template, as Argo's Rollout is one."""

from typing import Any

from local.progress import wait_for
from local.standins.kube_client import Client

GROUP = "rollouts.example"
API_VERSION = f"{GROUP}/v1"
DEFINITION: dict[str, Any] = {
    "metadata": {"name": f"rollouts.{GROUP}"},
    "spec": {
        "group": GROUP,
        "scope": "Namespaced",
        "names": {"kind": "Rollout", "listKind": "RolloutList", "plural": "rollouts", "singular": "rollout"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {"spec": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
                    }
                },
            }
        ],
    },
}


def define(client: Client) -> None:
    """Teach an API server the kind, and wait until it serves it."""
    definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    path = f"{definitions}/{DEFINITION['metadata']['name']}"
    if client.get(path) is None:
        client.request("POST", definitions, DEFINITION)

    def is_served() -> bool:
        conditions = client.request("GET", path).get("status", {}).get("conditions") or []
        return any(each["type"] == "Established" and each["status"] == "True" for each in conditions)

    wait_for("the kind Rollout", is_served)
