"""Which token the settings lead to."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from secret_sidecar.errors import SettingsError
from secret_sidecar.http_client.http import Client
from secret_sidecar.settings import Settings
from secret_sidecar.vaults.hashicorp.jwt_login import JwtLogin, identity_of
from secret_sidecar.vaults.hashicorp.settings import TOKEN_HELPER_FILE, HashicorpSettings
from secret_sidecar.vaults.identity.credentials import Bearer, Source
from secret_sidecar.vaults.identity.identity_service import Token, token_of_file
from secret_sidecar.vaults.identity.refreshing import Refreshing


class ExistingToken:
    """A token that somebody else obtained: read anew when Vault refuses it, for `vault login` replaces the file."""

    def __init__(self, token: Token, identity: str) -> None:
        self._token = token
        self._identity = identity

    async def obtain(self, deadline: float) -> Bearer:  # noqa: ARG002
        """Return it; when it ends, only Vault knows."""
        return Bearer(self._token(), None, self._identity)

    async def close(self) -> None:
        """Hold nothing."""


def open_source(settings: Settings, client: Client) -> Source[Bearer]:
    """Return a given token if there is one, else the login to a role, else what `vault login` left.

    `client` is Vault's own: the login is asked of the same server.
    """
    vault = settings.vault_as(HashicorpSettings)
    if vault.token:
        return Refreshing(ExistingToken(lambda: vault.token, "VAULT_TOKEN"), settings.timeout)
    if vault.role and vault.jwt_file:
        identity = identity_of(vault.auth_path, vault.role, vault.namespace)
        token = partial(token_of_file, vault.jwt_file, identity)
        return Refreshing(JwtLogin(client, vault.auth_path, vault.role, vault.namespace, token), settings.timeout)
    return Refreshing(_left_by_a_login((vault.home or Path("/")) / TOKEN_HELPER_FILE), settings.timeout)


def _left_by_a_login(path: Path) -> ExistingToken:
    if not path.is_file():
        raise SettingsError(
            "no token for Vault: expected SECRETS_VAULT_ROLE and SECRETS_VAULT_JWT_FILE, or VAULT_TOKEN, or "
            f"{path} as `vault login` leaves it"
        )
    return ExistingToken(partial(token_of_file, path, str(path)), str(path))
