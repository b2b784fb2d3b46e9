"""A fake Azure that is asked without a network, with its owner and a cluster's issuer."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import pytest

from local.azure.directory import MANAGEMENT_RESOURCE, TENANT, VAULT_RESOURCE, Vault
from local.azure.server import OWNER, with_owner
from local.azure.service import Azure
from local.http_service import Reply, Request
from local.trail import Call
from tests.fakes.azure import KeySets
from tests.fakes.issuer import Issuer

PASSWORD = "an-owners-password"
ADDRESSES = ("vault-1:1", "vault-2:2")


@dataclass
class Asked:
    """The fake, and what it noted."""

    azure: Azure
    issuer: Issuer
    notes: list[Call] = field(default_factory=list)

    def send(self, method: str, target: str, body: Any = None, token: str = "", host: str = "arm") -> Reply:
        """Ask, as a client would; a JSON body, or a form's bytes."""
        content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        return self.azure.answer(Request(method, target, {"host": host, "authorization": f"Bearer {token}"}, content))

    def token(self, resource: str = MANAGEMENT_RESOURCE, **changed: str) -> Any:
        """What Entra answers to the owner."""
        form = {
            "grant_type": "client_credentials",
            "client_id": OWNER,
            "client_secret": PASSWORD,
            "scope": f"{resource}/.default",
            **changed,
        }
        return self.send("POST", f"/{TENANT}/oauth2/v2.0/token", urlencode(form).encode()).document

    def exchanged(self, client: str, subject: str, signer: Issuer | None = None, **changed: Any) -> Any:
        """What Entra answers to a pod of the cluster."""
        assertion = (signer or self.issuer).token(
            subject, changed.pop("audience", "api://AzureADTokenExchange"), **changed
        )
        form = {
            "grant_type": "client_credentials",
            "client_id": client,
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": assertion,
            "scope": f"{VAULT_RESOURCE}/.default",
        }
        return self.send("POST", f"/{TENANT}/oauth2/v2.0/token", urlencode(form).encode()).document

    def manage(self, method: str, target: str, body: Any = None, version: str = "2023-01-31") -> Reply:
        """Ask Resource Manager as the owner."""
        return self.send(method, f"{target}?api-version={version}", body, self.token()["access_token"])

    def read(self, vault: Vault, name: str, token: str) -> Reply:
        """Read a secret."""
        address = next(address for address, known in self.azure.directory.vaults.items() if known is vault)
        return self.send("GET", f"/secrets/{name}?api-version=7.4", None, token, address)


@pytest.fixture(scope="session")
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture
def asked(issuer: Issuer) -> Asked:
    free = list(ADDRESSES)
    notes: list[Call] = []
    azure = Azure(
        KeySets({issuer.url: issuer.jwks}), lambda: "https://azure.example", lambda: free.pop(0), notes.append
    )
    with_owner(azure.directory, PASSWORD)
    return Asked(azure, issuer, notes)
