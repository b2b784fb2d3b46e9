"""A token of Vault's for the pod's own ServiceAccount token, by JWT auth.

Source: https://developer.hashicorp.com/vault/api-docs/auth/jwt#jwt-login
"""

from __future__ import annotations

import json

from secret_sidecar.errors import IdentityDelayed, IdentityUnavailable
from secret_sidecar.http_client.connection import Answer
from secret_sidecar.http_client.http import Client
from secret_sidecar.retry import retrying
from secret_sidecar.vaults.bearer import json_object
from secret_sidecar.vaults.hashicorp.calls import headers_of
from secret_sidecar.vaults.hashicorp.errors import PASSING, reasons, request_id
from secret_sidecar.vaults.identity.credentials import Bearer
from secret_sidecar.vaults.identity.expiry import ends_after
from secret_sidecar.vaults.identity.identity_service import Token, ask, is_token

_LEAST_QUOTED = 8
_NO_KEYS = ("fetching keys", "keyset configuration error")
"""What Vault says, with status 400, where it could not fetch the keys of the token's issuer."""


class JwtLogin:
    """Logs in anew each time: a token is never prolonged, so that a role that was narrowed acts within one lease."""

    def __init__(self, client: Client, auth_path: str, role: str, namespace: str, token: Token) -> None:
        self._client = client
        self._target = f"/v1/auth/{auth_path}/login"
        self._role = role
        self._headers = (("Content-Type", "application/json"), *headers_of(namespace))
        self._token = token
        self.identity = identity_of(auth_path, role, namespace)

    async def obtain(self, deadline: float) -> Bearer:
        """Return a token of Vault's, or raise IdentityUnavailable."""
        return await retrying(lambda: self._login(deadline), deadline)

    async def close(self) -> None:
        """Close connections."""
        await self._client.close()

    async def _login(self, deadline: float) -> Bearer:
        jwt = self._token()
        body = json.dumps({"role": self._role, "jwt": jwt}).encode()
        answer = await ask("Vault", self._client, "POST", self._target, self._headers, body, deadline, self.identity)
        if answer.status != 200:
            raise self._refusal(answer, jwt)
        match json_object(answer):
            case {"auth": {"client_token": str(token), "lease_duration": int(seconds)}} if is_token(token):
                return Bearer(token, ends_after(seconds) if seconds > 0 else None, self.identity)
        detail = f"Vault answered the login to {self.identity} with something other than a token"
        raise IdentityUnavailable(detail, identity=self.identity)

    def _refusal(self, answer: Answer, jwt: str) -> IdentityUnavailable:
        document = json_object(answer) or {}
        words = "; ".join(reasons(document))
        if any(part in words for part in jwt.split(".") if len(part) >= _LEAST_QUOTED):
            words = ""  # nothing of the token is told, whatever it was that Vault choked on
        passing = answer.status >= 500 or answer.status in PASSING or any(part in words for part in _NO_KEYS)
        kind = IdentityDelayed if passing else IdentityUnavailable
        return kind(
            f"Vault refused the login to {self.identity}: {words or f'HTTP {answer.status}'}",
            code=words or None,
            request_id=request_id(document),
            identity=self.identity,
        )


def identity_of(auth_path: str, role: str, namespace: str) -> str:
    """Return a role as Vault's API has it, such as `auth/jwt/role/test`."""
    return f"{namespace}/auth/{auth_path}/role/{role}" if namespace else f"auth/{auth_path}/role/{role}"
