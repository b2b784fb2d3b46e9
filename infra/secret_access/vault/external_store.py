"""Vault and OpenBao as a provider of the External Secrets Operator. Pure.

https://external-secrets.io/latest/provider/hashicorp-vault/
"""

from typing import Any

TOKEN_SECONDS = 600
"""The shortest lifetime that Kubernetes gives a token; the operator asks for one at each login."""


def provider(
    account_name: str,
    *,
    address: str,
    vault_namespace: str | None,
    mount: str,
    auth_path: str,
    role_name: str,
    audience: str,
) -> dict[str, Any]:
    """Return the provider of a SecretStore: the operator logs in to the role with a token of the ServiceAccount."""
    token = {
        "serviceAccountRef": {"name": account_name},
        "audiences": [audience],
        "expirationSeconds": TOKEN_SECONDS,
    }
    jwt = {"path": auth_path, "role": role_name, "kubernetesServiceAccountToken": token}
    namespace = {} if vault_namespace is None else {"namespace": vault_namespace}
    return {"vault": {"server": address, "path": mount, "version": "v2", "auth": {"jwt": jwt}, **namespace}}
