"""Callers as Vault knows them: each token logs in to its namespace's role, whose bounds decide.

Source: https://developer.hashicorp.com/vault/api-docs/auth/jwt#jwt-login
"""

from __future__ import annotations

from secret_sidecar.client import tls
from secret_sidecar.client.http import Client
from secret_sidecar.errors import (
    Denied,
    IdentityDelayed,
    IdentityTimedOut,
    IdentityUnavailable,
    SettingsError,
    TokenRefused,
)
from secret_sidecar.settings import Settings
from secret_sidecar.shared.fixed import Fixed
from secret_sidecar.shared.reach import reach
from secret_sidecar.shared.token import Claims
from secret_sidecar.vault.errors import VAULT
from secret_sidecar.vault.jwt_login import JwtLogin
from secret_sidecar.vault.settings import VaultSettings
from secret_sidecar.vault.store import VaultStore

CONNECTIONS = 16
"""Connections to the vault that one caller has at a time."""
_REFUSED = ("error validating token", "error verifying token", "invalid token")
"""How Vault begins to say that a token is none, or has expired: it has no codes."""
_NOT_FOR_IT = "invalid subject"
"""What it says in the same words where the token is good, and the role another's."""


class VaultBackend:
    """Logs in for callers. No connection is shared, so no answer can come to another than who asked."""

    def __init__(self, settings: Settings) -> None:
        vault: VaultSettings = settings.vault
        assert vault.address is not None  # noqa: S101
        self._vault = vault
        self._origin = vault.address
        self._tls = tls.context_for(self._origin, vault.ca_cert, "VAULT_CACERT")
        self._proxy = settings.proxies.for_origin(self._origin)
        self._probing = self._client(1)

    async def open(self, token: str, claims: Claims, deadline: float) -> VaultStore:
        """Return a store with a token of Vault's for the caller's role."""
        vault = self._vault
        role = vault.shared_role.replace("{namespace}", claims.namespace)
        role = role.replace("{service_account}", claims.service_account)
        login = JwtLogin(self._client(1), vault.auth_path, role, vault.namespace, lambda: token)
        try:
            bearer = await login.obtain(deadline)
        except IdentityUnavailable as error:
            raise _meaning(error) from None
        finally:
            await login.close()
        return VaultStore(self._client(CONNECTIONS), Fixed(bearer), vault.mount, vault.namespace)

    async def probe(self, deadline: float) -> None:
        """Return if Vault answered how it is."""
        await reach(VAULT, self._probing, "/v1/sys/health", deadline)

    async def close(self) -> None:
        """Close connections."""
        await self._probing.close()

    def _client(self, connections: int) -> Client:
        return Client(self._origin, self._tls, connections=connections, proxy=self._proxy)


def _meaning(error: IdentityUnavailable) -> IdentityUnavailable | Denied:
    """Return what Vault's refusal means for a caller: its token is none, or its role is not for it."""
    if error.code is None or isinstance(error, IdentityDelayed | IdentityTimedOut):
        return error
    kind: type[TokenRefused | Denied] = Denied
    if error.code.startswith(_REFUSED) and _NOT_FOR_IT not in error.code:
        kind = TokenRefused
    return kind(str(error), code=error.code, request_id=error.request_id, identity=error.identity)


def open_backend(settings: Settings) -> VaultBackend:
    """Return the backend, or raise SettingsError where the settings give the service an identity."""
    vault: VaultSettings = settings.vault
    if not vault.shared_role:
        raise SettingsError(
            "SECRETS_SHARED_VAULT_ROLE is not set: expected each caller's role, such as 'blue-{namespace}', as "
            "SECRETS_MODE='shared'"
        )
    for variable, given in (("VAULT_TOKEN", vault.token), ("SECRETS_VAULT_ROLE", vault.role)):
        if given:
            raise SettingsError(f"{variable} is set: expected no identity of its own, as SECRETS_MODE='shared'")
    return VaultBackend(settings)
