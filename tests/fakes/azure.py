"""A fake of Azure: Entra's token endpoint for federated credentials, and Key Vaults' secrets.

It verifies an assertion's signature (by the issuer's key set), issuer, subject, audience and times against the
federated credentials of the client that is asked for, and evaluates role assignments on vaults and on single secrets.
Vaults are told apart by the host that a request names. It does not know access policies, groups, deny assignments or
quotas.
"""

from __future__ import annotations

import re
import secrets
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import jwt

from tests.fakes.issuer import Issuer, verified
from tests.fakes.server import Reply, Request, Server

TENANT = "11111111-1111-1111-1111-111111111111"
AUDIENCE = "api://AzureADTokenExchange"
VAULTS = (
    "/subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/secrets/providers/Microsoft.KeyVault/vaults"
)
RESOURCE = "https://vault.azure.net"
# https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/security, what is of use here.
ROLES = {
    "Key Vault Secrets User": {"secrets/getSecret/action", "secrets/readMetadata/action"},
    "Key Vault Secrets Officer": {
        "secrets/getSecret/action", "secrets/readMetadata/action", "secrets/setSecret/action", "secrets/delete",
    },
    "Key Vault Reader": {"secrets/readMetadata/action"},
}  # fmt: skip
PAGE = 3


@dataclass(frozen=True)
class FederatedCredential:
    """The tokens that a client accepts as its assertion: each member must match exactly."""

    issuer: str
    subject: str
    audience: str = AUDIENCE


@dataclass(frozen=True)
class RoleAssignment:
    """A role of a client on a scope: a vault's resource id, or one of its secrets'."""

    client_id: str
    role: str
    scope: str


@dataclass
class Version:
    """A version of a secret."""

    value: str
    created: int
    enabled: bool = True
    id: str = field(default_factory=lambda: secrets.token_hex(16))


@dataclass
class Vault:
    """A vault's secrets by lowercase name, those deleted and not purged, and the code of its firewall's refusal."""

    name: str
    secrets: dict[str, list[Version]] = field(default_factory=dict)
    deleted: dict[str, list[Version]] = field(default_factory=dict)
    firewall: str | None = None

    @property
    def id(self) -> str:
        """Its resource id."""
        return f"{VAULTS}/{self.name}"

    def add(self, name: str, value: str) -> Version:
        """Make a new version the current one."""
        version = Version(value, int(time.time()))
        self.secrets.setdefault(name.lower(), []).append(version)
        return version


class Refused(Exception):
    """An error as Key Vault words it."""

    def __init__(self, status: int, code: str, message: str, inner: str | None = None, **headers: str) -> None:
        super().__init__(message)
        error: dict[str, Any] = {"code": code, "message": message}
        if inner:
            error["innererror"] = {"code": inner}
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        self.reply = Reply({"error": error}, status, sent)


