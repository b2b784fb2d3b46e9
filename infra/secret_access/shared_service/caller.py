"""What a caller of the shared service needs: a token, the service's URL, and the certificate authority to trust."""

from typing import Any, TypedDict

import pulumi

from ..inputs import lift
from ..pods import checks, sidecar_container

FOLDER = "/var/run/secrets/secret-access/caller"


class CallerToken(TypedDict):
    """Parts of a caller's manifest: a volume for the pod; a mount and variables for the container."""

    volume: pulumi.Input[dict[str, Any]]
    """For `volumes`: the token, which the kubelet renews, and the certificate of the authority."""
    volume_mount: dict[str, Any]
    """For the container's `volumeMounts`."""
    env: pulumi.Input[list[dict[str, Any]]]
    """For the container's `env`: `SECRETS_URL`, `SECRETS_TOKEN_FILE` and, with a ConfigMap, `SECRETS_CA_FILE`."""


def caller_token(
    url: pulumi.Input[str],
    audience: pulumi.Input[str],
    *,
    ca_config_map: pulumi.Input[str] | None = None,
    token_expiration_seconds: pulumi.Input[int] = 3600,
) -> CallerToken:
    """Return what a container needs to call the shared service; `url` and `audience` are that component's outputs.

    The token is of the ServiceAccount that the pod runs as, the one of the namespace's AwsSecretAccess. `ca_config_map`
    names a ConfigMap in the caller's namespace whose `ca.crt` is the certificate of the authority that issued the
    service's certificate; without one, the caller has to trust that authority already.
    """
    lifetime = lift(checks.token_lifetime, token_expiration_seconds)
    return {
        "volume": lift(_volume, audience, lifetime, ca_config_map),
        "volume_mount": {"name": sidecar_container.VOLUME, "mountPath": FOLDER, "readOnly": True},
        "env": lift(_environment, url, ca_config_map),
    }


def _volume(audience: str, lifetime: int, ca_config_map: str | None) -> dict[str, Any]:
    volume = sidecar_container.token_volume(audience, lifetime)
    if ca_config_map is not None:
        authority = {"name": ca_config_map, "items": [{"key": "ca.crt", "path": "ca.crt"}]}
        volume["projected"]["sources"].append({"configMap": authority})
    return volume


def _environment(url: str, ca_config_map: str | None) -> list[dict[str, Any]]:
    values = {"SECRETS_URL": url, "SECRETS_TOKEN_FILE": f"{FOLDER}/token"}
    if ca_config_map is not None:
        values["SECRETS_CA_FILE"] = f"{FOLDER}/ca.crt"
    return [{"name": name, "value": value} for name, value in values.items()]
