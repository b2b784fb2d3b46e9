"""Azure Key Vault as a provider of the External Secrets Operator. Pure.

https://external-secrets.io/latest/provider/azure-key-vault/
"""

from typing import Any

from ..checks import invalid

CLIENT_ID_ANNOTATION = "azure.workload.identity/client-id"
"""By which the operator, like AKS's webhook, knows the identity of a ServiceAccount."""
ENVIRONMENTS = {
    "https://login.microsoftonline.com": "PublicCloud",
    "https://login.microsoftonline.us": "USGovernmentCloud",
    "https://login.partner.microsoftonline.cn": "ChinaCloud",
    "https://login.chinacloudapi.cn": "ChinaCloud",
}
"""The operator's clouds, by their authority."""


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
    authority = (authority_host or "https://login.microsoftonline.com").rstrip("/")
    if authority not in ENVIRONMENTS:
        raise invalid(
            "external_secrets with an authority_host that the External Secrets Operator does not know",
            authority_host,
            f"one of {', '.join(ENVIRONMENTS)}",
            "leave external_secrets out, and read the secrets through the sidecar",
        )
    return ENVIRONMENTS[authority]


def no_binding(given: object) -> None:
    """Refuse an AKS identity binding, whose tokens only the cluster's proxy exchanges."""
    raise invalid(
        "external_secrets beside an AKS identity binding",
        given,
        "issuers: the operator sends a ServiceAccount's token to Entra itself, which takes none of a binding's",
        "leave out one of the two",
    )
