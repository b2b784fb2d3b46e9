"""Pods with a sidecar: who else can reach it, and who else has its token. Pure.

The components refuse the same: pods/injection_checks.py.
"""

from collections.abc import Iterator

from ..pods.injection_checks import audiences_of
from ..pods.injection_refusals import SHARED_WITH_THE_NODE
from ..pods.sidecar_container import CONTAINER, VOLUME
from ..proof.preview import Resource
from .manifests import Container, KubernetesObject, Pod, items, mapping, pods
from .rule import Options

AZURE_LABEL = "azure.workload.identity/use"
AZURE_SKIPPED = "azure.workload.identity/skip-containers"
_DEFAULT_PORT = "8080"
_OPEN_TO_THE_NODE = "hostNetwork"


def listens_beyond_localhost(resource: Resource, _options: Options) -> Iterator[str]:
    """Yield how others than the containers of its pod reach a sidecar."""
    for owner, pod in pods(resource):
        for sidecar in pod.sidecars:
            where = f"the sidecar {sidecar.name} of {_called(owner, resource)}"
            if sidecar.env.get("SECRETS_MODE") == "shared" and len(pod.containers) > 1:
                yield f"{where} has SECRETS_MODE=shared, so it listens on every address of the pod"
            if pod.spec.get(_OPEN_TO_THE_NODE) is True:
                yield f"{where} is in a pod with hostNetwork: {SHARED_WITH_THE_NODE[_OPEN_TO_THE_NODE]}"
            port = sidecar.env.get("SECRETS_PORT", _DEFAULT_PORT)
            if any(_is_on_the_node(each, each is sidecar, port) for each in pod.containers):
                yield f"{where} has a hostPort, so its node's network reaches it"


def token_in_application(resource: Resource, _options: Options) -> Iterator[str]:
    """Yield which containers beside the sidecar have the token that gets the namespace's identity."""
    for owner, pod in pods(resource):
        if not pod.sidecars:
            yield from _patched(owner, pod, resource)
            continue
        where = _called(owner, resource)
        volumes = _identity_volumes(pod)
        for container in pod.containers:
            mounted = [each.get("name") for each in items(container.body.get("volumeMounts"))]
            for volume in volumes.intersection(str(each) for each in mounted):
                if not container.is_sidecar:
                    yield f"the container {container.name} of {where} mounts {volume}, which has the sidecar's token"
        for field, reason in SHARED_WITH_THE_NODE.items():
            if field != _OPEN_TO_THE_NODE and pod.spec.get(field) is True:
                yield f"{where} has {field}: {reason}"
        metadata = pod.metadata
        if mapping(metadata.get("labels")).get(AZURE_LABEL) == "true":
            skipped = str(mapping(metadata.get("annotations")).get(AZURE_SKIPPED, "")).split(";")
            open_to = [each.name for each in pod.containers if each.name not in [name.strip() for name in skipped]]
            if open_to:
                yield f"{where} has the label {AZURE_LABEL}, which mounts a token in {', '.join(open_to)}"


def _patched(owner: KubernetesObject, pod: Pod, resource: Resource) -> Iterator[str]:
    """Yield the containers that a patch gives the token of a sidecar, which is in the object that is patched."""
    for container in pod.containers if owner.is_patch else ():
        mounted = [each.get("name") for each in items(container.body.get("volumeMounts"))]
        if VOLUME in mounted and container.name != CONTAINER:
            where = f"the container {container.name} of {_called(owner, resource)}"
            yield f"{where} mounts {VOLUME}, which has the sidecar's token"


def _identity_volumes(pod: Pod) -> set[str]:
    """Return the volumes with a token that the sidecar also has: its own, and others for the same audience."""
    volumes = items(pod.spec.get("volumes"))
    mounted = {each.get("name") for one in pod.sidecars for each in items(one.body.get("volumeMounts"))}
    audiences = {audience for each in volumes if each.get("name") in mounted for audience in audiences_of(each)}
    same = {str(each.get("name")) for each in volumes if audiences.intersection(audiences_of(each))}
    return {VOLUME, *same}


def _is_on_the_node(container: Container, is_sidecar: bool, port: str) -> bool:
    return any(
        "hostPort" in each and (is_sidecar or _whole(each.get("containerPort")) == port)
        for each in items(container.body.get("ports"))
    )


def _whole(number: object) -> str:
    """Return a port as text: numbers arrive as floats."""
    return str(int(number)) if isinstance(number, int | float) else str(number)


def _called(owner: KubernetesObject, resource: Resource) -> str:
    return f"{owner.kind} {owner.name or resource.name}"
