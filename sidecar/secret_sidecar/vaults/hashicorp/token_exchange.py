"""Callers as Vault knows them: each token logs in to its namespace's role, whose bounds decide.

Source: https://developer.hashicorp.com/vault/api-docs/auth/jwt#jwt-login
"""

from __future__ import annotations

from secret_sidecar.errors import Denied, SettingsError, TokenRefused
from secret_sidecar.settings import Settings
from secret_sidecar.vaults.exchange.caller_credentials import CallerCredentials
from secret_sidecar.vaults.exchange.clients import CONNECTIONS, Clients
from secret_sidecar.vaults.exchange.reach import reach
from secret_sidecar.vaults.exchange.token import Claims
from secret_sidecar.vaults.exchange.token_exchange import RefusedAs, exchange, forbid_own_identity
from secret_sidecar.vaults.hashicorp.errors import VAULT
from secret_sidecar.vaults.hashicorp.jwt_login import JwtLogin
from secret_sidecar.vaults.hashicorp.settings import HashicorpSettings
from secret_sidecar.vaults.hashicorp.store import VaultStore

_REFUSED = ("error validating token", "error verifying token", "invalid token")
"""How Vault begins to say that a token is none, or has expired: it has no codes."""
_NOT_FOR_IT = "invalid subject"
"""What it says in the same words where the token is good, and the role another's."""


class VaultTokenExchange:
    """Logs in for callers. No connection is shared, so no answer can come to another than who asked."""

    def __init__(self, settings: Settings) -> None:
        vault = settings.vault_as(HashicorpSettings)
        assert vault.address is not None  # noqa: S101
        self._vault = vault
        self._origin = vault.address
        self._clients = Clients(
            settings.network, (self._origin,), vault.ca_cert, "VAULT_CACERT", vault.client_certificate
        )
        self._probing = self._clients.client(self._origin)

    async def open(self, token: str, claims: Claims, deadline: float) -> VaultStore:
        """Return a store with a token of Vault's for the caller's role."""
        vault = self._vault
        role = claims.fill(vault.shared_role)
        login = JwtLogin(self._clients.client(self._origin), vault.auth_path, role, vault.namespace, lambda: token)
        bearer = await exchange(login, _refused_as, deadline)
        client = self._clients.client(self._origin, CONNECTIONS)
        return VaultStore(client, CallerCredentials(bearer), vault.mount, vault.namespace)

    async def probe(self, deadline: float) -> None:
        """Return if Vault answered how it is."""
        await reach(VAULT, self._probing, "/v1/sys/health", deadline)

    async def close(self) -> None:
        """Close connections."""
        await self._probing.close()


def _refused_as(code: str | None) -> RefusedAs | None:
    if code is None:
        return None
    return TokenRefused if code.startswith(_REFUSED) and _NOT_FOR_IT not in code else Denied


def open_token_exchange(settings: Settings) -> VaultTokenExchange:
    """Return the backend, or raise SettingsError where the settings give the service an identity."""
    vault = settings.vault_as(HashicorpSettings)
    if not vault.shared_role:
        raise SettingsError(
            "SECRETS_SHARED_VAULT_ROLE is not set: expected each caller's role, such as 'blue-{namespace}', as "
            "SECRETS_MODE='shared'"
        )
    forbid_own_identity((("VAULT_TOKEN", vault.token), ("SECRETS_VAULT_ROLE", vault.role)))
    return VaultTokenExchange(settings)
