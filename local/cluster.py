"""The cluster as its admin sees it: waiting for the node, loading images, asking from inside a container."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local import config, host
from local.cloud import Cloud
from local.kubectl import Kubectl, KubectlError
from local.progress import wait_for
from local.services import CONTAINERD_SOCKET, api_server_ready

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
"""Anonymous clients may read the issuer's public keys, as on EKS: the cloud does."""
SIDECAR = "secrets"
"""The sidecar's container, as the components name it."""


@dataclass(frozen=True)
class Pod:
    """A pod with a sidecar.

    ``app`` is the application's container, ``declared`` the secrets that its stack names, ``cloud`` the name of the
    one that the sidecar asks, ``address`` the pod's, from which it asks.
    """

    namespace: str
    name: str
    app: str
    declared: tuple[str, ...]
    cloud: str
    address: str

    @classmethod
    def of(cls, pod: dict[str, Any]) -> Pod:
        """The pod that the API server describes."""
        (sidecar,) = [container for container in _containers(pod) if container["name"] == SIDECAR]
        env = {variable["name"]: variable.get("value", "") for variable in sidecar.get("env", [])}
        names = [name for name in env.get("SECRETS_NAMES", "").split(",") if name]
        return cls(
            pod["metadata"]["namespace"],
            pod["metadata"]["name"],
            next(container["name"] for container in pod["spec"]["containers"] if container["name"] != SIDECAR),
            tuple(name if "/" in name else env.get("SECRETS_PREFIX", "") + name for name in names),
            env.get("SECRETS_BACKEND", ""),
            pod["status"].get("podIP", ""),
        )


def wait_for_api() -> None:
    """Wait for the API server."""
    wait_for(
        "the API server",
        lambda: config.KUBECONFIG.exists() and api_server_ready(),
        still_possible=host.why_not_running,
    )


def publish_issuer(kubectl: Kubectl) -> None:
    """Publish the keys that verify ServiceAccount tokens, for the cloud to read."""
    kubectl("apply", "-f", "-", input=json.dumps(DISCOVERY_FOR_ALL))


def load_images(tars: list[Path]) -> bool:
    """Put the images into the node's containerd; whether it had others of the same names, which pods may run."""
    wanted = {tar.name: hashlib.sha256(tar.read_bytes()).hexdigest() for tar in tars}
    had = json.loads(LOADED.read_text()) if LOADED.exists() else {}
    if had == wanted:
        return False
    import_images(tars, host.inside())
    LOADED.write_text(json.dumps(wanted))
    return bool(had)


def import_images(
    tars: Iterable[Path], process_1: int, still_possible: Callable[[], str | None] = host.why_not_running
) -> None:
    """Put the images into the containerd of the node that has this first process."""
    socket = Path(f"/proc/{process_1}/root{CONTAINERD_SOCKET}")
    wait_for("containerd", socket.is_socket, still_possible=still_possible)
    for tar in tars:
        subprocess.run(
            ["ctr", f"--address={socket}", "--namespace=k8s.io", "images", "import", str(tar)],
            check=True,
            stdout=subprocess.DEVNULL,
        )


def renew_pods(kubectl: Kubectl) -> None:
    """End the pods with a sidecar, so that their Deployments make new ones from the images that the node has now."""
    for namespace in sorted({pod["metadata"]["namespace"] for pod in _pods_with_sidecar(kubectl)}):
        kubectl("delete", "pods", "--all", f"--namespace={namespace}")


def wait_for_node(
    kubectl: Kubectl, name: str = config.NODE, still_possible: Callable[[], str | None] = host.why_not_running
) -> None:
    """Wait until a node is there and ready for pods."""

    def ready() -> bool:
        try:
            node = json.loads(kubectl("get", "node", name, "-o", "json"))
        except KubectlError:
            return False
        return any(c["type"] == "Ready" and c["status"] == "True" for c in node["status"].get("conditions", []))

    wait_for(f"the node {name}", ready, still_possible=still_possible)


