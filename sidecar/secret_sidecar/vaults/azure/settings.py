"""Azure's part of the settings, under the names that its workload identity webhook sets and its SDKs read."""

# ruff: noqa: RUF009 (each default is a dataclasses.field)

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from secret_names import vaults
from secret_names.vaults import Spelling
from secret_sidecar.env_fields import file, file_name, read, setting
from secret_sidecar.errors import SettingsError
from secret_sidecar.http_client.origin import Origin
from secret_sidecar.vaults.azure.client_ids import GUID, ClientIds, check_client_id
from secret_sidecar.vaults.azure.token_proxy import (
    CA_DATA,
    CA_FILE,
    PROXY,
    SNI_NAME,
    TokenProxy,
    check_proxy,
    check_sni,
)

_DOMAIN = re.compile(r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_VAULT_FORM = "a vault's URL, such as 'https://my-vault.vault.azure.net'"
_NAMESPACE = "{namespace}"


def _vault(text: str) -> Origin:
    try:
        origin = Origin.parse(text)
    except ValueError:
        raise ValueError(_VAULT_FORM) from None
    if origin.scheme != "https":
        raise ValueError(_VAULT_FORM)
    label, _, domain = origin.host.partition(".")
    if (_NAMESPACE in label and not domain) or set("{}") & set(label.replace(_NAMESPACE, "", 1) + domain):
        raise ValueError(f"{_VAULT_FORM}, or 'https://my-{{namespace}}.vault.azure.net' as SECRETS_MODE='shared'")
    return origin


def _tenant(text: str) -> str:
    if not (GUID.fullmatch(text) or _DOMAIN.fullmatch(text)):
        raise ValueError("a tenant's id, such as '11111111-2222-3333-4444-555555555555', or its domain")
    return text


def _authority(text: str) -> Origin:
    try:
        return Origin.parse(text)
    except ValueError:
        raise ValueError("a URL such as 'https://login.microsoftonline.com/'") from None


@dataclass(frozen=True, kw_only=True)
class AzureSettings:
    """Where the vault is, and how the sidecar gets its access token."""

    spelling: ClassVar[Spelling] = vaults.AZURE

    vault_url: Origin = setting("AZURE_KEYVAULT_URL", "the vault (required)", _vault, None)
    client_id: str = setting("AZURE_CLIENT_ID", "the client id of the managed identity or application", check_client_id)
    tenant_id: str = setting("AZURE_TENANT_ID", "its tenant", _tenant)
    shared_client_ids: ClientIds | None = setting(
        "SECRETS_SHARED_CLIENT_IDS",
        "in shared mode, each caller's client id: NAMESPACE=CLIENT or NAMESPACE/SERVICEACCOUNT=CLIENT, comma-separated "
        "(required)",
        ClientIds.parse,
        None,
    )
    federated_token_file: Path | None = setting(
        "AZURE_FEDERATED_TOKEN_FILE", "the projected ServiceAccount token", file, None
    )
    authority_host: Origin | None = setting(
        "AZURE_AUTHORITY_HOST", "Entra's host, if not the public cloud's", _authority, None
    )
    token_proxy_url: str = setting(
        PROXY, "AKS's token proxy, asked in place of Entra where an identity binding is used", check_proxy
    )
    token_proxy_sni: str = setting(SNI_NAME, "the token proxy's name in TLS, if not its host", check_sni)
    token_proxy_ca_file: str | None = setting(
        CA_FILE, "PEM certificates, the only ones that the token proxy is trusted by", file_name, None
    )
    token_proxy_ca_data: str = setting(CA_DATA, "the same certificates themselves, in place of a file")

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> AzureSettings:
        """Return the settings, or raise SettingsError with key, value and the form expected."""
        values = read(cls, environment)
        if values["vault_url"] is None:
            raise SettingsError(f"AZURE_KEYVAULT_URL is not set: expected {_VAULT_FORM}")
        return cls(**values)

    @property
    def has_vaults_by_namespace(self) -> bool:
        """Whether the vault depends on who asks."""
        return _NAMESPACE in self.vault_url.host

    def vault_of(self, namespace: str) -> Origin:
        """Return the vault of a namespace, which is a DNS label."""
        return replace(self.vault_url, host=self.vault_url.host.replace(_NAMESPACE, namespace))

    @property
    def token_proxy(self) -> TokenProxy | None:
        """Where tokens are exchanged with an identity binding, or raise SettingsError where only a part is set."""
        return TokenProxy.of(
            self.token_proxy_url, self.token_proxy_sni, self.token_proxy_ca_file, self.token_proxy_ca_data
        )

    def check_own_identity(self) -> None:
        """Raise SettingsError where only a part of an identity is set, or its vault is not."""
        if self.has_vaults_by_namespace:
            raise SettingsError(f"AZURE_KEYVAULT_URL='{self.vault_url}': expected one vault, as SECRETS_MODE='sidecar'")
        if self.token_proxy and not self.federated_token_file:
            raise SettingsError(
                f"AZURE_FEDERATED_TOKEN_FILE is not set though {PROXY} is: expected a ServiceAccount token for the "
                "audience 'api://AKSIdentityBinding'"
            )
        if not self.federated_token_file:
            return
        for variable, given in (("AZURE_CLIENT_ID", self.client_id), ("AZURE_TENANT_ID", self.tenant_id)):
            if not given:
                raise SettingsError(
                    f"{variable} is not set though AZURE_FEDERATED_TOKEN_FILE is: expected all three of "
                    "AZURE_CLIENT_ID, AZURE_TENANT_ID and AZURE_FEDERATED_TOKEN_FILE"
                )
