"""The laptop's fake Azure on loopback, with a vault at `localhost` and another at `127.0.0.1`, and faults."""

from __future__ import annotations

import ssl
from typing import Any

import jwt

from local.azure.directory import Vault
from local.azure.service import Azure
from tests.fakes.issuer import Issuer
from tests.fakes.server import Server


class KeySets(dict[str, Any]):
    """Issuers' key sets, by issuer."""

    def key(self, issuer: str, token: str) -> jwt.PyJWK:
        """The key that this issuer says it signed the token with."""
        keys = {key.key_id: key for key in jwt.PyJWKSet.from_dict(self[issuer]).keys}
        found = keys.get(jwt.get_unverified_header(token).get("kid"))
        if found is None:
            raise jwt.InvalidSignatureError("no such key")
        return found


class FakeAzure:
    """One tenant. Its ids of requests are always the same."""

    def __init__(self, issuer: Issuer, tls: ssl.SSLContext) -> None:
        self.keys = KeySets({issuer.url: issuer.jwks})
        self.azure = Azure(self.keys, lambda: self.server.url, self._no_more_vaults, request_id=lambda: "request-1")
        self.directory = self.azure.directory
        self.directory.vaults |= {"localhost": Vault("kv-test"), "127.0.0.1": Vault("kv-prod")}
        self.federated = self.directory.federated
        self.assignments = self.directory.assignments
        self.vaults = self.directory.vaults
        self.tokens = self.directory.tokens
        self.server = Server(self.azure.answer, tls)

    @property
    def lifetime(self) -> int:
        """Seconds for which access tokens are valid."""
        return self.azure.entra.lifetime

    @lifetime.setter
    def lifetime(self, seconds: int) -> None:
        self.azure.entra.lifetime = seconds

    def _no_more_vaults(self) -> str:
        raise AssertionError("no vault is made here")
