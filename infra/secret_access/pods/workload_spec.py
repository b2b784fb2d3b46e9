"""What a workload's arguments `pod` and `spec` say, checked field by field. Pure."""

from collections.abc import Mapping
from typing import Any

import pulumi_kubernetes as k8s

from . import fields, kinds
from .kinds import WorkloadKind
from .pod_template import pod_template


def sdk_class(kind: WorkloadKind, suffix: str = "") -> Any:
    """Return the SDK's class of a kind: of the resource, or with the suffix `SpecArgs` of its spec."""
    runs_to_an_end = kind in (WorkloadKind.JOB, WorkloadKind.CRON_JOB)
    return getattr(k8s.batch.v1 if runs_to_an_end else k8s.apps.v1, f"{kind}{suffix}")


def own_spec(kind: WorkloadKind, given: object) -> dict[str, Any]:
    """Return what `spec` says of the workload itself; raises `InvalidArgument`."""
    fields.check("spec", given, sdk_class(kind, "SpecArgs"))
    return kinds.own_spec(given, kind)


def template(kind: WorkloadKind, pod: object, app: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return the pod template before the sidecar is put into it."""
    given = {} if pod is None else pod
    fields.check("pod", given, k8s.core.v1.PodTemplateSpecArgs)
    made = pod_template(given, app, name, restart_policy=kinds.RESTART_POLICY.get(kind))
    kinds.check_restart_policy(made["spec"], kind)
    return made
