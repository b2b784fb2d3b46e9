"""The one place that names every vault. What belongs to one vault is imported only where that vault is chosen."""

# ruff: noqa: PLC0415 (a sidecar serves one vault, and the modules of each cost memory)

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Literal, Protocol, Self, get_args

from secret_names.vaults import Spelling
from secret_sidecar.errors import SettingsError

if TYPE_CHECKING:
    from secret_sidecar.settings import Settings
    from secret_sidecar.vaults.exchange.token_exchange import TokenExchange
    from secret_sidecar.vaults.store import Store

Backend = Literal["aws", "gcp", "azure", "vault", "pass"]
BACKENDS: tuple[Backend, ...] = get_args(Backend)
ALIASES: Mapping[str, Backend] = {"awssecrets": "aws", "gcpsecrets": "gcp", "azurekeyvault": "azure"}
"""vaultmux-server's names, so that its manifests run unchanged."""


class VaultSettings(Protocol):
    """A vault's own part of the settings."""

    spelling: ClassVar[Spelling]
    """How the vault spells names."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Return the settings, or raise SettingsError with key, value and the form expected."""
        ...


def settings_class(backend: Backend) -> type[VaultSettings]:
    """Return the class of a vault's own settings."""
    match backend:
        case "aws":
            from secret_sidecar.vaults.aws.settings import AwsSettings

            return AwsSettings
        case "gcp":
            from secret_sidecar.vaults.gcp.settings import GcpSettings

            return GcpSettings
        case "azure":
            from secret_sidecar.vaults.azure.settings import AzureSettings

            return AzureSettings
        case "vault":
            from secret_sidecar.vaults.hashicorp.settings import HashicorpSettings

            return HashicorpSettings
        case "pass":
            from secret_sidecar.vaults.password_store.settings import PassSettings

            return PassSettings


def open_store(settings: Settings) -> Store:
    """Return a store of the settings' vault, with the sidecar's own identity."""
    match settings.backend:
        case "aws":
            from secret_sidecar.vaults.aws import store as aws

            return aws.open_store(settings)
        case "gcp":
            from secret_sidecar.vaults.gcp import store as gcp

            return gcp.open_store(settings)
        case "azure":
            from secret_sidecar.vaults.azure import store as azure

            return azure.open_store(settings)
        case "vault":
            from secret_sidecar.vaults.hashicorp import store as hashicorp

            return hashicorp.open_store(settings)
        case "pass":
            from secret_sidecar.vaults.password_store import store as password_store

            return password_store.open_store(settings)


def check_shared(backend: Backend) -> None:
    """Raise SettingsError for a vault that knows no callers: `pass` has one owner."""
    if backend == "pass":
        raise SettingsError("SECRETS_MODE='shared' is not available for 'pass': expected SECRETS_MODE='sidecar'")


def open_token_exchange(settings: Settings) -> TokenExchange:
    """Return what exchanges callers' tokens at the settings' vault, in shared mode."""
    match settings.backend:
        case "aws":
            from secret_sidecar.vaults.aws import token_exchange as aws

            return aws.open_token_exchange(settings)
        case "gcp":
            from secret_sidecar.vaults.gcp import token_exchange as gcp

            return gcp.open_token_exchange(settings)
        case "azure":
            from secret_sidecar.vaults.azure import token_exchange as azure

            return azure.open_token_exchange(settings)
        case "vault":
            from secret_sidecar.vaults.hashicorp import token_exchange as hashicorp

            return hashicorp.open_token_exchange(settings)
        case "pass":
            check_shared(settings.backend)
            raise AssertionError
