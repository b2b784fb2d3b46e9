"""A workload's pod template: what is given over defaults that meet the Pod Security Standard `restricted`. Pure.

https://kubernetes.io/docs/concepts/security/pod-security-standards/
"""

from collections.abc import Mapping, Sequence
from typing import Any

from .. import checks as shared_checks
from ..checks import invalid
from ..program_errors import InvalidArgument
from . import sidecar_container

APP = "app"
NAME_LABEL = "app.kubernetes.io/name"
# No CPU limit: throttling would slow the app, and the request already guarantees a share
RESOURCES = {
    "requests": {"cpu": "50m", "memory": "64Mi"},
    "limits": {"memory": "256Mi"},
}
POD_SECURITY = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
CONTAINER_SECURITY = {"readOnlyRootFilesystem": True, "allowPrivilegeEscalation": False}
CAPABILITIES = {"drop": ["ALL"]}

Manifest = dict[str, Any]


def pod_template(given: Any, app: Mapping[str, Any], name: str, *, restart_policy: str | None = None) -> Manifest:
    """Return the pod template of a workload: `given` with secure defaults, the container `app` and a label.

    `given`: `{"metadata": …, "spec": …}`, either of which may be missing. `app`: what arguments say of the container
    `app`, which may be in `given` too, each thing in one of the two places. `restart_policy`: the default, or None for
    Kubernetes' own. Raises `InvalidArgument` for a conflict.
    """
    metadata, spec = given.get("metadata") or {}, given.get("spec") or {}
    labels = metadata.get("labels") or {}
    if labels.get(NAME_LABEL, name) != name:
        fix = "set workload_name to it, or remove it"
        raise invalid(f"pod: the label {NAME_LABEL}", labels[NAME_LABEL], f"{name}, the workload's name", fix)
    containers = _with_app(spec.get("containers") or [], app)
    inits = [_secure(container) for container in spec.get("initContainers") or []]
    return {
        "metadata": {**metadata, "labels": {**labels, NAME_LABEL: name}},
        "spec": {
            "enableServiceLinks": False,
            **({"restartPolicy": restart_policy} if restart_policy else {}),
            **spec,
            "securityContext": {**POD_SECURITY, **(spec.get("securityContext") or {})},
            "containers": [_secure(container) for container in containers],
            **({"initContainers": inits} if inits else {}),
        },
    }


def app_container(
    *, image: str | None, env: Mapping[str, str], ports: Sequence[int], resources: object, writable_root: bool | None
) -> Manifest:
    """Return what the arguments of a workload say of the container `app`; empty where they say nothing."""
    return {
        **({"image": image} if image is not None else {}),
        **({"env": [{"name": name, "value": value} for name, value in env.items()]} if env else {}),
        **({"ports": [{"containerPort": port} for port in ports]} if ports else {}),
        **({} if resources is None else {"resources": shared_checks.resources("resources", resources)}),
        **({} if writable_root is None else {"securityContext": {"readOnlyRootFilesystem": not writable_root}}),
    }


def _with_app(containers: Sequence[Manifest], app: Mapping[str, Any]) -> list[Manifest]:
    """Return the containers, with what arguments say of `app` in the one of that name, which they may make."""
    if not app and containers:
        return list(containers)
    if any(container.get("name") == APP for container in containers):
        return [_joined(container, app) if container.get("name") == APP else container for container in containers]
    if "image" not in app:
        names = [container.get("name") for container in containers]
        fix = "set image, or give the container app in pod"
        raise invalid("containers of the workload", names, f"the container {APP}, which has the arguments", fix)
    return [{"name": APP, **app}, *containers]


def _joined(container: Manifest, app: Mapping[str, Any]) -> Manifest:
    """Return the container with what the arguments say of it; what both say has to be the same."""
    joined = dict(container)
    for field, value in app.items():
        given = container.get(field)
        if field == "env":
            joined[field] = [*(given or []), *_not_yet(value, given or [])]
        elif field == "securityContext":
            joined[field] = {**(given or {}), **value}
            if (given or {}).get("readOnlyRootFilesystem") not in (None, value["readOnlyRootFilesystem"]):
                raise _twice("writable_root", value, given)
        elif given not in (None, value):
            raise _twice(field, value, given)
        else:
            joined[field] = value
    return joined


def _not_yet(env: Sequence[Manifest], present: Sequence[Manifest]) -> list[Manifest]:
    by_name = {variable.get("name"): variable for variable in present}
    for variable in env:
        if by_name.get(variable["name"], variable) != variable:
            raise _twice(f"env of {variable['name']}", "the same value", "another one")
    return [variable for variable in env if variable["name"] not in by_name]


def _twice(argument: str, value: object, given: object) -> InvalidArgument:
    return invalid(
        f"the argument {argument} beside the same field of the container {APP} in pod",
        given,
        f"one of them, or {value!r} in both",
        "leave out one of them",
    )


def _secure(container: Manifest) -> Manifest:
    context = container.get("securityContext") or {}
    return {
        "resources": RESOURCES,
        "terminationMessagePolicy": sidecar_container.TERMINATION_MESSAGE,
        **container,
        "securityContext": {
            **CONTAINER_SECURITY,
            **context,
            "capabilities": {**CAPABILITIES, **(context.get("capabilities") or {})},
        },
    }
