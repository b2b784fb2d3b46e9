"""Entra's token endpoint: a federated credential's tokens, and a client secret, for an access token.

https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
"""

from __future__ import annotations

import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol

import jwt

from local.azure.directory import (
    MANAGEMENT_RESOURCE,
    TENANT,
    VAULT_RESOURCE,
    Access,
    Directory,
    FederatedCredential,
)
from local.http_service import Reply, Request

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
SCOPES = {f"{resource}/.default": resource for resource in (VAULT_RESOURCE, MANAGEMENT_RESOURCE)}
OTHER_SPELLINGS = {f"{MANAGEMENT_RESOURCE}//.default": MANAGEMENT_RESOURCE}
"""As older clients spell it."""


class Keys(Protocol):
    """The public keys of issuers."""

    def key(self, issuer: str, token: str) -> jwt.PyJWK:
        """The key that this issuer says it signed the token with; raises what says that there is none."""
        ...


class Entra:
    """Verifies an assertion's signature, issuer, subject, audience and times, and gives tokens."""

    def __init__(self, directory: Directory, keys: Keys, url: Callable[[], str]) -> None:
        self._directory = directory
        self._keys = keys
        self._url = url
        self.lifetime = 3600

    def answer(self, request: Request, request_id: str) -> Reply | None:
        """Answer, or None where the request is not for Entra."""
        if request.path == f"/{TENANT}/oauth2/v2.0/token":
            reply = self._token(request.form)
            refused = {"trace_id": request_id} if reply.status >= 400 else {}
            return replace(reply, document={**reply.document, **refused}, headers={"x-ms-request-id": request_id})
        if request.path == f"/{TENANT}/v2.0/.well-known/openid-configuration":
            return self._discovery()
        return None

    def _discovery(self) -> Reply:
        base = f"{self._url()}/{TENANT}"
        return Reply({
            "issuer": f"{base}/v2.0",
            "token_endpoint": f"{base}/oauth2/v2.0/token",
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
            "jwks_uri": f"{base}/discovery/v2.0/keys",
        })  # fmt: skip

    def _token(self, form: dict[str, str]) -> Reply:
        scope = form.get("scope", "")
        resource = SCOPES.get(scope) or OTHER_SPELLINGS.get(scope)
        if form.get("grant_type") != "client_credentials" or resource is None:
            return _refusal("invalid_scope", 70011)
        client = form.get("client_id", "")
        if "client_secret" in form:
            return self._by_secret(client, form["client_secret"], resource)
        if form.get("client_assertion_type") != ASSERTION_TYPE:
            return _refusal("invalid_request", 900144)
        return self._by_assertion(client, form.get("client_assertion", ""), resource)

    def _by_secret(self, client: str, given: str, resource: str) -> Reply:
        expected = self._directory.passwords.get(client, "")
        if not expected or not hmac.compare_digest(expected, given):
            return _refusal("invalid_client", 7000215, 401)
        return self._granted(Access(client, resource, self._end()))

    def _by_assertion(self, client: str, assertion: str, resource: str) -> Reply:
        if client not in self._directory.federated:
            return _refusal("unauthorized_client", 700016)
        code = self._mismatch(self._directory.federated[client], assertion)
        if code:
            return _refusal("invalid_client", code, 401)
        subject = jwt.decode(assertion, options={"verify_signature": False})["sub"]
        return self._granted(Access(client, resource, self._end(), subject))

    def _end(self) -> float:
        return time.time() + self.lifetime

    def _granted(self, access: Access) -> Reply:
        token = secrets.token_urlsafe(24)
        self._directory.tokens[token] = access
        return Reply({"token_type": "Bearer", "expires_in": self.lifetime, "access_token": token})

    def _mismatch(self, credentials: list[FederatedCredential], assertion: str) -> int:
        """The number of Entra's error, or 0 if the assertion is valid for the client."""
        try:
            claims = jwt.decode(assertion, options={"verify_signature": False})
            issuer, subject, audience = claims["iss"], claims["sub"], claims["aud"]
        except (jwt.InvalidTokenError, KeyError):
            return 50027
        wanted: list[tuple[int, Callable[[FederatedCredential], bool]]] = [
            (700211, lambda one: one.issuer == issuer),
            (700213, lambda one: one.subject == subject),
            (700212, lambda one: audience in (one.audience, [one.audience])),
        ]
        for code, matches in wanted:
            credentials = [credential for credential in credentials if matches(credential)]
            if not credentials:
                return code
        return self._wrong(assertion, credentials[0])

    def _wrong(self, assertion: str, credential: FederatedCredential) -> int:
        """The same for signature and times."""
        try:
            key = self._keys.key(credential.issuer, assertion)
        except (OSError, ValueError, LookupError, jwt.PyJWTError) as error:
            return 700027 if isinstance(error, jwt.PyJWTError) else 50166
        required: Any = {"require": ["exp", "iat", "iss", "aud", "sub"]}
        try:
            jwt.decode(
                assertion,
                key,
                algorithms=["RS256"],
                issuer=credential.issuer,
                audience=credential.audience,
                options=required,
            )
        except (jwt.ExpiredSignatureError, jwt.ImmatureSignatureError):
            return 700024
        except jwt.InvalidTokenError:
            return 700027
        return 0


def _refusal(error: str, number: int, status: int = 400) -> Reply:
    """An error as Entra words it."""
    document: dict[str, Any] = {"error": error, "error_description": f"AADSTS{number}: no.", "error_codes": [number]}
    return Reply(document, status)
