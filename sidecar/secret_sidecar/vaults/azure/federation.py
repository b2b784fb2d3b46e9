"""Workload identity: a ServiceAccount's token stands for a managed identity's, or an application's, secret.

Source: https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
#third-case-access-token-request-with-a-federated-credential
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from secret_sidecar.errors import IdentityDelayed, IdentityUnavailable
from secret_sidecar.http_client.connection import Answer
from secret_sidecar.http_client.http import Client
from secret_sidecar.http_client.origin import Origin
from secret_sidecar.retry import retrying
from secret_sidecar.vaults.azure.audience import Audience
from secret_sidecar.vaults.bearer import json_object
from secret_sidecar.vaults.error_kinds import is_passing
from secret_sidecar.vaults.identity import identity_service
from secret_sidecar.vaults.identity.credentials import Bearer
from secret_sidecar.vaults.identity.identity_service import FORM, Token

ENTRA = "Entra"
AUTHORITY = Origin("https", "login.microsoftonline.com", 443)
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_TRANSIENT = {"server_error", "temporarily_unavailable"}
_PASSING = {
    # Entra could not fetch the issuer's keys: https://azure.github.io/azure-workload-identity/docs/troubleshooting.html
    "AADSTS50166",
    "AADSTS90061",
    # https://learn.microsoft.com/entra/identity-platform/reference-error-codes
    "AADSTS50033",  # RetryableError
    "AADSTS90006",  # ExternalServerRetryableError
    "AADSTS90012",  # RequestTimeout
    "AADSTS90024",  # RequestBudgetExceededError
    "AADSTS90033",  # MsodsServiceUnavailable
    "AADSTS90055",  # TenantThrottlingError
    "AADSTS90090",  # GraphRetryableError
    "AADSTS90091",  # GraphServiceUnreachable
}
_UNKNOWN_YET = "; if the identity or its federated credential is new, it takes some minutes to be known everywhere"
_NEW: dict[str | None, str] = dict.fromkeys(
    # https://learn.microsoft.com/entra/workload-id/workload-identity-federation-considerations#errors
    ("AADSTS70021", "AADSTS70025", "AADSTS700016", "AADSTS700211", "AADSTS700213"),
    _UNKNOWN_YET,
)


class Federation:
    """Obtains tokens for one vault's cloud, by what `token` gives, of Entra or another service at a path of its own."""

    def __init__(
        self,
        client: Client,
        tenant: str,
        client_id: str,
        audience: Audience,
        token: Token,
        service: str = ENTRA,
        path: str = "",
    ) -> None:
        self._client = client
        self._service = service
        self._target = f"{path}/{tenant}/oauth2/v2.0/token"
        self._client_id = client_id
        self._audience = audience
        self._token = token
        self._identity = identity(client_id, tenant)

    async def obtain(self, deadline: float) -> Bearer:
        """Return a fresh access token, or raise IdentityUnavailable."""
        return await retrying(lambda: self._obtain(deadline), deadline)

    async def close(self) -> None:
        """Close connections."""
        await self._client.close()

    async def _obtain(self, deadline: float) -> Bearer:
        form = urlencode({
            "grant_type": "client_credentials",
            "client_id": self._client_id,
            "scope": await self._audience.scope(deadline, self._identity),
            "client_assertion_type": _ASSERTION_TYPE,
            "client_assertion": self._token(),
        }).encode()  # fmt: skip
        answer = await identity_service.ask(
            self._service, self._client, "POST", self._target, (FORM,), form, deadline, self._identity
        )
        document = json_object(answer) or {}
        bearer = identity_service.bearer(document, self._identity)
        if answer.status == 200 and bearer is not None:
            return bearer
        raise self._refusal(answer, document)

    def _refusal(self, answer: Answer, document: dict[str, Any]) -> IdentityUnavailable:
        error, code = document.get("error"), _code(document)
        passing = is_passing(answer.status) or error in _TRANSIENT or code in _PASSING
        trace = document.get("trace_id")
        return (IdentityDelayed if passing else IdentityUnavailable)(
            f"{self._service} refused {self._identity}: {code or f'HTTP {answer.status}'}{_NEW.get(code, '')}",
            code=code,
            request_id=trace if isinstance(trace, str) else answer.headers.get("x-ms-request-id"),
            identity=self._identity,
        )


def identity(client_id: str, tenant: str) -> str:
    """Return how messages name who reads."""
    return f"client {client_id} of tenant {tenant}"


def _code(document: dict[str, Any]) -> str | None:
    """Return Entra's own code, of which https://login.microsoftonline.com/error tells the meaning, else OAuth's."""
    match document:
        case {"error_codes": [int(number), *_]}:
            return f"AADSTS{number}"
        case {"error": str(error)}:
            return error[:80]
    return None
