"""What GcpSecretAccess asks for, by type, and how tests look at it."""

from typing import Any

from tests.infra.components import GKE_PROVIDER, POOL, PROJECT
from tests.infra.engine import World

SECRET_MEMBER = "gcp:secretmanager/secretIamMember:SecretIamMember"
SECRET_BINDING = "gcp:secretmanager/secretIamBinding:SecretIamBinding"
REGIONAL_MEMBER = "gcp:secretmanager/regionalSecretIamMember:RegionalSecretIamMember"
REGIONAL_BINDING = "gcp:secretmanager/regionalSecretIamBinding:RegionalSecretIamBinding"
PROJECT_BINDING = "gcp:projects/iAMBinding:IAMBinding"
ACCOUNT = "gcp:serviceaccount/account:Account"
ACCOUNT_POLICY = "gcp:serviceaccount/iAMPolicy:IAMPolicy"
ACCOUNT_MEMBER = "gcp:serviceaccount/iAMMember:IAMMember"
SERVICE_ACCOUNT = "kubernetes:core/v1:ServiceAccount"

ACCESSOR = "roles/secretmanager.secretAccessor"
PRINCIPAL = f"principal://iam.googleapis.com/{POOL}/subject/system:serviceaccount:test:secret-access"
FLEET_PROVIDER = GKE_PROVIDER.partition("https://")[0] + (
    "https://gkehub.googleapis.com/projects/my-project/locations/global/memberships/blue"
)
EMAIL = f"test-secrets@{PROJECT}.iam.gserviceaccount.com"
PLAIN = {
    "secrets": ["database-password"],
    "access": "read_write",
    "existing_service_account": False,
    "external_secrets": False,
    "grant": "secrets",
    "exclusive": False,
    "location": "europe-west3",
    "granted_locations": ["global", "europe-west3"],
    "events": True,
    "shared_identity": True,
}
"""Arguments that decide what is made, and so are no Outputs."""


def token(world: World) -> dict[str, Any]:
    """The token of the sidecar's volume."""
    source: dict[str, Any] = world.outputs["test"]["volumes"][0]["projected"]["sources"][0]["serviceAccountToken"]
    return source


def granted(world: World, kind: str) -> list[dict[str, Any]]:
    """Inputs of all bindings of a type."""
    return [asked.inputs for asked in world.of(kind)]
