"""The Job whose pod asks: the identity's own sidecar, and a container that asks it. Pure."""

from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from .plan import Probe

Manifest = dict[str, Any]

CONTAINER = "ask"
NAME = "secret-access-probe"
NAME_LABEL = "app.kubernetes.io/name"
PROBE_LABEL = "secret-access/probe"
"""Its value is `Probe.key`."""
RUN_LABEL = "secret-access/probe-run"
SELECTOR = f"{NAME_LABEL}={NAME}"
INTERPRETER = ["/usr/bin/python3", "-P", "-c"]
"""The sidecar's image has it, and nothing else that could ask."""
RESOURCES = {"requests": {"cpu": "10m", "memory": "32Mi"}, "limits": {"memory": "64Mi"}}
START_SECONDS = 60
"""How long the pod may take to start, beside the time that it may ask."""
READ_SECONDS = 60
"""How long its log can be read after that: it goes with the pod."""
KEPT_SECONDS = 600
"""Then Kubernetes deletes a Job that nobody deleted."""


def job(probe: Probe, seconds: int, *, run: str = "") -> Manifest:
    """Return the Job, fit for the Pod Security Standard `restricted`. It asks for at most so many seconds.

    `run`: what tells this run's Jobs from others'; without it, the name is always the same.
    Raises InvalidArgument where the sidecar cannot safely be put into a pod, as `inject` does.
    """
    from ..pods.injection import inject  # noqa: PLC0415  (it imports Pulumi, which takes longer than all else here)

    access = {**probe.identity.access, "sidecar": _there(probe)}
    labels = {NAME_LABEL: NAME, PROBE_LABEL: probe.key, **({RUN_LABEL: run} if run else {})}
    template = inject({"metadata": {"labels": labels}, "spec": _spec(probe, access, seconds)}, access)
    # The sidecar is in it already: an admission policy for all pods adds nothing, such as labels that a Service selects
    template["metadata"]["labels"]["secret-access/inject"] = "false"
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": "-".join(filter(None, (NAME, probe.key, run))),
            "namespace": probe.identity.namespace,
            "labels": labels,
        },
        "spec": {
            "backoffLimit": 0,
            "activeDeadlineSeconds": seconds + START_SECONDS + READ_SECONDS,
            "ttlSecondsAfterFinished": KEPT_SECONDS,
            "template": template,
        },
    }


def cron_job(probe: Probe, seconds: int, schedule: str) -> Manifest:
    """Return the same as a CronJob, whose last Job is kept for its log to be read."""
    once = job(probe, seconds)
    spec = {key: value for key, value in once["spec"].items() if key != "ttlSecondsAfterFinished"}
    return {
        **once,
        "kind": "CronJob",
        "spec": {
            "schedule": schedule,
            "concurrencyPolicy": "Forbid",
            "successfulJobsHistoryLimit": 1,
            "failedJobsHistoryLimit": 1,
            "jobTemplate": {"metadata": {"labels": once["metadata"]["labels"]}, "spec": spec},
        },
    }


def _there(probe: Probe) -> Manifest:
    """Return the sidecar that reads from the place that is asked about, with the identity's own credentials."""
    sidecar = probe.identity.access["sidecar"]
    if probe.place == probe.identity.place:
        return dict(sidecar)
    own = {name for name, _ in probe.identity.place.location}
    kept = [each for each in sidecar["env"] if each["name"] not in own]
    return {**sidecar, "env": [*kept, *({"name": name, "value": value} for name, value in probe.place.location)]}


def _spec(probe: Probe, access: Mapping[str, Any], seconds: int) -> Manifest:
    sidecar = access["sidecar"]
    return {
        **probe.identity.placement,
        "restartPolicy": "Never",
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": 5,
        "containers": [
            {
                "name": CONTAINER,
                "image": sidecar["image"],
                **({"imagePullPolicy": sidecar["imagePullPolicy"]} if "imagePullPolicy" in sidecar else {}),
                "command": [*INTERPRETER, program()],
                "args": [access["url"], str(seconds), *probe.names],
                "resources": RESOURCES,
                "securityContext": sidecar.get("securityContext") or {},
            }
        ],
    }


def program() -> str:
    """Return the text of the program that asks."""
    return files(__package__).joinpath("asking.py").read_text(encoding="utf-8")
