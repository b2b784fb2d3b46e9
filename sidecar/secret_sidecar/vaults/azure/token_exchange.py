"""Callers as Azure knows them: each token stands for the secret of its own client, whose federated credentials decide.

Sources: https://learn.microsoft.com/entra/identity-platform/reference-error-codes, of which each code is at
https://login.microsoftonline.com/error, and https://learn.microsoft.com/entra/workload-id/workload-identity-federation
"""

from __future__ import annotations

from functools import partial

from secret_sidecar.errors import Denied, SettingsError, TokenRefused
from secret_sidecar.settings import Settings
from secret_sidecar.vaults.azure.audience import Audience
from secret_sidecar.vaults.azure.client_ids import FORM
from secret_sidecar.vaults.azure.errors import VAULT, error_of
from secret_sidecar.vaults.azure.federation import AUTHORITY, Federation
from secret_sidecar.vaults.azure.settings import AzureSettings
from secret_sidecar.vaults.azure.store import AzureStore
from secret_sidecar.vaults.azure.token_proxy import PROXY
from secret_sidecar.vaults.bearer import BearerClient
from secret_sidecar.vaults.exchange.caller_credentials import CallerCredentials
from secret_sidecar.vaults.exchange.clients import CONNECTIONS, Clients
from secret_sidecar.vaults.exchange.reach import reach
from secret_sidecar.vaults.exchange.token import Claims
from secret_sidecar.vaults.exchange.token_exchange import RefusedAs, exchange, forbid_own_identity
from secret_sidecar.vaults.identity.credentials import Bearer

_REFUSED_AS: dict[str | None, RefusedAs] = {
    "AADSTS50013": TokenRefused,  # not valid as an assertion
    "AADSTS50027": TokenRefused,  # not a token
    "AADSTS700024": TokenRefused,  # not within its times
    "AADSTS700027": TokenRefused,  # its signature
    "AADSTS7000272": TokenRefused,  # its key is none of the issuer's
    "AADSTS700211": TokenRefused,  # its issuer
    "AADSTS700212": TokenRefused,  # its audience
    "AADSTS70021": Denied,  # the client has no such federated credential
    "AADSTS70025": Denied,  # the client has none at all
    "AADSTS700213": Denied,  # the client has none of this subject
    "AADSTS7002138": Denied,  # the same, but for upper and lower case
    "AADSTS700016": Denied,  # the tenant has no such client
    "AADSTS7000112": Denied,  # the client is switched off
    "AADSTS53003": Denied,  # conditional access
}


class AzureTokenExchange:
    """Obtains tokens for callers. No connection is shared, so no answer can come to another than who asked."""

    def __init__(self, settings: Settings) -> None:
        self._azure = settings.vault_as(AzureSettings)
        self._authority = self._azure.authority_host or AUTHORITY
        self._clients = Clients(settings.network, (self._authority, self._azure.vault_url))
        probed = self._authority if self._azure.has_vaults_by_namespace else self._azure.vault_url
        self._probing = self._clients.client(probed)
        vault = self._azure.vault_url
        connect = None if self._azure.has_vaults_by_namespace else partial(self._clients.client, vault)
        self._audience = Audience(vault, connect)

    async def open(self, token: str, claims: Claims, deadline: float) -> AzureStore:
        """Return a store with an access token of the caller's client.

        What the token says chooses a vault's host only here, where Entra has taken this very token.
        """
        bearer = await self._obtain(token, claims, deadline)
        vault = self._azure.vault_of(claims.namespace)
        return AzureStore(
            BearerClient(VAULT, self._clients.client(vault, CONNECTIONS), CallerCredentials(bearer), error_of)
        )

    async def probe(self, deadline: float) -> None:
        """Return if the vault answered a request without a token, or Entra, where each namespace has its own vault."""
        await reach(VAULT, self._probing, "/", deadline)

    async def close(self) -> None:
        """Close connections."""
        await self._probing.close()

    async def _obtain(self, token: str, claims: Claims, deadline: float) -> Bearer:
        azure = self._azure
        assert azure.shared_client_ids is not None  # noqa: S101
        client_id = azure.shared_client_ids.find(claims.namespace, claims.service_account)
        if client_id is None:
            raise Denied(
                f"no client for ServiceAccount {claims.service_account!r} of namespace {claims.namespace!r}: expected "
                "one in SECRETS_SHARED_CLIENT_IDS"
            )
        client = self._clients.client(self._authority)
        federation = Federation(client, azure.tenant_id, client_id, self._audience, lambda: token)
        return await exchange(federation, _REFUSED_AS.get, deadline)


def open_token_exchange(settings: Settings) -> AzureTokenExchange:
    """Return the backend, or raise SettingsError where the settings give the service an identity."""
    azure = settings.vault_as(AzureSettings)
    forbid_own_identity(
        (
            ("AZURE_CLIENT_ID", azure.client_id),
            ("AZURE_FEDERATED_TOKEN_FILE", azure.federated_token_file),
            (PROXY, azure.token_proxy),
        )
    )
    for variable, given, expected in (
        ("SECRETS_SHARED_CLIENT_IDS", azure.shared_client_ids, FORM),
        ("AZURE_TENANT_ID", azure.tenant_id, "the tenant of each caller's client"),
    ):
        if not given:
            raise SettingsError(f"{variable} is not set: expected {expected}, as SECRETS_MODE='shared'")
    return AzureTokenExchange(settings)
