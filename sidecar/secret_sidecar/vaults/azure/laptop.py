"""azure-identity's own chain, for laptops: `az login` and what else a developer has. Imported only when asked."""

from __future__ import annotations

import asyncio

import azure.core.exceptions
import azure.identity

from secret_sidecar.errors import IdentityUnavailable, SettingsError
from secret_sidecar.vaults.azure.audience import Audience
from secret_sidecar.vaults.identity.credentials import Bearer


class Laptop:
    """Asks azure-identity in a thread, for it reads files, runs commands and calls services."""

    def __init__(self, audience: Audience) -> None:
        self._audience = audience
        try:
            self._credential = azure.identity.DefaultAzureCredential()
        except ValueError as error:  # names a variable, such as AZURE_TOKEN_CREDENTIALS or AZURE_AUTHORITY_HOST
            raise SettingsError(
                f"azure-identity: {error}; expected its variables as its documentation has them"
            ) from None

    async def obtain(self, deadline: float) -> Bearer:
        """Return a token, or raise IdentityUnavailable; azure-identity has time limits of its own."""
        return await asyncio.to_thread(self._load, await self._audience.scope(deadline, "DefaultAzureCredential"))

    async def close(self) -> None:
        """Close connections."""
        self._credential.close()

    def _load(self, scope: str) -> Bearer:
        try:
            token = self._credential.get_token(scope)
        except azure.core.exceptions.ClientAuthenticationError:
            raise IdentityUnavailable(
                "no Azure credentials: set AZURE_CLIENT_ID, AZURE_TENANT_ID and AZURE_FEDERATED_TOKEN_FILE, or run "
                "`az login`"
            ) from None
        except Exception as error:  # noqa: BLE001 (the developer's files and commands may make it raise anything)
            raise IdentityUnavailable(f"azure-identity: {type(error).__name__}") from None
        return Bearer(token.token, float(token.expires_on), "DefaultAzureCredential")
