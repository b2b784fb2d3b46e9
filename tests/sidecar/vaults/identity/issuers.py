"""Every way of obtaining credentials from a service, each at a scripted server, and an answer that has some."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from secret_sidecar.http_client.http import Client
from secret_sidecar.http_client.origin import Origin
from secret_sidecar.vaults.aws.pod_identity import AgentUrl, PodIdentity
from secret_sidecar.vaults.aws.web_identity import WebIdentity
from secret_sidecar.vaults.azure.audience import Audience
from secret_sidecar.vaults.azure.federation import Federation as Entra
from secret_sidecar.vaults.gcp.external_account import ExternalAccount, Url
from secret_sidecar.vaults.gcp.federation import Federation as Google
from secret_sidecar.vaults.gcp.metadata import Metadata
from secret_sidecar.vaults.hashicorp.jwt_login import JwtLogin
from secret_sidecar.vaults.identity.credentials import Issuer
from tests.fakes.scripted import Scripted, reply

JSON = "Content-Type: application/json"
FLAVOR = "Metadata-Flavor: Google"


def found(document: dict[str, Any], *lines: str) -> bytes:
    """A JSON answer of status 200."""
    return reply(json.dumps(document).encode(), 200, JSON, *lines)


def access_token(*lines: str, **members: Any) -> bytes:
    """A token as OAuth 2.0 gives it."""
    return found({"access_token": "t0k3n", "token_type": "Bearer", **members}, *lines)


def assumed(*lines: str, expires: str = "2100-01-01T00:00:00Z") -> bytes:
    """STS's credentials."""
    body = (
        "<a><Arn>arn</Arn><AccessKeyId>k</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"
        f"<SessionToken>t</SessionToken><Expiration>{expires}</Expiration></a>"
    )
    return reply(body.encode(), 200, "Content-Type: text/xml", *lines)


def from_agent(*lines: str, expires: str = "2100-01-01T00:00:00Z") -> bytes:
    """The credentials that an agent gives."""
    keys = {"AccessKeyId": "k", "SecretAccessKey": "s", "Token": "t", "Expiration": expires}
    return found(keys, *lines)


EMAIL = reply(b"me@example.com", 200, FLAVOR)


def generated(*lines: str, expires: str = "2100-01-01T00:00:00Z") -> bytes:
    """A service account's token, as Google's IAM gives it."""
    return found({"accessToken": "t0k3n", "expireTime": expires}, *lines)


LOGIN = found({"auth": {"client_token": "s.t0k3n", "lease_duration": 3600}})

Make = Callable[[Scripted], Issuer[Any]]


def client(server: Scripted) -> Client:
    """A client of the server's."""
    return Client(Origin("http", "127.0.0.1", server.port))


def account(server: Scripted, service_account: bool = False) -> ExternalAccount:
    """A pool's exchange, and maybe a service account to become."""
    origin = client(server).origin
    become = Url(origin, "/v1/projects/-/serviceAccounts/a@b:generateAccessToken") if service_account else None
    file = Path("/nonexistent")
    return ExternalAccount(audience="pool", token_url=Url(origin, "/t"), service_account_url=become, token_file=file)


ISSUERS: dict[str, tuple[Make, tuple[bytes, ...]]] = {
    "STS": (lambda server: WebIdentity(client(server), "role", lambda: "t", "me"), (assumed(),)),
    "an agent": (
        lambda server: PodIdentity(client(server), AgentUrl(client(server).origin, "/x"), None, "t"),
        (from_agent(),),
    ),
    "the metadata server": (
        lambda server: Metadata(client(server)),
        (EMAIL, access_token(FLAVOR, expires_in=3600)),
    ),
    "Google's STS": (
        lambda server: Google(account(server), lambda: "t", client(server), None),
        (access_token(expires_in=3600),),
    ),
    "Google's IAM": (
        lambda server: Google(account(server, service_account=True), lambda: "t", one := client(server), one),
        (access_token(expires_in=3600), generated()),
    ),
    "Entra": (
        lambda server: Entra(client(server), "tenant", "client", Audience(client(server).origin, None), lambda: "t"),
        (access_token(expires_in=3600),),
    ),
    "Vault": (lambda server: JwtLogin(client(server), "jwt", "test", "", lambda: "t"), (LOGIN,)),
}
"""How to make an issuer, and the answers that it needs."""
