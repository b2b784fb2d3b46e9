"""The sidecar's settings on AWS: the part of its contract with secret_sidecar that is AWS's own. Pure."""

from collections.abc import Sequence

from secret_names import vaults

from ..pods import sidecar_settings
from ..pods.sidecar_settings import Backend

TOKEN_FOLDER = "/var/run/secrets/secret-access/aws"  # noqa: S105  a path

AGENT_URL = "http://169.254.170.23/v1/credentials"
"""Where the agent of EKS Pod Identity answers on a node (EKS User Guide, "Understand how EKS Pod Identity works")."""

BACKEND = Backend(
    name="aws",
    spelling=vaults.AWS,
    token_folder=TOKEN_FOLDER,
    settable=sidecar_settings.OF_AWS,
    set_by_component={
        "AWS_DEFAULT_REGION": "region",
        "AWS_EC2_METADATA_DISABLED": "",
        "AWS_ENDPOINT_URL": "endpoint_url",
        "AWS_REGION": "region",
        "AWS_ROLE_ARN": "",
        "AWS_WEB_IDENTITY_TOKEN_FILE": "",
        "SECRETS_AWS_REPLICA_REGIONS": "replica_regions",
        "SECRETS_AWS_SESSION_DURATION": "session_duration",
    },
    credentials=sidecar_settings.AWS_CREDENTIALS,
    are_exact_granted=True,
)


def irsa_variables(
    *,
    region: str,
    role_arn: str,
    endpoint_url: str | None,
    replica_regions: Sequence[str] = (),
    session_duration: int | None = None,
) -> dict[str, str | None]:
    """Return AWS's own variables where the sidecar exchanges its token for a role."""
    return {
        **_variables(region, endpoint_url, replica_regions),
        "AWS_ROLE_ARN": role_arn,
        "AWS_WEB_IDENTITY_TOKEN_FILE": f"{TOKEN_FOLDER}/token",
        "SECRETS_AWS_SESSION_DURATION": None if session_duration is None else str(session_duration),
    }


def pod_identity_variables(
    *, region: str, agent_url: str, endpoint_url: str | None, replica_regions: Sequence[str] = ()
) -> dict[str, str | None]:
    """Return AWS's own variables where the agent of EKS Pod Identity gives credentials for its token.

    They are those that EKS's webhook would set; it leaves the sidecar out, and knows a new association late.
    """
    return {
        **_variables(region, endpoint_url, replica_regions),
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": agent_url,
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": f"{TOKEN_FOLDER}/token",
    }


def _variables(region: str, endpoint_url: str | None, replica_regions: Sequence[str]) -> dict[str, str | None]:
    return {
        "AWS_REGION": region,
        "SECRETS_AWS_REPLICA_REGIONS": ",".join(replica_regions) or None,
        # Otherwise a missing identity would fall back, silently, to that of the node
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": endpoint_url,
    }
