"""The sidecar's environment on AWS: its contract with secret_sidecar. Pure."""

from collections.abc import Mapping, Sequence

from ..checks import Access
from ..pods import sidecar_settings
from ..pods.sidecar_container import HEALTH_PORT, Manifest

TOKEN_FOLDER = "/var/run/secrets/secret-access/aws"  # noqa: S105  a path


SET_BY_COMPONENT = {
    "SECRETS_ACCESS": "access",
    "SECRETS_BACKEND": "",
    "SECRETS_HEALTH_PORT": "",
    "SECRETS_MODE": "",
    "SECRETS_NAMES": "secrets",
    "SECRETS_NAMESPACE": "namespace",
    "SECRETS_POD_NAME": "",
    "SECRETS_PORT": "port",
    "SECRETS_PREFIX": "secret_prefix",
    "AWS_DEFAULT_REGION": "region",
    "AWS_EC2_METADATA_DISABLED": "",
    "AWS_ENDPOINT_URL": "endpoint_url",
    "AWS_REGION": "region",
    "AWS_ROLE_ARN": "",
    "AWS_WEB_IDENTITY_TOKEN_FILE": "",
}
"""Variables that the component sets, each with the argument that decides it, or an empty text."""


def own_settings(given: object) -> dict[str, str]:
    """Return the settings in `sidecar_env`, checked."""
    return sidecar_settings.sidecar_env(
        given,
        settable=(*sidecar_settings.OF_EVERY_VAULT, *sidecar_settings.OF_AWS),
        set_by_component=SET_BY_COMPONENT,
        credentials=sidecar_settings.AWS_CREDENTIALS,
    )


def environment(
    *,
    namespace: str,
    secret_prefix: str,
    secrets: Sequence[str],
    region: str,
    role_arn: str,
    port: int,
    endpoint_url: str | None,
    access: Access,
    settings: Mapping[str, str],
) -> list[Manifest]:
    """Return the variables, spelled as in a manifest; empty ones are left out."""
    values = {
        "SECRETS_BACKEND": "aws",
        "SECRETS_NAMESPACE": namespace,
        "SECRETS_PREFIX": secret_prefix,
        "SECRETS_NAMES": ",".join(secrets),
        "SECRETS_PORT": str(port),
        "SECRETS_HEALTH_PORT": str(HEALTH_PORT),
        "AWS_REGION": region,
        "AWS_ROLE_ARN": role_arn,
        "AWS_WEB_IDENTITY_TOKEN_FILE": f"{TOKEN_FOLDER}/token",
        # Otherwise a missing identity would fall back, silently, to that of the node
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": endpoint_url,
        "SECRETS_ACCESS": "read_write" if access == Access.READ_WRITE else None,
        **settings,
    }
    variables: list[Manifest] = [{"name": name, "value": value} for name, value in values.items() if value]
    # CloudTrail shows the session's name: with it, the pod that read
    return [*variables, {"name": "SECRETS_POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]
