"""Put the sidecar into any pod template. Pure.

The one place that knows what a pod with the sidecar looks like. Templates and what is put into them are spelled as in a
manifest, and plain: no Outputs.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from . import injection_checks
from .checks import BETWEEN_SKIPPED, URL_VARIABLE, no_proxy, token_volume
from .injection_refusals import METADATA
from .sidecar_container import CONTAINER

Manifest = dict[str, Any]


def inject(template: Mapping[str, Any], access: Mapping[str, Any]) -> Manifest:
    """Return the pod template with the sidecar, which serves the secrets to every other container.

    The sidecar becomes the first init container, so it runs before all others start, and ends after they have ended: a
    Job still finishes (Kubernetes, "Sidecar Containers"). The pod gets the sidecar's volumes, the ServiceAccount,
    labels and annotations, no API token unless it asks for one, and every other container and init container gets
    `SECRETS_URL`. All else stays as it is, in its order. A template that has all this already is returned as it is.

    `template`: `{"metadata": …, "spec": …}`. `access`: the values of `WorkloadAccess`.

    Raises `InvalidArgument` for what cannot work or would give away the identity, such as another ServiceAccount, the
    node's network or processes, a container that mounts the token, or a port that the sidecar needs.
    """
    spec = injection_checks.pod_spec(template)
    sidecar = token_volume(access["sidecar"], access["volumes"])
    injection_checks.check(template, spec, access)
    apps, inits = listed(spec, "containers"), _others(listed(spec, "initContainers"))
    volumes = [volume for volume in listed(spec, "volumes") if volume not in access["volumes"]]
    told = {
        **spec,
        "initContainers": [sidecar, *(_told(container, access["url"]) for container in inits)],
        "containers": [_told(container, access["url"]) for container in apps],
        "volumes": [*volumes, *access["volumes"]],
    }
    return with_identity({**template, "spec": told}, access)


def with_identity(template: Mapping[str, Any], access: Mapping[str, Any]) -> Manifest:
    """Return the pod template whose pods run as the ServiceAccount, and have what the cloud wants of them."""
    spec, metadata = template["spec"], template.get("metadata") or {}
    labels = _merged("label", metadata.get("labels"), access["pod_labels"])
    names = [container["name"] for container in (*spec["containers"], *_sidecar_last(listed(spec, "initContainers")))]
    annotations = _annotations(metadata.get("annotations") or {}, access["pod_annotations"], names)
    injected = {
        **spec,
        "serviceAccountName": access["service_account_name"],
        "automountServiceAccountToken": spec.get("automountServiceAccountToken") is True,
    }
    if "serviceAccount" in spec:  # the old name of the same field: the API server wants both alike
        injected["serviceAccount"] = access["service_account_name"]
    return {
        **template,
        "metadata": {
            **metadata,
            **({"labels": labels} if labels else {}),
            **({"annotations": annotations} if annotations else {}),
        },
        "spec": injected,
    }


def listed(spec: Mapping[str, Any], field: str) -> Sequence[Manifest]:
    """Return a list of a pod's spec, which may be missing or null."""
    return spec.get(field) or []


def _others(containers: Sequence[Manifest]) -> list[Manifest]:
    return [container for container in containers if container["name"] != CONTAINER]


def _sidecar_last(containers: Sequence[Manifest]) -> list[Manifest]:
    return sorted(containers, key=lambda container: container["name"] == CONTAINER)


def _told(container: Manifest, url: str) -> Manifest:
    """Return the container with the sidecar's address first, where its other variables can refer to it.

    Behind a proxy it reaches the sidecar directly.
    """
    env = container.get("env") or []
    names = {variable["name"] for variable in env}
    told = [] if URL_VARIABLE in names else [{"name": URL_VARIABLE, "value": url}]
    exceptions = no_proxy({variable["name"]: _value(variable) for variable in env})
    kept = [
        {**variable, "value": exceptions[variable["name"]]} if variable["name"] in exceptions else variable
        for variable in env
    ]
    added = [{"name": name, "value": value} for name, value in exceptions.items() if name not in names]
    return {**container, "env": [*told, *kept, *added]}


def _value(variable: Mapping[str, Any]) -> str | None:
    """Return a variable's value; None if the cluster alone knows it."""
    return None if variable.get("valueFrom") else variable.get("value") or ""


def _annotations(given: Mapping[str, str], wanted: Mapping[str, str], containers: Sequence[str]) -> dict[str, str]:
    """Return the annotations, with every container of the pod in the list that a cloud's webhook leaves alone."""
    plain = {name: value for name, value in wanted.items() if name not in BETWEEN_SKIPPED}
    skipped = {
        name: _skipped(given.get(name), containers, between)
        for name, between in BETWEEN_SKIPPED.items()
        if name in wanted
    }
    return {**_merged("annotation", given, plain), **skipped}


def _skipped(given: str | None, containers: Sequence[str], between: str) -> str:
    """Return the list of an annotation: those that it has, then those that it lacks."""
    present = [name for name in (given or "").split(between) if name]
    return between.join([*present, *(name for name in containers if name not in present)])


def _merged(what: str, given: Mapping[str, str] | None, wanted: Mapping[str, str]) -> dict[str, str]:
    merged = dict(given or {})
    for name, value in wanted.items():
        if merged.setdefault(name, value) != value:
            raise METADATA.error(merged[name], what=what, name=name, wanted=repr(value))
    return merged
