"""What the sidecar cannot safely be put into. Pure: each check raises `InvalidArgument` with its reason."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from ..checks import invalid
from .checks import URL_VARIABLE

SHARED_WITH_THE_NODE = {
    "hostNetwork": "every pod of the node would reach the sidecar on localhost, and read this namespace's secrets",
    "hostPID": "every process of the node that may look at another could read the sidecar's token and memory",
    "shareProcessNamespace": "the other containers could read the sidecar's token and memory under /proc",
}
OS_LABELS = ("kubernetes.io/os", "beta.kubernetes.io/os")
PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
ROOT = 0

Manifest = Mapping[str, Any]


def pod_spec(template: object) -> Manifest:
    """Return the spec of a pod template that has the form of one."""
    expected = '{"metadata": {"labels": {…}}, "spec": {"containers": [{"name": "app", …}]}}'
    fix = "give the whole pod template, spelled as in a manifest"
    if not isinstance(template, Mapping) or not isinstance(template.get("spec"), Mapping):
        raise invalid("the pod template", template, expected, fix)
    spec: Manifest = template["spec"]
    for field in ("containers", "initContainers", "volumes"):
        if not _is_list_of_named(spec.get(field) or []):
            raise invalid(f"{field} of the pod template", spec[field], "a list of mappings, each with a name", fix)
    if not spec.get("containers"):
        raise invalid("containers of the pod template", spec.get("containers"), "at least one container", "add it")
    for container in _containers(spec):
        for field in ("env", "ports", "volumeMounts"):
            items = container.get(field) or []
            if not isinstance(items, list | tuple) or not all(isinstance(item, Mapping) for item in items):
                raise invalid(f"{field} of the container {container['name']}", items, "a list of mappings", fix)
        if not _is_list_of_named(container.get("env") or []):
            raise invalid(f"env of the container {container['name']}", container["env"], "variables with names", fix)
    return spec


def check(template: Manifest, spec: Manifest, access: Manifest) -> None:
    """Refuse a pod template that the sidecar cannot safely be put into."""
    _check_namespace(template, access["namespace"])
    _check_isolation(spec)
    _check_service_account(spec, access["service_account_name"])
    _check_user(spec, access["sidecar"])
    names = {volume["name"] for volume in access["volumes"]}
    _check_volumes(spec, access["volumes"])
    ports = _ports(access)
    for container in _containers(spec):
        if container["name"] == access["sidecar"]["name"]:
            _check_is_ours(container, spec, access["sidecar"])
            continue
        where = f"the container {container['name']}"
        _check_url(where, container, access["url"])
        _check_mounts(where, container, names)
        _check_ports(where, container, ports)


def _check_namespace(template: Manifest, namespace: str) -> None:
    given = (template.get("metadata") or {}).get("namespace")
    if given not in (None, namespace):
        fix = "use the access component of that namespace: an identity is for one namespace"
        raise invalid("the namespace of the pod", given, namespace, fix)


def _check_isolation(spec: Manifest) -> None:
    """Refuse what lets others than the pod's containers, or these by another way, reach what is the sidecar's."""
    for field, reason in SHARED_WITH_THE_NODE.items():
        if spec.get(field):
            raise invalid(f"{field} of the pod template", spec[field], f"none: {reason}", "remove it")
    systems = [(spec.get("os") or {}).get("name"), *((spec.get("nodeSelector") or {}).get(name) for name in OS_LABELS)]
    if "windows" in systems:
        raise invalid(
            "the operating system of the pod template",
            "windows",
            "linux, which the sidecar's image is for",
            "let the pod call a SharedSecretService instead",
        )
    if spec.get("ephemeralContainers"):
        raise invalid(
            "ephemeralContainers of the pod template",
            [container.get("name") for container in spec["ephemeralContainers"]],
            "none: Kubernetes takes them for running pods alone",
            "remove them, and use kubectl debug",
        )
    for alias in spec.get("hostAliases") or []:
        if "localhost" in (alias.get("hostnames") or []):
            raise invalid(
                "hostAliases of the pod template",
                alias,
                "none for localhost: the containers would ask that address for their secrets",
                "remove it",
            )


def _check_service_account(spec: Manifest, expected: str) -> None:
    """`default` is what Kubernetes takes for none."""
    for field in ("serviceAccountName", "serviceAccount"):
        given = spec.get(field)
        if given not in (None, "", "default", expected):
            raise invalid(
                f"{field} of the pod template",
                given,
                f"{expected}, whose tokens may become the identity, or none",
                f"remove it, or make the access component with service_account_name {given} "
                "and existing_service_account true",
            )


def _check_user(spec: Manifest, sidecar: Manifest) -> None:
    """Without a user of its own the sidecar has the pod's, and as root it would not be started."""
    given = (spec.get("securityContext") or {}).get("runAsUser")
    if given == ROOT and "runAsUser" not in (sidecar.get("securityContext") or {}):
        raise invalid(
            "securityContext.runAsUser of the pod template",
            given,
            "a user other than root, which the sidecar gets too since sidecar_user is None",
            "set runAsUser of the containers that need root, or sidecar_user of the access component",
        )


