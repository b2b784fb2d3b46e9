"""google-auth's own chain, for laptops: `gcloud auth application-default login`, keys. Imported only when asked."""

from __future__ import annotations

import asyncio
from datetime import UTC
from typing import Any

import google.auth
import google.auth.exceptions
import google.auth.transport.requests

from secret_sidecar.errors import IdentityDelayed, IdentityUnavailable
from secret_sidecar.vaults.gcp.federation import SCOPE
from secret_sidecar.vaults.identity.credentials import Bearer


class Laptop:
    """Asks google-auth in a thread, for it reads files, runs commands and calls services."""

    def __init__(self) -> None:
        self._credentials: Any = None

    async def obtain(self, deadline: float) -> Bearer:  # noqa: ARG002 (google-auth has time limits of its own)
        """Return a fresh token, or raise IdentityUnavailable."""
        return await asyncio.to_thread(self._load)

    async def close(self) -> None:
        """Hold nothing."""

    def _load(self) -> Bearer:
        try:
            if self._credentials is None:
                self._credentials, _ = google.auth.default(scopes=[SCOPE])
            self._credentials.refresh(google.auth.transport.requests.Request())
        except google.auth.exceptions.DefaultCredentialsError:
            raise IdentityUnavailable(
                "no Google credentials: set GOOGLE_APPLICATION_CREDENTIALS, or GCP_WORKLOAD_IDENTITY_PROVIDER and "
                "GCP_TOKEN_FILE, or run `gcloud auth application-default login`"
            ) from None
        except google.auth.exceptions.TransportError as error:
            raise IdentityDelayed(f"google-auth: {type(error).__name__}") from None
        except Exception as error:  # noqa: BLE001 (the developer's files and commands may make it raise anything)
            raise IdentityUnavailable(f"google-auth: {type(error).__name__}") from None
        expiry = self._credentials.expiry
        expires = None if expiry is None else expiry.replace(tzinfo=UTC).timestamp()
        who = getattr(self._credentials, "service_account_email", None) or "application default credentials"
        return Bearer(self._credentials.token, expires, who)
