"""Azure Key Vault as a provider of the External Secrets Operator. Pure.

https://external-secrets.io/latest/provider/azure-key-vault/
"""

from typing import Any

from ..checks import invalid
from .authorities import CLOUDS, cloud_of

CLIENT_ID_ANNOTATION = "azure.workload.identity/client-id"
"""By which the operator, like AKS's webhook, knows the identity of a ServiceAccount."""


def provider(account_name: str, vault_url: str, tenant_id: str, authority_host: str | None) -> dict[str, Any]:
    """Return the provider of a SecretStore: the ServiceAccount's annotation names the managed identity."""
    return {
        "azurekv": {
            "authType": "WorkloadIdentity",
            "serviceAccountRef": {"name": account_name},
            "tenantId": tenant_id,
            "vaultUrl": vault_url,
            "environmentType": environment(authority_host),
        }
    }


def environment(authority_host: str | None) -> str:
    """Return the operator's name of the Azure cloud that has an authority."""
    cloud = cloud_of(authority_host)
    if cloud is None:
        raise invalid(
            "external_secrets with an authority_host that the External Secrets Operator does not know",
            authority_host,
            f"one of {', '.join(CLOUDS)}",
            "leave external_secrets out, and read the secrets through the sidecar",
        )
    return cloud.operator_name


def no_binding(given: object) -> None:
    """Refuse an AKS identity binding, whose tokens only the cluster's proxy exchanges."""
    raise invalid(
        "external_secrets beside an AKS identity binding",
        given,
        "issuers: the operator sends a ServiceAccount's token to Entra itself, which takes none of a binding's",
        "leave out one of the two",
    )
