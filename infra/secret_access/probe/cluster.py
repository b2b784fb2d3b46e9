"""What a probe needs of a cluster: the pods and workloads that are there, and Jobs of its own."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from ..errors import SecretAccessError
from ..kubectl import Forbidden, KubectlError
from ..remainder.live import ANNOTATIONS
from . import admitted, job
from .answers import Answers, read
from .identities import ENDED, Identity
from .plan import Probe

Manifest = dict[str, Any]

COLLECTIONS = (
    ("/api/v1", "pods"),
    ("/apis/apps/v1", "deployments"),
    ("/apis/apps/v1", "statefulsets"),
    ("/apis/apps/v1", "daemonsets"),
    ("/apis/batch/v1", "cronjobs"),
)
"""Pods first: they are as the API server's policies have made them."""


CLOCKS = timedelta(hours=1)
"""How much later than here it may be in a cluster."""
LONGEST = 400
"""Characters of a reason that a cluster gives."""


class Cluster(Protocol):
    """The part of `Kubectl` that probes use."""

    def read_all(self, path: str) -> Iterator[Manifest]:
        """Yield every object of a collection."""

    def find(self, kind: str, namespace: str | None = None, selector: str = "") -> list[Manifest]:
        """Return objects by a label selector."""

    def create(self, *objects: Mapping[str, Any]) -> list[Manifest]:
        """Create objects."""

    def delete(self, kind: str, name: str, namespace: str | None = None) -> None:
        """Delete an object, if there is one."""

    def logs(self, pod: str, namespace: str, container: str | None = None) -> str:
        """Return what a container has printed."""


def with_pods(cluster: Cluster, namespaces: Sequence[str]) -> Iterator[Manifest]:
    """Yield the pods and workloads of some namespaces, or of all if none are given, but those of probes."""
    for group, kind in COLLECTIONS:
        for where in [f"namespaces/{namespace}/" for namespace in namespaces] or [""]:
            for found in cluster.read_all(f"{group}/{where}{kind}"):
                if (found["metadata"].get("labels") or {}).get(job.NAME_LABEL) != job.NAME:
                    yield found


def without_pod(cluster: Cluster, namespaces: Sequence[str], asked: Iterable[Identity]) -> Iterator[str]:
    """Say which ServiceAccounts have an identity outside of the cluster, and nobody asked as them."""
    known = {(each.namespace, each.service_account) for each in asked}
    try:
        for where in [f"namespaces/{namespace}/" for namespace in namespaces] or [""]:
            for account in cluster.read_all(f"/api/v1/{where}serviceaccounts"):
                namespace, name = account["metadata"]["namespace"], account["metadata"]["name"]
                named = ANNOTATIONS.intersection(account["metadata"].get("annotations") or ())
                if named and (namespace, name) not in known:
                    yield (
                        f"nobody asked as the ServiceAccount {namespace}/{name}: it has an identity "
                        f"({min(named)}), and no pod or workload with a sidecar"
                    )
    except Forbidden:
        yield "ServiceAccounts may not be listed: one with an identity and no pod is not known"


def collected(
    cluster: Cluster, probes: Sequence[Probe], oldest: datetime, now: datetime
) -> Iterator[tuple[Probe, Answers]]:
    """Yield what the newest pod of each probe was answered: of Jobs that somebody else has made, after `oldest`."""
    newest: dict[str, Manifest] = {}
    namespaces = dict.fromkeys(probe.identity.namespace for probe in probes)
    for namespace in namespaces:
        for pod in cluster.find("pods", namespace, job.SELECTOR):
            key = f"{namespace} {pod['metadata']['labels'].get(job.PROBE_LABEL)}"
            if has_ended(pod) and (key not in newest or _made_at(pod) >= _made_at(newest[key])):
                newest[key] = pod
    for probe in probes:
        namespace = probe.identity.namespace
        pod = newest.get(f"{namespace} {probe.key}", {})
        yield probe, _collected(cluster, probe, pod, oldest, now)


