"""The sidecar's settings on AWS: the part of its contract with secret_sidecar that is AWS's own. Pure."""

from secret_names import vaults

from ..pods import sidecar_settings
from ..pods.sidecar_settings import Backend

TOKEN_FOLDER = "/var/run/secrets/secret-access/aws"  # noqa: S105  a path

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
    },
    credentials=sidecar_settings.AWS_CREDENTIALS,
)


def variables(*, region: str, role_arn: str, endpoint_url: str | None) -> dict[str, str | None]:
    """Return AWS's own variables."""
    return {
        "AWS_REGION": region,
        "AWS_ROLE_ARN": role_arn,
        "AWS_WEB_IDENTITY_TOKEN_FILE": f"{TOKEN_FOLDER}/token",
        # Otherwise a missing identity would fall back, silently, to that of the node
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": endpoint_url,
    }
