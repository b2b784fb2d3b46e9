"""When a Kubernetes object is ready, and what keeps it from being so.

The rules are those of ``kubectl rollout status`` and of the real provider:
https://www.pulumi.com/registry/packages/kubernetes/how-to-guides/managing-resources-with-server-side-apply/
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from local.standins.errors import RolloutFailed
from local.standins.kube_client import Client

Object = dict[str, Any]


def awaited(live: Object) -> bool:
    """Whether objects of this kind are waited for, and this one does not say otherwise."""
    annotations = live["metadata"].get("annotations") or {}
    return _rule(live) is not None and annotations.get("pulumi.com/skipAwait") != "true"


def missing(live: Object) -> str | None:
    """What a live object still lacks, in a few words, or None when it is ready; raises RolloutFailed."""
    rule = _rule(live)
    return rule(live) if rule else None


def _rule(live: Object) -> Callable[[Object], str | None] | None:
    return _RULES.get((live["apiVersion"].partition("/")[0], live["kind"]))


def _deployment(live: Object) -> str | None:
    status, wanted = live.get("status", {}), live["spec"].get("replicas", 1)
    progressing = _condition(live, "Progressing")
    if status.get("observedGeneration", 0) < live["metadata"]["generation"]:
        return "waiting for the deployment to be observed"
    if progressing.get("reason") == "ProgressDeadlineExceeded":
        raise RolloutFailed(progressing.get("message", "progress deadline exceeded"))
    updated, available = status.get("updatedReplicas", 0), status.get("availableReplicas", 0)
    if updated < wanted or available < updated:
        return f"Waiting for app ReplicaSet to be available ({min(updated, available)}/{wanted} Pods available)"
    left = status.get("replicas", 0) - updated
    return f"{left} old pods to end" if left > 0 else None


def _stateful_set(live: Object) -> str | None:
    status, wanted = live.get("status", {}), live["spec"].get("replicas", 1)
    if status.get("observedGeneration", 0) < live["metadata"]["generation"]:
        return "waiting for the stateful set to be observed"
    ready = min(status.get("readyReplicas", 0), status.get("updatedReplicas", wanted))
    return f"{ready}/{wanted} pods ready" if ready < wanted else None


def _daemon_set(live: Object) -> str | None:
    status = live.get("status", {})
    if status.get("observedGeneration", 0) < live["metadata"]["generation"]:
        return "waiting for the daemon set to be observed"
    wanted = status.get("desiredNumberScheduled", 0)
    ready = min(status.get("updatedNumberScheduled", 0), status.get("numberAvailable", 0))
    return f"{ready}/{wanted} pods available" if ready < wanted else None


def _job(live: Object) -> str | None:
    if _condition(live, "Failed").get("status") == "True":
        raise RolloutFailed(_condition(live, "Failed").get("message", "the job failed"))
    return None if _condition(live, "Complete").get("status") == "True" else "waiting for the job to complete"


def _pod(live: Object) -> str | None:
    phase = live.get("status", {}).get("phase")
    if phase == "Failed":
        raise RolloutFailed(live["status"].get("message", "the pod failed"))
    if phase == "Succeeded" or _condition(live, "Ready").get("status") == "True":
        return None
    return "waiting for the pod to be ready"


_RULES: dict[tuple[str, str], Callable[[Object], str | None]] = {
    ("apps", "Deployment"): _deployment,
    ("apps", "StatefulSet"): _stateful_set,
    ("apps", "DaemonSet"): _daemon_set,
    ("batch", "Job"): _job,
    ("v1", "Pod"): _pod,
}


def _condition(live: Object, kind: str) -> Object:
    conditions = live.get("status", {}).get("conditions") or []
    return next((condition for condition in conditions if condition["type"] == kind), {})


def reasons(client: Client, live: Object) -> list[str]:
    """Why an object is not ready: its own conditions, then what each pod that is not ready says."""
    said = [
        f"[{condition['reason']}] {condition['message']}"
        for condition in live.get("status", {}).get("conditions") or []
        if condition.get("message") and (condition["type"] == "ReplicaFailure" or condition["status"] == "False")
    ]
    labels = live.get("spec", {}).get("selector", {}).get("matchLabels") or {}
    if labels:
        selector = ",".join(f"{key}={value}" for key, value in labels.items())
        pods = client.request("GET", client.path("v1", "Pod", live["metadata"]["namespace"]), labelSelector=selector)
        said += [text for pod in pods["items"] for text in _pod_trouble(pod)]
    elif live["kind"] == "Pod":
        said += _pod_trouble(live)
    return said


def _pod_trouble(pod: Object) -> Iterator[str]:
    name, status = pod["metadata"]["name"], pod.get("status", {})
    scheduled = _condition(pod, "PodScheduled")
    if scheduled.get("status") == "False":
        yield f"pod {name} is not scheduled: {scheduled.get('message')}"
    for container in (status.get("initContainerStatuses") or []) + (status.get("containerStatuses") or []):
        state, before = container.get("state", {}), container.get("lastState", {}).get("terminated")
        where = f"pod {name}, container {container['name']}"
        if waiting := state.get("waiting"):
            yield f"{where}: [{waiting['reason']}] {waiting.get('message', '')}"
        if (ended := state.get("terminated") or before) and ended["exitCode"]:
            yield f"{where} ended with exit code {ended['exitCode']} ({ended.get('reason')})"
        if "running" in state and not container.get("ready"):
            yield f"{where} runs but is not ready"
