"""AzureSecretAccess with arguments that work, for tests to change some."""

from collections.abc import Callable
from typing import Any, cast

from secret_access import AzureSecretAccess, AzureSecretAccessArgs
from secret_access.azure import documents
from tests.infra.azure.answers import CLIENT, GROUP_ID, PRINCIPAL, SUBSCRIPTION, TENANT
from tests.infra.engine import World, outputs_in, run

ROLE = "azure-native:authorization:RoleAssignment"
SERVICE_ACCOUNT = "kubernetes:core/v1:ServiceAccount"

IDENTITY_ID = f"{GROUP_ID}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/mine"
VAULT_ID = f"{GROUP_ID}/providers/Microsoft.KeyVault/vaults/shared-vault"
CLUSTER_ID = (
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/aks/providers/Microsoft.ContainerService/managedClusters/blue"
)
BLUE = "https://westeurope.oic.prod-aks.azure.com/11111111-1111-1111-1111-111111111111/0a1b2c3d-0000-1111-2222-333344445555/"
GREEN = BLUE.replace("0a1b2c3d", "9f8e7d6c")
WRITE_ROLE = "55556666-7777-8888-9999-000011112222"
WRITE_ROLE_ID = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{WRITE_ROLE}"
EXISTING_IDENTITY = {"identity_id": IDENTITY_ID, "client_id": CLIENT, "principal_id": PRINCIPAL}
BOUND = {
    "issuers": None,
    "identity_binding_cluster_id": CLUSTER_ID,
    "token_proxy_url": "https://blue.hcp.westeurope.azmk8s.io",
    "token_proxy_sni_name": "a1b2.ests.aks",
}


def azure_args(**changed: Any) -> AzureSecretAccessArgs:
    """Arguments of AzureSecretAccess; None leaves one out."""
    args = {
        "namespace": "test",
        "sidecar_image": "registry.example/secret-sidecar:0.1.0",
        "tenant_id": TENANT,
        "issuers": {"blue": BLUE},
        "resource_group": "secrets",
        "location": "westeurope",
        **changed,
    }
    return cast("AzureSecretAccessArgs", {name: value for name, value in args.items() if value is not None})


def azure_access(**changed: Any) -> Callable[[], object]:
    """A program that makes an AzureSecretAccess."""
    return lambda: AzureSecretAccess("test", outputs_in(azure_args(**changed)))


SUBJECT = "system:serviceaccount:test:secret-access"
OWN_VAULT = documents.default_vault_name("test", "secrets", TENANT)
ROLES = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions"


def made(**changed: Any) -> World:
    """What the component asked for."""
    return run(azure_access(**changed), World())


def scopes(world: World) -> dict[str, str]:
    """The role of each scope, by its id."""
    return {
        asked.inputs["scope"]: asked.inputs["roleDefinitionId"].removeprefix(f"{ROLES}/") for asked in world.of(ROLE)
    }
