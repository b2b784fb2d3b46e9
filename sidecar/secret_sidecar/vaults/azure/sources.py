"""Which identity the settings ask for."""

from __future__ import annotations

import importlib.util
from functools import partial

from secret_sidecar.errors import SettingsError
from secret_sidecar.http_client.network import Network
from secret_sidecar.settings import Settings
from secret_sidecar.vaults.azure.audience import Audience
from secret_sidecar.vaults.azure.federation import AUTHORITY, Federation, identity
from secret_sidecar.vaults.azure.settings import AzureSettings
from secret_sidecar.vaults.identity import identity_service
from secret_sidecar.vaults.identity.credentials import Bearer, Issuer, Source
from secret_sidecar.vaults.identity.refreshing import Refreshing


def open_source(settings: Settings) -> Source[Bearer]:
    """Return the federated identity where one is set, else azure-identity's chain."""
    own = settings.vault_as(AzureSettings)
    own.check_own_identity()
    return Refreshing(_issuer(own, settings.network), settings.timeout)


def _issuer(azure: AzureSettings, network: Network) -> Issuer[Bearer]:
    if azure.federated_token_file:
        who = identity(azure.client_id, azure.tenant_id)
        token = partial(identity_service.token_of_file, azure.federated_token_file, who)
        asks = partial(Federation, tenant=azure.tenant_id, client_id=azure.client_id, token=token)
        audience, proxy = _audience(azure, network), azure.token_proxy
        if proxy:
            return asks(proxy.client(network), audience=audience, service="AKS's token proxy", path=proxy.path)
        return asks(network.client(azure.authority_host or AUTHORITY), audience=audience)
    if not _has_azure_identity():
        raise SettingsError(
            "no Azure credentials: expected AZURE_CLIENT_ID, AZURE_TENANT_ID and AZURE_FEDERATED_TOKEN_FILE; to use "
            "`az login`, install secret-sidecar[laptop-azure]"
        )
    from secret_sidecar.vaults.azure.laptop import Laptop  # noqa: PLC0415 (azure-identity costs 20 MB)

    return Laptop(_audience(azure, network))


def _audience(azure: AzureSettings, network: Network) -> Audience:
    return Audience(azure.vault_url, partial(network.client, azure.vault_url))


def _has_azure_identity() -> bool:
    try:
        return importlib.util.find_spec("azure.identity") is not None
    except ModuleNotFoundError:
        return False