def _check_volumes(spec: Manifest, ours: Sequence[Manifest]) -> None:
    """Refuse other volumes of our names, and tokens for the identity in volumes of others."""
    by_name = {volume["name"]: volume for volume in ours}
    audiences = {audience for volume in ours for audience in _audiences(volume)}
    for volume in spec.get("volumes") or []:
        name = volume["name"]
        if name in by_name:
            if volume != by_name[name]:
                raise invalid(
                    f"the volume {name} of the pod template",
                    volume,
                    f"no volume of this name, or {by_name[name]}",
                    "give yours another name, or remove the one that an older version put there",
                )
            continue
        for audience in audiences & set(_audiences(volume)):
            raise invalid(
                f"the volume {name} of the pod template",
                f"a token with the audience {audience}",
                "no token that the cloud accepts for the identity, but in the sidecar",
                "remove it, and read the secrets from SECRETS_URL",
            )


def _check_is_ours(container: Manifest, spec: Manifest, sidecar: Manifest) -> None:
    if container != sidecar or container not in (spec.get("initContainers") or []):
        raise invalid(
            f"a container of the pod template has the sidecar's name {sidecar['name']}",
            container.get("image"),
            "another name, or the sidecar as the access component returns it",
            "rename it, or remove the one that an older version put there",
        )


def _check_url(where: str, container: Manifest, url: str) -> None:
    for variable in container.get("env") or []:
        if variable["name"] == URL_VARIABLE and variable != {"name": URL_VARIABLE, "value": url}:
            raise invalid(
                f"{URL_VARIABLE} of {where}",
                variable.get("value", variable.get("valueFrom")),
                f"{url}, the sidecar's address",
                "remove it, or set port of the access component if the sidecar is to have another",
            )


def _check_mounts(where: str, container: Manifest, volumes: Collection[str]) -> None:
    for mount in container.get("volumeMounts") or []:
        if mount.get("name") in volumes:
            raise invalid(
                f"{where} mounts the sidecar's volume",
                mount.get("name"),
                "a volume of its own: the token is for the sidecar alone",
                "remove the mount, and read the secrets from SECRETS_URL",
            )


def _check_ports(where: str, container: Manifest, taken: Collection[int]) -> None:
    """The containers of a pod share their ports: the second to ask for one fails to start."""
    for port in _ports_of(container):
        if port in taken:
            raise invalid(
                f"a port of {where}",
                port,
                f"none of {', '.join(map(str, sorted(taken)))}, which the sidecar listens on",
                "let it listen on another, or set port of the access component if it is not 8081",
            )


def _ports(access: Manifest) -> set[int]:
    own = {port["containerPort"] for port in access["sidecar"].get("ports") or []}
    return {int(access["url"].rpartition(":")[2]), *own}


def _ports_of(container: Manifest) -> Iterator[object]:
    """Yield the ports that a container says it listens on, and those that its probes ask."""
    yield from (port.get("containerPort") for port in container.get("ports") or [])
    for name in PROBES:
        probe = container.get(name) or {}
        yield from ((probe.get(way) or {}).get("port") for way in ("httpGet", "tcpSocket", "grpc"))


def _audiences(volume: Manifest) -> Iterator[str]:
    for source in (volume.get("projected") or {}).get("sources") or []:
        audience = (source.get("serviceAccountToken") or {}).get("audience")
        if audience:
            yield audience


def _containers(spec: Manifest) -> list[Manifest]:
    return [*(spec.get("initContainers") or []), *spec["containers"]]


def _is_list_of_named(items: object) -> bool:
    return isinstance(items, list | tuple) and all(
        isinstance(item, Mapping) and isinstance(item.get("name"), str) for item in items
    )
