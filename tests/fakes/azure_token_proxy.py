"""A fake of AKS's token proxy: what a cluster with an identity binding offers in place of Entra's token endpoint.

Behind TLS with the cluster's own authority, by a name that is not the address's. It verifies a token's signature,
issuer, audience and times, and that the cluster's RBAC lets the ServiceAccount use the client; what it gives is good at
the fake Azure's vaults. How the real proxy words a refusal is not documented.
"""

from __future__ import annotations

import secrets
import ssl
import time

import jwt

from local.azure.directory import TENANT, Access
from local.azure.directory import VAULT_RESOURCE as RESOURCE
from tests.fakes.azure import FakeAzure
from tests.fakes.issuer import Issuer, verified
from tests.fakes.server import Reply, Request, Server

AUDIENCE = "api://AKSIdentityBinding"


class TokenProxy:
    """`allowed` has the clients that each subject may use; `names` the names that clients asked for in TLS."""

    def __init__(self, azure: FakeAzure, issuer: Issuer, tls: ssl.SSLContext, path: str = "") -> None:
        self._azure = azure
        self._issuer = issuer
        self._path = path
        self.allowed: dict[str, set[str]] = {}
        self.names: list[str | None] = []
        tls.sni_callback = lambda _, name, __: self.names.append(name)
        self.server = Server(self.answer, tls)

    @property
    def url(self) -> str:
        """Where pods reach it: an address, as the API server's is in many clusters."""
        return f"https://127.0.0.1:{self.server.port}{self._path}"

    def answer(self, request: Request) -> Reply:
        """Exchange a ServiceAccount's token."""
        if request.path != f"{self._path}/{TENANT}/oauth2/v2.0/token":
            return Reply({"kind": "Status", "reason": "NotFound", "code": 404}, 404)
        form = request.form
        try:
            claims = verified(form["client_assertion"], self._issuer.jwks, self._issuer.url, AUDIENCE)
        except jwt.InvalidTokenError:
            return Reply({"error": "invalid_client"}, 401)
        if form["client_id"] not in self.allowed.get(claims["sub"], ()):
            return Reply({"error": "unauthorized_client"}, 403)
        token = secrets.token_urlsafe(24)
        self._azure.tokens[token] = Access(form["client_id"], RESOURCE, time.time() + self._azure.lifetime)
        return Reply({"token_type": "Bearer", "expires_in": self._azure.lifetime, "access_token": token})
