"""The sidecar's environment on AWS: its contract with secret_sidecar. Pure."""

from collections.abc import Sequence

from ..checks import Access
from ..pods.sidecar_container import HEALTH_PORT, Manifest

TOKEN_FOLDER = "/var/run/secrets/secret-access/aws"  # noqa: S105  a path


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
) -> list[Manifest]:
    """Return the variables, spelled as in a manifest; what is empty is left out."""
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
    }
    variables: list[Manifest] = [{"name": name, "value": value} for name, value in values.items() if value]
    # CloudTrail shows the session's name: with it, the pod that read
    return [*variables, {"name": "SECRETS_POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]