def make_namespaces(kubectl: Kubectl, names: Iterable[str]) -> None:
    """Make the namespaces that are not there, which hold their pods to the Pod Security Standard `restricted`."""
    there = {item["metadata"]["name"] for item in json.loads(kubectl("get", "namespaces", "-o", "json"))["items"]}
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    for name in names:
        if name not in there:
            namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}
            kubectl("create", "-f", "-", input=json.dumps(namespace))


def wait_for_namespace(kubectl: Kubectl, name: str, still_possible: Callable[[], str | None]) -> None:
    """Wait for a namespace that a stack makes; ``still_possible`` as of `progress.wait_for`."""

    def there() -> bool:
        try:
            kubectl("wait", f"namespace/{name}", "--for=create", "--timeout=2s")
        except KubectlError:
            return False
        return True

    wait_for(f"the namespace {name}", there, still_possible=still_possible)


def wait_for_pod(kubectl: Kubectl, cloud: Cloud, namespace: str) -> Pod:
    """A ready pod whose sidecar asks the cloud, as soon as the namespace has one."""
    return wait_for(
        f"a pod of {namespace} for {cloud.title}",
        lambda: find_pod(kubectl, cloud, namespace),
        still_possible=host.why_not_running,
    )


def running_pod(kubectl: Kubectl, cloud: Cloud, namespace: str) -> Pod:
    """A ready pod whose sidecar asks the cloud; KubectlError where the namespace has none."""
    if reason := host.why_not_running():
        raise KubectlError(f"{reason}; `make up` starts it")
    if pod := find_pod(kubectl, cloud, namespace):
        return pod
    others = sorted({pod.namespace for pod in ready_pods(kubectl) if pod.cloud == cloud.name})
    raise KubectlError(
        f"namespace {namespace!r} has no ready pod with a sidecar for {cloud.title} (a container named {SIDECAR!r}), "
        f"expected one of {', '.join(others) or 'none yet'}; `kubectl -n {namespace} describe pods` says why a pod is "
        "not ready"
    )


def find_pod(kubectl: Kubectl, cloud: Cloud, namespace: str) -> Pod | None:
    """A ready pod whose sidecar asks the cloud, if the namespace has one."""
    return next((pod for pod in ready_pods(kubectl) if (pod.namespace, pod.cloud) == (namespace, cloud.name)), None)


def ready_pods(kubectl: Kubectl) -> list[Pod]:
    """Every ready pod with a sidecar that is not about to end, in all namespaces."""
    return [Pod.of(pod) for pod in _pods_with_sidecar(kubectl) if _is_ready(pod)]


def _pods_with_sidecar(kubectl: Kubectl) -> list[dict[str, Any]]:
    """Those in which an application runs beside it: not the shared service's own."""
    pods = json.loads(kubectl("get", "pods", "--all-namespaces", "-o", "json"))
    beside = [pod for pod in pods["items"] if any(c["name"] != SIDECAR for c in pod["spec"]["containers"])]
    return [pod for pod in beside if any(c["name"] == SIDECAR for c in _containers(pod))]


def _is_ready(pod: dict[str, Any]) -> bool:
    conditions = pod["status"].get("conditions", [])
    ready = any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)
    return ready and "deletionTimestamp" not in pod["metadata"]


def _containers(pod: dict[str, Any]) -> list[dict[str, Any]]:
    return [*pod["spec"]["containers"], *pod["spec"].get("initContainers", [])]


def ask(kubectl: Kubectl, pod: Pod, name: str) -> dict[str, Any]:
    """Ask for a secret from inside the app container; the answer's status, content type and body."""
    out = kubectl("exec", f"--namespace={pod.namespace}", pod.name, f"--container={pod.app}", "--", "ask", name)
    answer: dict[str, Any] = json.loads(out)
    return answer
