"""What a caller of the shared service needs, and how it comes into its pod: token, URL and authority. Pure."""

from collections.abc import Mapping
from typing import Any, TypedDict
from urllib.parse import urlsplit

import pulumi

from ..checks import invalid
from . import injection, injection_checks, sidecar_container
from .checks import no_proxy

FOLDER = "/var/run/secrets/secret-access/caller"
AUTHORITY = "ca.crt"
HOST_NETWORK_DNS = "ClusterFirstWithHostNet"

Manifest = dict[str, Any]


class CallerAccess(TypedDict):
    """What a pod needs to call a shared service, as the output `caller_access` of SharedSecretService has it."""

    url: pulumi.Input[str]
    """Where the service answers. Example: `https://secrets.platform.svc:8080`."""
    volume: pulumi.Input[dict[str, Any]]
    """For the pod's `volumes`: a token of the ServiceAccount that the pod runs as, which the kubelet renews, and the
    certificate of the authority. Spelled as in a manifest."""
    volume_mount: pulumi.Input[dict[str, Any]]
    """For the container's `volumeMounts`, spelled as in a manifest."""
    env: pulumi.Input[list[dict[str, Any]]]
    """For the container's `env`: `SECRETS_URL`, `SECRETS_TOKEN_FILE` and, with a ConfigMap, `SECRETS_CA_FILE`. Spelled
    as in a manifest."""


def access(url: str, audience: str, lifetime: int, ca_config_map: str | None) -> CallerAccess:
    """Return what a pod needs to call the service at the URL."""
    return {
        "url": url,
        "volume": _volume(audience, lifetime, ca_config_map),
        "volume_mount": {"name": sidecar_container.VOLUME, "mountPath": FOLDER, "readOnly": True},
        "env": _env(url, ca_config_map),
    }


def _volume(audience: str, lifetime: int, ca_config_map: str | None) -> Manifest:
    made = sidecar_container.token_volume(audience, lifetime)
    if ca_config_map is not None:
        authority = {"name": ca_config_map, "items": [{"key": AUTHORITY, "path": AUTHORITY}]}
        made["projected"]["sources"].append({"configMap": authority})
    return made


def _env(url: str, ca_config_map: str | None) -> list[Manifest]:
    values = {"SECRETS_URL": url, "SECRETS_TOKEN_FILE": f"{FOLDER}/token"}
    if ca_config_map is not None:
        values["SECRETS_CA_FILE"] = f"{FOLDER}/{AUTHORITY}"
    return [{"name": name, "value": value} for name, value in values.items()]


def check(given: object) -> Mapping[str, Any]:
    """Return what `caller_access` has, of which nothing may be missing."""
    missing = set(CallerAccess.__annotations__) - set(given if isinstance(given, Mapping) else ())
    if missing or not isinstance(given, Mapping):
        expected = f"a mapping of {', '.join(sorted(CallerAccess.__annotations__))}"
        raise invalid("caller", given, expected, "pass the output caller_access of a SharedSecretService")
    return given


def url_of(caller: Mapping[str, Any]) -> str:
    """Return where the service answers."""
    return str(caller["url"])


def inject(template: Mapping[str, Any], caller: Mapping[str, Any], access: Mapping[str, Any]) -> Manifest:
    """Return the pod template whose containers call a shared service with tokens of their own, without a sidecar.

    Every container and init container gets the volume and the variables; behind a proxy it reaches the service
    directly. The pod runs as the ServiceAccount of the namespace's access component, and has its labels and
    annotations. All else stays as it is. A template that has all this already is returned as it is.

    `template`: `{"metadata": …, "spec": …}`, plain. `caller`: the values of `CallerAccess`. `access`: those of
    `WorkloadAccess`, of which the sidecar is not used.

    Raises `InvalidArgument` for what cannot work or would be another identity.
    """
    spec = injection_checks.pod_spec(template)
    injection_checks.check_namespace(template, access["namespace"])
    injection_checks.check_service_account(spec, access["service_account_name"])
    _check(spec, caller)
    inits = [_told(container, caller) for container in injection.listed(spec, "initContainers")]
    volumes = [volume for volume in injection.listed(spec, "volumes") if volume != caller["volume"]]
    told = {
        **spec,
        **({"initContainers": inits} if inits else {}),
        "containers": [_told(container, caller) for container in spec["containers"]],
        "volumes": [*volumes, caller["volume"]],
    }
    return injection.with_identity({**template, "spec": told}, access)


def _check(spec: Mapping[str, Any], caller: Mapping[str, Any]) -> None:
    if spec.get("hostNetwork") and spec.get("dnsPolicy") != HOST_NETWORK_DNS:
        raise invalid(
            "hostNetwork of the pod template",
            spec.get("dnsPolicy"),
            f"dnsPolicy {HOST_NETWORK_DNS} beside it: the service is found by its name in the cluster",
            "set dnsPolicy, or remove hostNetwork",
        )
    for volume in injection.listed(spec, "volumes"):
        if volume["name"] == caller["volume"]["name"] and volume != caller["volume"]:
            raise invalid(
                f"the volume {volume['name']} of the pod template",
                volume,
                "no volume of this name, which is for the caller's token",
                "give yours another name; a pod with the sidecar needs no shared service",
            )
    for container in (*injection.listed(spec, "initContainers"), *spec["containers"]):
        _check_container(container, caller)


def _check_container(container: Mapping[str, Any], caller: Mapping[str, Any]) -> None:
    mount = caller["volume_mount"]
    for given in container.get("volumeMounts") or []:
        if given != mount and (given.get("mountPath") == mount["mountPath"] or given.get("name") == mount["name"]):
            raise invalid(
                f"a mount of the container {container['name']}", given, f"none beside {mount}", "remove or move yours"
            )
    wanted = {variable["name"]: variable for variable in caller["env"]}
    for variable in container.get("env") or []:
        expected = wanted.get(variable["name"])
        if expected is not None and variable != expected:
            raise invalid(
                f"{variable['name']} of the container {container['name']}",
                variable.get("value", variable.get("valueFrom")),
                f"{expected['value']}, as the shared service needs it",
                "remove it",
            )


def _told(container: Manifest, caller: Mapping[str, Any]) -> Manifest:
    """Return the container with the variables first, where its others can refer to them."""
    env = container.get("env") or []
    names = {variable["name"] for variable in env}
    host = urlsplit(caller["url"]).hostname or ""
    exceptions = no_proxy({variable["name"]: variable.get("value") for variable in env}, [host])
    kept = [
        {**variable, "value": exceptions[variable["name"]]} if variable["name"] in exceptions else variable
        for variable in env
    ]
    told = [variable for variable in caller["env"] if variable["name"] not in names]
    added = [{"name": name, "value": value} for name, value in exceptions.items() if name not in names]
    mounts = [mount for mount in container.get("volumeMounts") or [] if mount != caller["volume_mount"]]
    return {**container, "env": [*told, *kept, *added], "volumeMounts": [*mounts, caller["volume_mount"]]}
