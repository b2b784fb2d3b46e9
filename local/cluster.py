"""The cluster as its admin sees it: waiting for the node, loading images, asking from inside a container."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from local import config, host
from local.kubectl import Kubectl, KubectlError
from local.progress import wait_for
from local.services import api_server_ready

LOADED = config.MACHINE / "images.json"
"""The tars whose images the node has, by their digests."""
DISCOVERY_FOR_ALL = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "ClusterRoleBinding",
    "metadata": {"name": "issuer-discovery-for-all"},
    "roleRef": {
        "apiGroup": "rbac.authorization.k8s.io",
        "kind": "ClusterRole",
        "name": "system:service-account-issuer-discovery",
    },
    "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "system:unauthenticated"}],
}
"""The cloud reads the issuer's public keys without being anybody: as EKS publishes them."""


def wait_for_api() -> None:
    """Wait for the API server."""
    wait_for(
        "the API server",
        lambda: config.KUBECONFIG.exists() and api_server_ready(),
        still_possible=host.why_not_running,
    )


def publish_issuer(kubectl: Kubectl) -> None:
    """Let the cloud read the keys that verify ServiceAccount tokens."""
    kubectl("apply", "-f", "-", input=json.dumps(DISCOVERY_FOR_ALL))


def load_images(tars: list[Path]) -> bool:
    """Put the images into the node's containerd; whether it had others of the same names, which pods may run."""
    wanted = {tar.name: hashlib.sha256(tar.read_bytes()).hexdigest() for tar in tars}
    had = json.loads(LOADED.read_text()) if LOADED.exists() else {}
    if had == wanted:
        return False
    socket = Path(f"/proc/{host.inside()}/root/run/containerd/containerd.sock")
    wait_for("containerd", socket.is_socket, still_possible=host.why_not_running)
    for tar in tars:
        subprocess.run(
            ["ctr", f"--address={socket}", "--namespace=k8s.io", "images", "import", str(tar)],
            check=True,
            stdout=subprocess.DEVNULL,
        )
    LOADED.write_text(json.dumps(wanted))
    return bool(had)


def renew_pods(kubectl: Kubectl, namespaces: Iterable[str]) -> None:
    """End the pods, so that their Deployments make new ones from the images that the node has now."""
    for namespace in namespaces:
        kubectl("delete", "pods", "--all", f"--namespace={namespace}")


def wait_for_node(kubectl: Kubectl) -> None:
    """Wait until the node is there and ready for pods."""

    def ready() -> bool:
        try:
            node = json.loads(kubectl("get", "node", config.NODE, "-o", "json"))
        except KubectlError:
            return False
        return any(c["type"] == "Ready" and c["status"] == "True" for c in node["status"].get("conditions", []))

    wait_for("the node", ready, still_possible=host.why_not_running)


def wait_for_pod(kubectl: Kubectl, namespace: str, deployment: str) -> str:
    """The name of a running, ready pod, as soon as there is one."""
    return wait_for(
        f"a pod of {namespace}/{deployment}",
        lambda: _ready_pod(kubectl, namespace, deployment),
        still_possible=host.why_not_running,
    )


def running_pod(kubectl: Kubectl, namespace: str, deployment: str) -> str:
    """The name of a running, ready pod of a Deployment that is not about to go."""
    if reason := host.why_not_running():
        raise KubectlError(f"{reason}; `make up` starts it")
    if pod := _ready_pod(kubectl, namespace, deployment):
        return pod
    raise KubectlError(f"no pod of {namespace}/{deployment} is ready; see `kubectl -n {namespace} describe pods`")


def _ready_pod(kubectl: Kubectl, namespace: str, deployment: str) -> str | None:
    selector = f"app.kubernetes.io/name={deployment}"
    pods = json.loads(kubectl("get", "pods", f"--namespace={namespace}", f"--selector={selector}", "-o", "json"))
    for pod in pods["items"]:
        ready = [c for c in pod["status"].get("conditions", []) if c["type"] == "Ready" and c["status"] == "True"]
        if ready and "deletionTimestamp" not in pod["metadata"]:
            return str(pod["metadata"]["name"])
    return None


def ask(kubectl: Kubectl, namespace: str, pod: str, name: str) -> dict[str, Any]:
    """Ask for a secret from inside the app container; the answer's status, content type and body."""
    out = kubectl("exec", f"--namespace={namespace}", pod, "--container=app", "--", "ask", name)
    answer: dict[str, Any] = json.loads(out)
    return answer
