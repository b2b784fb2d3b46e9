"""The probe on a schedule, as a component: a CronJob for each namespace, whose logs `prove --collect` judges."""

from collections.abc import Mapping
from functools import partial
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_kubernetes as k8s

from ..arguments import Arguments, shown
from ..checks import invalid, whole_number
from ..inputs import children_of, lift
from ..pods.workload import WorkloadAccess
from . import job
from .identities import Identity, read
from .plan import plan

Manifest = dict[str, Any]
EXAMPLE = '{"shop": shop.workload_access, "report": report.workload_access}'
FIELDS = 5
"""Of a schedule: minute, hour, day of the month, month, day of the week."""
SHORTEST, LONGEST = 5, 3600
"""Seconds that a pod may ask."""


class IsolationProbeArgs(TypedDict):
    """Arguments of IsolationProbe."""

    accesses: Mapping[str, pulumi.Input[WorkloadAccess]]
    """The outputs `workload_access` of the access components of one cluster, by names of your own. Each component has
    `secrets`. Example: `{"shop": shop.workload_access, "report": report.workload_access}`."""
    schedule: NotRequired[pulumi.Input[str]]
    """When they ask, as a CronJob has it. Default: `0 3 * * *`, nightly. Example: `30 5 * * 1`."""
    seconds: NotRequired[pulumi.Input[int]]
    """How long a pod may ask in its own place, 5 to 3600, beside a minute to start. Default: 60. Example: `120`."""


class IsolationProbe(pulumi.ComponentResource):
    """Asks on a schedule, from inside each namespace, for its own and every other namespace's secrets.

    Creates a CronJob for each access, which runs as its ServiceAccount with its sidecar. No value leaves the sidecar.
    `secret-access prove --collect` reads the logs and judges them.
    """

    cron_job_names: pulumi.Output[dict[str, str]]
    """Names of the CronJobs, by those of the accesses."""

    def __init__(self, name: str, args: IsolationProbeArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        given = Arguments(f"IsolationProbe {name!r}", args, IsolationProbeArgs, example=f'{{"accesses": {EXAMPLE}}}')
        keys = given.plain("accesses", _keys, by_name=True)
        schedule = given.take("schedule", _schedule, "0 3 * * *")
        seconds = given.take("seconds", _seconds, 60)
        made = given.check(_cron_jobs, dict(given.get("accesses")), schedule, seconds)
        super().__init__("secret-access:index:IsolationProbe", name, {}, opts)
        names = {}
        for key in keys:
            metadata: Any = lift(partial(_part, key, "metadata"), made)
            spec: Any = lift(partial(_part, key, "spec"), made)
            cron_job = k8s.batch.v1.CronJob(
                f"{name}-{key}",
                metadata=metadata,
                spec=spec,
                opts=children_of(self, opts),
            )
            names[key] = cron_job.metadata.apply(lambda metadata: str(metadata.name))
        self.cron_job_names = pulumi.Output.all(**names)
        self.register_outputs({"cronJobNames": self.cron_job_names})


def _part(key: str, part: str, made: Mapping[str, Manifest]) -> Manifest:
    found: Manifest = made[key][part]
    return found


def _keys(given: object) -> list[str]:
    if not isinstance(given, Mapping) or len(given) < 2:
        raise invalid("accesses", shown(given), f"two or more, such as {EXAMPLE}", "give those of all namespaces")
    return list(given)


def _cron_jobs(accesses: Mapping[str, Any], schedule: str, seconds: int) -> dict[str, Manifest]:
    """Return the CronJobs by the names of their accesses; refuse what would prove nothing."""
    found = {key: _identity(key, access) for key, access in accesses.items()}
    planned = plan(list(found.values()))
    if planned.gaps:
        raise invalid("accesses", planned.gaps[0], "namespaces that can be asked about each other", "see docs/prove.md")
    by_identity = {probe.identity.key: probe for probe in planned.probes}
    if len(by_identity) < len(found):
        raise invalid("accesses", sorted(found), "each identity once", "give each access once")
    return {key: job.cron_job(by_identity[identity.key], seconds, schedule) for key, identity in found.items()}


def _identity(key: str, access: object) -> Identity:
    """Return whom the pods of an access read as."""
    what, expected = f"accesses of {key!r}", "the output `workload_access` of an access component"
    if not isinstance(access, Mapping) or not WorkloadAccess.__required_keys__ <= set(access):
        raise invalid(what, sorted(access) if isinstance(access, Mapping) else access, expected, "give that")
    pod = {
        "metadata": {
            "namespace": access["namespace"],
            "name": key,
            "labels": access["pod_labels"],
            "annotations": access["pod_annotations"],
        },
        "spec": {
            "serviceAccountName": access["service_account_name"],
            "initContainers": [access["sidecar"]],
            "volumes": access["volumes"],
        },
    }
    found = read([pod])
    if not found.identities:
        raise invalid(what, found.unread[0] if found.unread else "a sidecar without a vault", expected, "give that")
    return found.identities[0]


def _schedule(given: object) -> str:
    fields = given.split() if isinstance(given, str) else []
    if len(fields) != FIELDS and not (len(fields) == 1 and fields[0].startswith("@")):
        raise invalid(
            "schedule", given, "five fields or a word, such as '0 3 * * *' or '@daily'", "write it as cron has it"
        )
    return str(given)


def _seconds(given: object) -> int:
    expected = f"a whole number from {SHORTEST} to {LONGEST}"
    return whole_number("seconds", given, expected, "write that", least=SHORTEST, most=LONGEST)
