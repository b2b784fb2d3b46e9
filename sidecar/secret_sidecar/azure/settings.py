"""Azure's part of the settings, under the names that its workload identity webhook sets and its SDKs read."""

# ruff: noqa: RUF009 (each default is a dataclasses.field)

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import secret_names
from secret_sidecar.client.origin import Origin
from secret_sidecar.errors import SettingsError
from secret_sidecar.fields import read, setting

_GUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_DOMAIN = re.compile(r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_VAULT_FORM = "a vault's URL, such as 'https://my-vault.vault.azure.net'"

check_name = secret_names.check_name
check_prefix = secret_names.check_prefix


def _vault(text: str) -> Origin:
    try:
        origin = Origin.parse(text)
    except ValueError:
        raise ValueError(_VAULT_FORM) from None
    if origin.scheme != "https":
        raise ValueError(_VAULT_FORM)
    return origin


def _client(text: str) -> str:
    if not _GUID.fullmatch(text):
        raise ValueError("a client id, such as '11111111-2222-3333-4444-555555555555'")
    return text


def _tenant(text: str) -> str:
    if not (_GUID.fullmatch(text) or _DOMAIN.fullmatch(text)):
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

    vault_url: Origin = setting("AZURE_KEYVAULT_URL", "the vault (required)", _vault, None)
    client_id: str = setting("AZURE_CLIENT_ID", "the managed identity or application to be", _client)
    tenant_id: str = setting("AZURE_TENANT_ID", "its tenant", _tenant)
    federated_token_file: Path | None = setting(
        "AZURE_FEDERATED_TOKEN_FILE", "the projected ServiceAccount token", Path, None
    )
    authority_host: Origin | None = setting(
        "AZURE_AUTHORITY_HOST", "another Entra than the public cloud's", _authority, None
    )

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> AzureSettings:
        """Return the settings, or raise SettingsError with key, value and the form expected."""
        values = read(cls, environment)
        if values["vault_url"] is None:
            raise SettingsError(f"AZURE_KEYVAULT_URL is not set: expected {_VAULT_FORM}")
        if values["federated_token_file"]:
            for missing in ("client_id", "tenant_id"):
                if not values[missing]:
                    variable = f"AZURE_{missing.upper()}"
                    raise SettingsError(
                        f"{variable} is not set though AZURE_FEDERATED_TOKEN_FILE is: expected all three of "
                        "AZURE_CLIENT_ID, AZURE_TENANT_ID and AZURE_FEDERATED_TOKEN_FILE"
                    )
        return cls(**values)


Settings = AzureSettings
