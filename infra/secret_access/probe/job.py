"""The Job whose pod asks: the identity's own sidecar, and a container that asks it. Pure."""

import hashlib
import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from . import asking
from .matrix import READ
from .places import LOCATION
from .plan import Part, Probe

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
    """Return the Job, fit for the Pod Security Standard `restricted`.

    `seconds`: how long it asks for the secrets of the own place; for those of others it has some more.
    `run`: what tells this run's Jobs from others'; without it, the name is always the same.
    Raises InvalidArgument where the sidecar cannot safely be put into a pod, as `inject` does.
    """
    from ..pods.injection import inject  # noqa: PLC0415  (it imports Pulumi, which takes longer than all else here)

    access = probe.identity.access
    labels = {NAME_LABEL: NAME, PROBE_LABEL: probe.key, **({RUN_LABEL: run} if run else {})}
    template = inject({"metadata": {"labels": labels}, "spec": _spec(probe, access, seconds)}, access)
    if any(part.place != probe.identity.place for part in probe.parts):
        (asker,) = template["spec"]["containers"]
        template["spec"]["containers"] = [_with_identity(asker, access["sidecar"])]
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
            "activeDeadlineSeconds": limit(probe, seconds) + READ_SECONDS,
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


def digest(probe: Probe) -> str:
    """Return what tells a probe's pod from that of other settings, names or versions of the program."""
    return hashlib.sha256(json.dumps(job(probe, 0)["spec"]["template"], sort_keys=True).encode()).hexdigest()[:16]


def limit(probe: Probe, seconds: int) -> int:
    """Return within how many seconds the pod has started and asked."""
    return START_SECONDS + int(asking.limit(seconds, len(probe.parts)))


def _with_identity(asker: Manifest, sidecar: Mapping[str, Any]) -> Manifest:
    """Return the container that can start sidecars of its own: with the pod's sidecar's settings, token and memory."""
    told = {each["name"] for each in sidecar["env"]}
    return {
        **asker,
        "env": [*(each for each in asker["env"] if each["name"] not in told), *sidecar["env"]],
        "volumeMounts": sidecar["volumeMounts"],
        "resources": sidecar.get("resources") or RESOURCES,
    }


def _arguments(probe: Probe, part: Part) -> list[str]:
    """Return what the program is told of a place."""
    own = sum(question.expected == READ for question in part.questions)
    told: Manifest = {"place": str(part.place), "own": own}
    if part.place != probe.identity.place:
        there = dict(part.place.location)
        told["settings"] = {name: there.get(name) for name in LOCATION[part.place.vault]}
    names = [question.name for question in part.questions]
    # Kubernetes replaces $(NAME) in arguments; $$ is a $
    return [each.replace("$", "$$") for each in (asking.AT, json.dumps(told), *names)]


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
                "args": [
                    access["url"],
                    str(seconds),
                    *(each for part in probe.parts for each in _arguments(probe, part)),
                ],
                "resources": RESOURCES,
                "securityContext": sidecar.get("securityContext") or {},
            }
        ],
    }


def program() -> str:
    """Return the text of the program that asks."""
    return files(__package__).joinpath("asking.py").read_text(encoding="utf-8")
