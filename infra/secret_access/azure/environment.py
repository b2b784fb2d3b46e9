"""The sidecar's settings on Azure: the part of its contract with secret_sidecar that is Azure's own. Pure."""

from secret_names import vaults

from ..pods.sidecar_settings import Backend

TOKEN_FOLDER = "/var/run/secrets/secret-access/azure"  # noqa: S105  a path
PROXY_CA_FOLDER = "/var/run/secrets/secret-access/token-proxy"
"""Where the cluster's certificates are mounted that the token proxy's is verified with."""
PROXY_CA = {"configMap": {"name": "kube-root-ca.crt"}}
"""The certificates of the API server: Kubernetes keeps this ConfigMap in every namespace."""

BACKEND = Backend(
    name="azure",
    spelling=vaults.AZURE,
    token_folder=TOKEN_FOLDER,
    settable=(),
    set_by_component={
        "AZURE_AUTHORITY_HOST": "authority_host",
        "AZURE_CLIENT_ID": "",
        "AZURE_FEDERATED_TOKEN_FILE": "",
        "AZURE_KEYVAULT_URL": "vault_url",
        "AZURE_KUBERNETES_CA_DATA": "",
        "AZURE_KUBERNETES_CA_FILE": "",
        "AZURE_KUBERNETES_SNI_NAME": "token_proxy_sni_name",
        "AZURE_KUBERNETES_TOKEN_PROXY": "token_proxy_url",
        "AZURE_TENANT_ID": "tenant_id",
    },
    credentials=(
        "AZURE_CLIENT_CERTIFICATE_PASSWORD",
        "AZURE_CLIENT_CERTIFICATE_PATH",
        "AZURE_CLIENT_SECRET",
        "AZURE_PASSWORD",
        "AZURE_USERNAME",
    ),
)


def variables(
    *,
    vault_url: str,
    client_id: str,
    tenant_id: str,
    authority_host: str | None,
    token_proxy_url: str | None,
    token_proxy_sni_name: str | None,
) -> dict[str, str | None]:
    """Return Azure's own variables."""
    return {
        "AZURE_KEYVAULT_URL": vault_url,
        "AZURE_CLIENT_ID": client_id,
        "AZURE_TENANT_ID": tenant_id,
        "AZURE_FEDERATED_TOKEN_FILE": f"{TOKEN_FOLDER}/token",
        "AZURE_AUTHORITY_HOST": authority_host,
        "AZURE_KUBERNETES_TOKEN_PROXY": token_proxy_url,
        "AZURE_KUBERNETES_SNI_NAME": token_proxy_sni_name,
        "AZURE_KUBERNETES_CA_FILE": f"{PROXY_CA_FOLDER}/ca.crt" if token_proxy_url else None,
    }
