"""What the sidecar cannot safely be put into. Pure: each check raises `InvalidArgument` with its reason."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from ..checks import invalid
from . import injection_refusals as reasons
from .checks import URL_VARIABLE, outline
from .sidecar_container import CONTAINER, HEALTH_PORT, VOLUME

Manifest = Mapping[str, Any]


def pod_spec(template: object) -> Manifest:
    """Return the spec of a pod template that has the form of one."""
    expected = '{"metadata": {"labels": {…}}, "spec": {"containers": [{"name": "app", …}]}}'
    fix = "give the whole pod template, spelled as in a manifest"
    if not isinstance(template, Mapping) or not isinstance(template.get("spec"), Mapping):
        raise invalid("the pod template", outline(template), expected, fix)
    spec: Manifest = template["spec"]
    for field in ("containers", "initContainers", "volumes"):
        if not _is_list_of_named(spec.get(field) or []):
            shown = outline(spec[field])
            raise invalid(f"{field} of the pod template", shown, "a list of mappings, each with a name", fix)
    if not spec.get("containers"):
        raise invalid("containers of the pod template", spec.get("containers"), "at least one container", "add it")
    for container in _containers(spec):
        for field in ("env", "ports", "volumeMounts"):
            items = container.get(field) or []
            if not isinstance(items, list | tuple) or not all(isinstance(item, Mapping) for item in items):
                raise invalid(
                    f"{field} of the container {container['name']}", outline(items), "a list of mappings", fix
                )
        if not _is_list_of_named(container.get("env") or []):
            shown = outline(container["env"])
            raise invalid(f"env of the container {container['name']}", shown, "variables with names", fix)
    return spec


def check(template: Any, spec: Manifest, access: Manifest) -> None:
    """Refuse a pod template that the sidecar cannot safely be put into.

    `access` may lack values that are not known yet: what needs them is not checked then.
    """
    _check_isolation(spec)
    if "namespace" in access:
        check_namespace(template, access["namespace"])
    if "service_account_name" in access:
        check_service_account(spec, access["service_account_name"])
    if "volumes" in access:
        _check_volumes(spec, access["volumes"])
    if "sidecar" in access:
        _check_user(spec, access["sidecar"])
        _check_name(spec, access["sidecar"])
    volumes = {VOLUME, *(volume["name"] for volume in access.get("volumes") or [])}
    ports = ports_of_sidecar(access)
    for container in _containers(spec):
        name = container["name"]
        if name == CONTAINER:
            continue
        _check_mounts(name, container, volumes)
        _check_ports(name, container, ports)
        if "url" in access:
            _check_url(name, container, access["url"])


def check_known(template: Any, access: Manifest) -> None:
    """Refuse at once what can be known to be refused later, by the values of the access that are known."""
    check(template, pod_spec(template), access)


def check_namespace(template: Manifest, namespace: str) -> None:
    """Refuse a pod of another namespace than the identity's."""
    given = (template.get("metadata") or {}).get("namespace")
    if given not in (None, namespace):
        fix = "use the access component of that namespace: an identity is for one namespace"
        raise invalid("the namespace of the pod", given, namespace, fix)


def _check_isolation(spec: Manifest) -> None:
    """Refuse fields that give processes outside the pod, or other containers of it, access to the sidecar."""
    for field, reason in reasons.SHARED_WITH_THE_NODE.items():
        if spec.get(field):
            raise reasons.SHARED.error(spec[field], field=field, reason=reason)
    systems = [
        (spec.get("os") or {}).get("name"),
        *((spec.get("nodeSelector") or {}).get(name) for name in reasons.OS_LABELS),
    ]
    if "windows" in systems:
        raise reasons.WINDOWS.error("windows")
    if spec.get("ephemeralContainers"):
        raise invalid(
            "ephemeralContainers of the pod template",
            [container.get("name") for container in spec["ephemeralContainers"]],
            "none: Kubernetes takes them for running pods alone",
            "remove them, and use kubectl debug",
        )
    for alias in spec.get("hostAliases") or []:
        if "localhost" in (alias.get("hostnames") or []):
            raise reasons.LOCALHOST.error(alias.get("ip"))


def check_service_account(spec: Manifest, expected: str) -> None:
    """Refuse a pod that runs as another ServiceAccount."""
    for field in ("serviceAccountName", "serviceAccount"):
        given = spec.get(field)
        if given not in (None, *reasons.NO_ACCOUNT, expected):
            raise reasons.OTHER_ACCOUNT.error(given, field=field, account=expected, other=given)


def _check_user(spec: Manifest, sidecar: Manifest) -> None:
    """Without a user of its own the sidecar has the pod's, and as root it would not be started."""
    given = (spec.get("securityContext") or {}).get("runAsUser")
    if given == reasons.ROOT and "runAsUser" not in (sidecar.get("securityContext") or {}):
        raise reasons.ROOT_USER.error(given)


def _check_volumes(spec: Manifest, ours: Sequence[Manifest]) -> None:
    """Refuse other volumes of our names, and tokens for the identity in volumes of others."""
    by_name = {volume["name"]: volume for volume in ours}
    audiences = {audience for volume in ours for audience in audiences_of(volume)}
    for volume in spec.get("volumes") or []:
        name = volume["name"]
        if name in by_name:
            if volume != by_name[name]:
                raise reasons.OTHER_VOLUME.error(", ".join(key for key in volume if key != "name"), volume=name)
            continue
        for audience in audiences & set(audiences_of(volume)):
            raise reasons.TOKEN.error(f"{reasons.AUDIENCE}{audience}", volume=name)


def _check_name(spec: Manifest, sidecar: Manifest) -> None:
    for field in ("initContainers", "containers"):
        for container in spec.get(field) or []:
            if container["name"] == CONTAINER and (field, container) != ("initContainers", sidecar):
                raise reasons.OTHER_SIDECAR.error(container.get("image"), name=CONTAINER)


def _check_url(name: str, container: Manifest, url: str) -> None:
    for variable in container.get("env") or []:
        if variable["name"] == URL_VARIABLE and variable != {"name": URL_VARIABLE, "value": url}:
            raise reasons.OTHER_URL.error(variable.get("value", variable.get("valueFrom")), container=name, url=url)


def _check_mounts(name: str, container: Manifest, volumes: Collection[str]) -> None:
    for mount in container.get("volumeMounts") or []:
        if mount.get("name") in volumes:
            raise reasons.MOUNTED.error(mount.get("name"), container=name)


def _check_ports(name: str, container: Manifest, taken: Collection[int]) -> None:
    """The containers of a pod share their ports: the second to ask for one fails to start."""
    for port in _ports_of(container):
        if port in taken:
            raise reasons.PORT.error(port, container=name, ports=", ".join(map(str, sorted(taken))))


def ports_of_sidecar(access: Manifest) -> set[int]:
    """Return the ports that the sidecar listens on, as far as they are known."""
    return {HEALTH_PORT, *([int(access["url"].rpartition(":")[2])] if "url" in access else [])}


def _ports_of(container: Manifest) -> Iterator[object]:
    """Yield the ports that a container says it listens on, and those that its probes ask."""
    yield from (port.get("containerPort") for port in container.get("ports") or [])
    for name in reasons.PROBES:
        probe = container.get(name) or {}
        yield from ((probe.get(way) or {}).get("port") for way in reasons.PROBED_BY)


def audiences_of(volume: Manifest) -> Iterator[str]:
    """Yield the audiences of the tokens in a volume."""
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
