"""Which identity the settings ask for."""

from __future__ import annotations

import importlib.util
from functools import partial

from secret_sidecar.errors import SettingsError
from secret_sidecar.http_client.http import Client
from secret_sidecar.http_client.network import Network
from secret_sidecar.settings import Settings
from secret_sidecar.vaults.gcp import external_account
from secret_sidecar.vaults.gcp.external_account import ExternalAccount
from secret_sidecar.vaults.gcp.federation import Federation
from secret_sidecar.vaults.gcp.metadata import HOST, Metadata
from secret_sidecar.vaults.gcp.settings import GcpSettings
from secret_sidecar.vaults.identity import identity_service
from secret_sidecar.vaults.identity.credentials import Bearer, Issuer, Source
from secret_sidecar.vaults.identity.refreshing import Refreshing


def open_source(settings: Settings) -> Source[Bearer]:
    """Return the exchange of a token where one is set, else google-auth's chain or, without it, the metadata server."""
    own = settings.vault_as(GcpSettings)
    own.check_own_identity()
    return Refreshing(_issuer(own, settings.network), settings.timeout)


def _issuer(gcp: GcpSettings, network: Network) -> Issuer[Bearer]:
    if gcp.workload_identity_provider and gcp.token_file:
        return _federation(external_account.of_settings(gcp, gcp.token_file), network)
    account = external_account.of_file(gcp.credentials) if gcp.credentials else None
    if account is not None:
        return _federation(account, network)
    if gcp.credentials is None and (gcp.metadata_host or not _has_google_auth()):
        return Metadata(Client(gcp.metadata_host or HOST))
    if not _has_google_auth():
        raise SettingsError(
            f"{external_account.VARIABLE}={str(gcp.credentials)!r}: of another type; expected 'external_account'; to "
            "use others, install secret-sidecar[laptop-gcp]"
        )
    from secret_sidecar.vaults.gcp.laptop import Laptop  # noqa: PLC0415 (google-auth costs 20 MB)

    return Laptop()


def _federation(account: ExternalAccount, network: Network) -> Federation:
    token = partial(identity_service.token_of_file, account.token_file, account.identity, account.token_field)
    url = account.service_account_url
    sts, iam = network.client(account.token_url.origin), None if url is None else network.client(url.origin)
    return Federation(account, token, sts, iam)


def _has_google_auth() -> bool:
    try:
        return importlib.util.find_spec("google.auth") is not None
    except ModuleNotFoundError:
        return False
