"""azure-identity's own chain, for laptops: `az login` and what else a developer has. Imported only when asked."""

from __future__ import annotations

import asyncio

import azure.core.exceptions
import azure.identity

from secret_sidecar.errors import IdentityUnavailable, SettingsError
from secret_sidecar.vaults.identity.credentials import Bearer


class Laptop:
    """Asks azure-identity in a thread, for it reads files, runs commands and calls services."""

    def __init__(self, scope: str) -> None:
        self._scope = scope
        try:
            self._credential = azure.identity.DefaultAzureCredential()
        except ValueError as error:  # names a variable, such as AZURE_TOKEN_CREDENTIALS or AZURE_AUTHORITY_HOST
            raise SettingsError(
                f"azure-identity: {error}; expected its variables as its documentation has them"
            ) from None

    async def obtain(self, deadline: float) -> Bearer:  # noqa: ARG002 (azure-identity has time limits of its own)
        """Return a token, or raise IdentityUnavailable."""
        return await asyncio.to_thread(self._load)

    async def close(self) -> None:
        """Close connections."""
        self._credential.close()

    def _load(self) -> Bearer:
        try:
            token = self._credential.get_token(self._scope)
        except azure.core.exceptions.ClientAuthenticationError:
            raise IdentityUnavailable(
                "no Azure credentials: set AZURE_CLIENT_ID, AZURE_TENANT_ID and AZURE_FEDERATED_TOKEN_FILE, or run "
                "`az login`"
            ) from None
        except Exception as error:  # noqa: BLE001 (the developer's files and commands may make it raise anything)
            raise IdentityUnavailable(f"azure-identity: {type(error).__name__}") from None
        return Bearer(token.token, float(token.expires_on), "DefaultAzureCredential")