def _collected(cluster: Cluster, probe: Probe, pod: Manifest, oldest: datetime, now: datetime) -> Answers:
    if not pod:
        return Answers("", {}, why_none=f"no pod has asked: create the Job {job.NAME}-{probe.key}")
    made_at = _made_at(pod)
    if not oldest <= made_at <= now + CLOCKS:
        why = f"it was asked at {_shown(made_at)}, expected after {_shown(oldest)}, and it is {_shown(now)} here: see "
        return Answers(pod["metadata"]["name"], {}, why_none=f"{why}whether its CronJob still runs, and the clocks")
    try:
        why = "it was not among the names of that Job, or its time was up"
        return answers(cluster, pod, job.job(probe, 0), why, by_us=False)
    except SecretAccessError as error:
        return Answers(pod["metadata"]["name"], {}, why_none=str(error))


def _made_at(pod: Manifest) -> datetime:
    """Return when the API server took the pod."""
    return datetime.fromisoformat(pod["metadata"]["creationTimestamp"])


def _shown(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def answers(cluster: Cluster, pod: Manifest, made: Manifest, why_none: str, *, by_us: bool = True) -> Answers:
    """Return what a pod was answered so far; nothing that another pod than the Job's was answered.

    `by_us`: whether this very Job was made; if not, it may have asked for fewer names.
    """
    name, namespace = pod["metadata"]["name"], pod["metadata"]["namespace"]
    if changed := admitted.changed(made["spec"]["template"]["spec"], pod["spec"], by_us=by_us):
        return Answers(name, {}, why_none=changed)
    if not _state(pod, job.CONTAINER) and (status := pod.get("status") or {}).get("reason"):
        why_none = f"the pod ended: {status['reason']} {status.get('message') or ''}".strip()[:LONGEST]
    return read(name, cluster.logs(name, namespace, job.CONTAINER), why_none)


def is_of(pod: Manifest, uid: str) -> bool:
    """Return whether the pod is of the Job with that uid: a label can be on anybody's."""
    return any(
        each.get("uid") == uid and each.get("controller") for each in pod["metadata"].get("ownerReferences") or []
    )


def has_ended(pod: Manifest) -> bool:
    """Return whether the pod has asked all it was to ask, or asks no more."""
    return "terminated" in _state(pod, job.CONTAINER) or (pod.get("status") or {}).get("phase") in ENDED


def why_waiting(pods: Sequence[Manifest]) -> str:
    """Return why a Job's pod has not asked yet, as far as the pod says."""
    status = (pods[0].get("status") or {}) if pods else {}
    for each in (*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])):
        waiting = (each.get("state") or {}).get("waiting") or {}
        ended = (each.get("lastState") or {}).get("terminated") or {}
        if waiting.get("reason") not in (None, "PodInitializing", "ContainerCreating"):
            said = ended.get("message") or waiting.get("message") or ""
            return f"its container {each['name']} waits: {waiting['reason']} {said}".strip()[:LONGEST]
    return ""


def last_warning(cluster: Cluster, namespace: str, name: str) -> str:
    """Return the newest warning of the cluster about a Job or its pod: why none is made, scheduled or started."""
    try:
        events = cluster.find("events", namespace)
    except KubectlError:  # not everybody may read them
        return ""
    about = [each for each in events if each["involvedObject"].get("name", "").startswith(name)]
    warnings = [each for each in about if each.get("type") == "Warning"]
    if not warnings:
        return ""
    newest = max(warnings, key=lambda each: each.get("lastTimestamp") or each.get("eventTime") or "")
    return f"{newest.get('reason', '')} {newest.get('message', '')}".strip()[:LONGEST]


def _state(pod: Manifest, container: str) -> Manifest:
    statuses = (pod.get("status") or {}).get("containerStatuses") or []
    state: Manifest = next((each.get("state") or {} for each in statuses if each.get("name") == container), {})
    return state
