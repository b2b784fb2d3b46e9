"""Callers as Google Cloud knows them: each token is exchanged for its own principal, whose bindings decide.

With a template of service accounts, the principal becomes its namespace's, if that one's own policy lets it.
Sources: https://cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token (the codes are those of RFC 6749 section
5.2 and RFC 8693 section 2.2.2), https://cloud.google.com/iam/docs/troubleshooting-workload-identity-federation
"""

from __future__ import annotations

from secret_sidecar.errors import Denied, SettingsError, TokenRefused
from secret_sidecar.settings import Settings
from secret_sidecar.vaults.bearer import BearerClient
from secret_sidecar.vaults.exchange.caller_credentials import CallerCredentials
from secret_sidecar.vaults.exchange.clients import CONNECTIONS, Clients
from secret_sidecar.vaults.exchange.reach import reach
from secret_sidecar.vaults.exchange.token import Claims
from secret_sidecar.vaults.exchange.token_exchange import RefusedAs, exchange, forbid_own_identity
from secret_sidecar.vaults.gcp import external_account
from secret_sidecar.vaults.gcp.errors import VAULT, error_of
from secret_sidecar.vaults.gcp.federation import Federation
from secret_sidecar.vaults.gcp.settings import PROVIDER_FORM, GcpSettings
from secret_sidecar.vaults.gcp.store import GcpStore
from secret_sidecar.vaults.identity.credentials import Bearer

_REFUSED_AS: dict[str | None, RefusedAs] = {
    "invalid_grant": TokenRefused,  # signature, issuer, audience or times
    "unauthorized_client": Denied,  # the provider's attribute condition
    "PERMISSION_DENIED": Denied,  # the service account's policy; it may not exist
    "NOT_FOUND": Denied,  # there is no such service account
}


class GcpTokenExchange:
    """Exchanges tokens for callers. No connection is shared, so no answer can come to another than who asked."""

    def __init__(self, settings: Settings) -> None:
        self._gcp = settings.vault_as(GcpSettings)
        self._vault = self._gcp.secret_manager
        any_exchange = external_account.exchange(self._gcp, self._gcp.shared_service_account)
        urls = (any_exchange.token_url, any_exchange.service_account_url)
        self._clients = Clients(settings.network, (self._vault, *(url.origin for url in urls if url)))
        self._probing = self._clients.client(self._vault)

    async def open(self, token: str, claims: Claims, deadline: float) -> GcpStore:
        """Return a store with an access token of the caller's principal, or of its service account."""
        bearer = await self._exchange(token, claims, deadline)
        calls = BearerClient(VAULT, self._clients.client(self._vault, CONNECTIONS), CallerCredentials(bearer), error_of)
        return GcpStore(calls, self._gcp.project, self._gcp.location)

    async def probe(self, deadline: float) -> None:
        """Return if Secret Manager answered a request without a token."""
        await reach(VAULT, self._probing, "/", deadline)

    async def close(self) -> None:
        """Close connections."""
        await self._probing.close()

    async def _exchange(self, token: str, claims: Claims, deadline: float) -> Bearer:
        account = external_account.exchange(self._gcp, claims.fill(self._gcp.shared_service_account))
        sts, impersonation = account.token_url, account.service_account_url
        iam = None if impersonation is None else self._clients.client(impersonation.origin)
        federation = Federation(account, lambda: token, self._clients.client(sts.origin), iam)
        return await exchange(federation, _REFUSED_AS.get, deadline)


def open_token_exchange(settings: Settings) -> GcpTokenExchange:
    """Return the backend, or raise SettingsError where the settings give the service an identity."""
    gcp = settings.vault_as(GcpSettings)
    forbid_own_identity(
        (
            ("GCP_TOKEN_FILE", gcp.token_file),
            ("GOOGLE_APPLICATION_CREDENTIALS", gcp.credentials),
            ("GOOGLE_IMPERSONATE_SERVICE_ACCOUNT", gcp.service_account),
            ("GCE_METADATA_HOST", gcp.metadata_host),
        )
    )
    if not gcp.workload_identity_provider:
        raise SettingsError(
            f"GCP_WORKLOAD_IDENTITY_PROVIDER is not set: expected {PROVIDER_FORM}, as SECRETS_MODE='shared'"
        )
    return GcpTokenExchange(settings)