class FakeAzure:
    """One tenant, with a vault at `localhost` and another at `127.0.0.1`."""

    def __init__(self, issuer: Issuer, tls: ssl.SSLContext) -> None:
        self.keys = {issuer.url: issuer.jwks}
        self.federated: dict[str, list[FederatedCredential]] = {}
        self.assignments: list[RoleAssignment] = []
        self.vaults = {"localhost": Vault("kv-test"), "127.0.0.1": Vault("kv-prod")}
        self.tokens: dict[str, tuple[str, str, float]] = {}
        self.lifetime = 3600
        self.server = Server(self.answer, tls)

    def answer(self, request: Request) -> Reply:
        """Answer a request for Entra or for a vault."""
        if request.path == f"/{TENANT}/oauth2/v2.0/token":
            return self._token(request.form)
        if request.path == f"/{TENANT}/v2.0/.well-known/openid-configuration":
            return self._discovery()
        if match := re.fullmatch(r"/secrets/([0-9A-Za-z-]{1,127})(?:/([0-9a-z]*))?", request.path):
            try:
                reply = self._secret(match[1].lower(), match[2] or "", request)
            except Refused as refused:
                reply = refused.reply
            return replace(reply, headers={"x-ms-request-id": "request-1", **reply.headers})
        return Reply(b"<html>Not Found</html>", 404, content_type="text/html")

    # Entra.

    def _discovery(self) -> Reply:
        base = f"{self.server.url}/{TENANT}"
        return Reply({
            "issuer": f"{base}/v2.0",
            "token_endpoint": f"{base}/oauth2/v2.0/token",
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
            "jwks_uri": f"{base}/discovery/v2.0/keys",
        })  # fmt: skip

    def _token(self, form: dict[str, str]) -> Reply:
        if form["client_assertion_type"] != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer":
            return _oauth("invalid_request", 900144)
        if form["grant_type"] != "client_credentials" or form["scope"] != f"{RESOURCE}/.default":
            return _oauth("invalid_scope", 70011)
        client = form["client_id"]
        if client not in self.federated:
            return _oauth("unauthorized_client", 700016)
        code = self._mismatch(self.federated[client], form["client_assertion"])
        if code:
            return _oauth("invalid_client", code, 401)
        token = secrets.token_urlsafe(24)
        self.tokens[token] = (client, RESOURCE, time.time() + self.lifetime)
        return Reply({"token_type": "Bearer", "expires_in": self.lifetime, "access_token": token})

    def _mismatch(self, credentials: list[FederatedCredential], assertion: str) -> int:
        """The number of Entra's error, or 0 if the assertion is valid for the client."""
        try:
            claims = jwt.decode(assertion, options={"verify_signature": False})
        except jwt.InvalidTokenError:
            return 50027
        wanted: list[tuple[int, Callable[[FederatedCredential], bool]]] = [
            (700211, lambda c: c.issuer == claims["iss"] and c.issuer in self.keys),
            (700213, lambda c: c.subject == claims["sub"]),
            (700212, lambda c: claims["aud"] in (c.audience, [c.audience])),
        ]
        for code, matches in wanted:
            credentials = [credential for credential in credentials if matches(credential)]
            if not credentials:
                return code
        try:
            verified(assertion, self.keys[claims["iss"]], claims["iss"], credentials[0].audience)
        except (jwt.ExpiredSignatureError, jwt.ImmatureSignatureError):
            return 700024
        except jwt.InvalidTokenError:
            return 700027
        return 0

    # Key Vault.

    def _secret(self, name: str, version: str, request: Request) -> Reply:
        if not request.query.get("api-version"):
            raise Refused(400, "BadParameter", "api-version must be specified")
        base = f"https://{request.headers['host']}/secrets/{name}"
        vault = self.vaults[request.headers["host"].partition(":")[0]]
        client = self._caller(request)
        if vault.firewall:
            message = "Client address is not authorized and caller is not a trusted service."
            raise Refused(403, "Forbidden", message, vault.firewall)
        match request.method, version:
            case "GET", "versions":
                self._authorize(client, vault, name, "secrets/readMetadata/action")
                return _versions(vault.secrets.get(name, []), base, request)
            case "GET", _:
                self._authorize(client, vault, name, "secrets/getSecret/action")
                return _read(vault.secrets.get(name, []), base, version)
            case "PUT", "":
                self._authorize(client, vault, name, "secrets/setSecret/action")
                return _set(vault, name, base, request.json["value"])
            case "DELETE", "":
                self._authorize(client, vault, name, "secrets/delete")
                last = _read(vault.secrets.get(name, []), base, "").document
                vault.deleted[name] = vault.secrets.pop(name)
                del last["value"]
                return Reply({**last, "recoveryId": base.replace("/secrets/", "/deletedsecrets/")})
        raise Refused(405, "MethodNotAllowed", "The method is not allowed.")

    def _caller(self, request: Request) -> str:
        client, resource, expires = self.tokens.get(request.bearer, ("", "", 0.0))
        if resource != RESOURCE or expires < time.time():
            challenge = f'Bearer authorization="{self.server.url}/{TENANT}", resource="{RESOURCE}"'
            raise Refused(
                401, "Unauthorized", "AKV10000: Request is missing a valid token.", www_authenticate=challenge
            )
        return client

    def _authorize(self, client: str, vault: Vault, name: str, action: str) -> None:
        scope = f"{vault.id}/secrets/{name}"
        for assignment in self.assignments:
            covers = f"{scope}/".lower().startswith(f"{assignment.scope}/".lower())
            if assignment.client_id == client and covers and action in ROLES[assignment.role]:
                return
        message = (
            "Caller is not authorized to perform action on resource.\r\nIf role assignments, deny assignments or role "
            f"definitions were changed recently, please observe propagation time.\r\nCaller: appid={client}\r\n"
            f"Action: 'Microsoft.KeyVault/vaults/{action}'\r\nResource: '{scope}'"
        )
        raise Refused(403, "Forbidden", message, "ForbiddenByRbac")


def _bundle(version: Version, base: str) -> dict[str, Any]:
    times = {"created": version.created, "updated": version.created}
    return {"id": f"{base}/{version.id}", "attributes": {"enabled": version.enabled, **times}}


def _read(versions: list[Version], base: str, wanted: str) -> Reply:
    found = [version for version in versions if wanted in ("", version.id)]
    if not found:
        name = base.rpartition("/")[2]
        raise Refused(404, "SecretNotFound", f"A secret with (name/id) {name} was not found in this key vault.")
    if not found[-1].enabled:
        raise Refused(403, "Forbidden", "Operation get is not allowed on a disabled secret.", "SecretDisabled")
    return Reply({"value": found[-1].value, **_bundle(found[-1], base)})


def _versions(versions: list[Version], base: str, request: Request) -> Reply:
    """A page of versions, in the order of their ids as in Key Vault itself."""
    start, size = int(request.query.get("$skiptoken", "0")), int(request.query.get("maxresults", PAGE))
    page = sorted(versions, key=lambda version: version.id)[start : start + size]
    more = len(versions) > start + size
    link = f"{base}/versions?api-version=7.4&$skiptoken={start + size}&maxresults={size}" if more else None
    return Reply({"value": [_bundle(version, base) for version in page], "nextLink": link})


def _set(vault: Vault, name: str, base: str, value: str) -> Reply:
    if name in vault.deleted:
        message = f"Secret {name} is currently in a deleted but recoverable state."
        raise Refused(409, "Conflict", message, "ObjectIsDeletedButRecoverable")
    if len(value.encode()) > 25 * 1024:
        raise Refused(400, "BadParameter", "The secret value is too long.")
    return Reply({"value": value, **_bundle(vault.add(name, value), base)})


def _oauth(error: str, number: int, status: int = 400) -> Reply:
    """An error as Entra words it."""
    description = f"AADSTS{number}: no."
    return Reply(
        {"error": error, "error_description": description, "error_codes": [number], "trace_id": "trace-1"}, status
    )
