"""The kinds of workloads, and where each has its pod template. Pure.

https://kubernetes.io/docs/concepts/workloads/controllers/
"""

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Any

from ..checks import invalid
from .checks import outline
from .pod_template import NAME_LABEL

Manifest = dict[str, Any]


class WorkloadKind(StrEnum):
    """What a workload is in Kubernetes."""

    DEPLOYMENT = "Deployment"
    """Pods that are all alike and run all the time."""
    STATEFUL_SET = "StatefulSet"
    """Pods that each have a name and volumes of their own."""
    JOB = "Job"
    """Pods that run once until they are done."""
    CRON_JOB = "CronJob"
    """A Job at each time of a schedule."""


SCALED = (WorkloadKind.DEPLOYMENT, WorkloadKind.STATEFUL_SET)
"""The kinds that run all the time, and have a number of pods."""
RESOURCE_NAMES = {
    WorkloadKind.DEPLOYMENT: "deployment",
    WorkloadKind.STATEFUL_SET: "stateful-set",
    WorkloadKind.JOB: "job",
    WorkloadKind.CRON_JOB: "cron-job",
}
"""How the component's child is called, after the component's name."""
RESTART_POLICY = {WorkloadKind.JOB: "Never", WorkloadKind.CRON_JOB: "Never"}
"""Of the pods of those that end, where `pod` says nothing: pods that failed stay, with their logs."""
LONGEST_NAME = {WorkloadKind.CRON_JOB: 52, WorkloadKind.STATEFUL_SET: 52}
"""Characters of a name: a CronJob's Jobs, and a label of a StatefulSet's pods, add 11 to it. All others have those of a
label's value, 63."""
SET_ELSEWHERE = {
    "replicas": "use the argument replicas",
    "selector": "leave it out: the component selects the pods by their label",
    "manualSelector": "leave it out: Kubernetes selects the pods of a Job",
    "template": "give the pod template as the argument pod",
}


def kind(given: object) -> WorkloadKind:
    """Return the kind of a workload."""
    try:
        return WorkloadKind(str(given))
    except ValueError:
        expected = f"one of {', '.join(WorkloadKind)}"
        raise invalid("kind", given, expected, "leave it out for a Deployment") from None


def own_spec(given: object, of: WorkloadKind) -> Manifest:
    """Return what `spec` says of the workload itself; refuse what the component or another argument sets."""
    if not isinstance(given, Mapping):
        expected = f"the spec of a {of} as in a manifest, without its pod template"
        raise invalid("spec", outline(given), expected, "correct it")
    if of is WorkloadKind.CRON_JOB:
        _refuse("spec.jobTemplate.spec", (given.get("jobTemplate") or {}).get("spec") or {})
        if not given.get("schedule"):
            raise invalid("spec.schedule of a CronJob", given.get("schedule"), 'a text such as "0 3 * * *"', "set it")
    else:
        _refuse("spec", given)
    return dict(given)


def _refuse(where: str, spec: Mapping[str, Any]) -> None:
    for field, fix in SET_ELSEWHERE.items():
        if field in spec:
            raise invalid(f"{where}.{field}", outline(spec[field]), "no such field here", fix)


def no_replicas(of: WorkloadKind, given: object) -> None:
    """Refuse a number of pods of a Job: how many run at a time is in its spec."""
    raise invalid(f"replicas of a {of}", given, "no replicas", "set parallelism and completions in spec")


def whole_spec(own: Manifest, of: WorkloadKind, template: Any, name: Any, replicas: int | None) -> Manifest:
    """Return the spec of the workload; `template` and `name` may be Outputs, `replicas` is None for none."""
    if of is WorkloadKind.JOB:
        return {**own, "template": template}
    if of is WorkloadKind.CRON_JOB:
        job = own.get("jobTemplate") or {}
        return {**own, "jobTemplate": {**job, "spec": {**(job.get("spec") or {}), "template": template}}}
    counted = {} if replicas is None else {"replicas": replicas}
    return {**own, **counted, "selector": {"matchLabels": {NAME_LABEL: name}}, "template": template}


def check_restart_policy(spec: Mapping[str, Any], of: WorkloadKind) -> None:
    """Refuse what the kind does not have: a Job's pods end, all others run all the time."""
    allowed = ("Always",) if of in SCALED else ("Never", "OnFailure")
    given = spec.get("restartPolicy", allowed[0])
    if given not in allowed:
        raise invalid(f"restartPolicy of a {of}", given, " or ".join(allowed), "leave it out, or correct it")


def claims_are_its_own(own: Mapping[str, Any], taken: Collection[str]) -> None:
    """Refuse claims of a StatefulSet by the names of the sidecar's volumes, which they would replace."""
    for claim in own.get("volumeClaimTemplates") or []:
        name = (claim.get("metadata") or {}).get("name")
        if name in taken:
            raise invalid("volumeClaimTemplates", name, "a name that no volume of the sidecar has", "give it another")
