"""azure-identity's own chain, for laptops: `az login` and what else a developer has. Imported only when asked."""

from __future__ import annotations

import asyncio

import azure.core.exceptions
import azure.identity

from secret_sidecar.errors import IdentityUnavailable
from secret_sidecar.vaults.identity.credentials import Bearer


class Laptop:
    """Asks azure-identity in a thread, for it reads files, runs commands and calls services."""

    def __init__(self, scope: str) -> None:
        self._scope = scope
        self._credential = azure.identity.DefaultAzureCredential()

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
        return Bearer(token.token, float(token.expires_on), "DefaultAzureCredential")
