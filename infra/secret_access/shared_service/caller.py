"""What a caller of the shared service needs: a token, the service's URL, and the authority to trust. Pure."""

from typing import Any, TypedDict

import pulumi

from ..pods import sidecar_container

FOLDER = "/var/run/secrets/secret-access/caller"
AUTHORITY = "ca.crt"

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
