"""The sidecar's settings on Google Cloud: the part of its contract with secret_sidecar that is Google's own. Pure."""

from secret_names import vaults

from ..pods import sidecar_settings
from ..pods.sidecar_settings import Backend
from .documents import GLOBAL, WorkloadIdentityProvider

TOKEN_FOLDER = "/var/run/secrets/secret-access/gcp"  # noqa: S105  a path

BACKEND = Backend(
    name="gcp",
    spelling=vaults.GOOGLE,
    token_folder=TOKEN_FOLDER,
    settable=sidecar_settings.OF_GCP,
    set_by_component={
        "GCP_PROJECT_ID": "project",
        "GCP_TOKEN_FILE": "",
        "GCP_WORKLOAD_IDENTITY_PROVIDER": "workload_identity_provider",
        "GOOGLE_CLOUD_PROJECT": "project",
        "GOOGLE_IMPERSONATE_SERVICE_ACCOUNT": "google_service_account",
        "SECRETS_GCP_LOCATION": "location",
    },
    credentials=sidecar_settings.GCP_CREDENTIALS,
)


def variables(
    *, project: str, provider: WorkloadIdentityProvider, email: str | None, location: str, endpoint_url: str | None
) -> dict[str, str | None]:
    """Return Google's own variables."""
    return {
        "GOOGLE_CLOUD_PROJECT": project,
        "SECRETS_GCP_LOCATION": None if location == GLOBAL else location,
        "GCP_WORKLOAD_IDENTITY_PROVIDER": provider.name,
        "GCP_TOKEN_FILE": f"{TOKEN_FOLDER}/token",
        "GOOGLE_IMPERSONATE_SERVICE_ACCOUNT": email,
        **dict.fromkeys(sidecar_settings.OF_GCP, endpoint_url),
    }
