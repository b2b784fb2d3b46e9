"""A fake of Google Cloud: the token exchange, impersonation, the metadata server, and Secret Manager's REST.

It verifies a token's signature (by the provider's key set), issuer, audience and times, and evaluates IAM bindings with
their conditions, in CEL, on the project, on secrets and on service accounts. It does not know organizations, deny
policies, attribute mappings other than google.subject = assertion.sub, or quotas.
"""

from __future__ import annotations

import base64
import re
import secrets
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import cel
import jwt

from secret_sidecar.vaults.gcp.crc32c import crc32c
from tests.fakes.issuer import Issuer, verified
from tests.fakes.server import Reply, Request, Server

PROJECT, NUMBER = "my-project", "123456789012"
POOL = f"projects/{NUMBER}/locations/global/workloadIdentityPools/clusters"
PROVIDER = f"//iam.googleapis.com/{POOL}/providers/staging"
GKE_POOL = f"{PROJECT}.svc.id.goog"
GKE_ISSUER = f"https://container.googleapis.com/v1/projects/{PROJECT}/locations/europe-west1/clusters/staging"
GKE_PROVIDER = f"identitynamespace:{GKE_POOL}:{GKE_ISSUER}"
CLOUD_PLATFORM = "https://www.googleapis.com/auth/cloud-platform"
IAM = "https://www.googleapis.com/auth/iam"
STATUSES = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND"}
# https://cloud.google.com/secret-manager/docs/access-control, what is of use here.
ROLES = {
    "roles/secretmanager.secretAccessor": {"versions.access"},
    "roles/secretmanager.viewer": {"versions.get", "secrets.get"},
    "roles/secretmanager.secretVersionAdder": {"versions.add"},
    "roles/secretmanager.admin": {
        "versions.access", "versions.get", "versions.add", "secrets.get", "secrets.create", "secrets.delete",
    },
    "roles/iam.workloadIdentityUser": {"getAccessToken"},
}  # fmt: skip

Bindings = list[dict[str, Any]]


@dataclass(frozen=True)
class Provider:
    """A pool's provider: the issuer, keys and audience of the tokens that it accepts."""

    issuer: str
    jwks: dict[str, Any]
    audience: str


@dataclass
class Stored:
    """A secret: its versions, their states, and its aliases."""

    versions: list[bytes] = field(default_factory=list)
    states: dict[int, str] = field(default_factory=dict)
    aliases: dict[str, int] = field(default_factory=dict)

    def number(self, version: str) -> int:
        """The number of an existing version, else 0."""
        number = len(self.versions) if version == "latest" else self.aliases.get(version, 0)
        number = number or (int(version) if version.isdigit() else 0)
        return number if number <= len(self.versions) else 0


class Refused(Exception):
    """A google.rpc.Status."""

    def __init__(self, http: int, message: str, status: str | None = None, reason: str | None = None) -> None:
        super().__init__(message)
        error = {"code": http, "message": message, "status": status or STATUSES[http]}
        if reason:
            detail = {
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": reason,
                "domain": "iam.googleapis.com",
            }
            error |= {"details": [detail]}
        self.reply = Reply({"error": error}, http)


class FakeGoogle:
    """One project. A binding is as in an IAM policy: role, members, and maybe a condition with its expression."""

    def __init__(self, issuer: Issuer) -> None:
        self.providers = {
            PROVIDER: Provider(issuer.url, issuer.jwks, f"https:{PROVIDER}"),
            GKE_PROVIDER: Provider(issuer.url, issuer.jwks, GKE_POOL),
        }
        self.bindings: Bindings = []
        self.secret_bindings: dict[str, Bindings] = {}
        self.account_bindings: dict[str, Bindings] = {}
        self.secrets: dict[str, Stored] = {}
        self.tokens: dict[str, tuple[frozenset[str], str, float]] = {}
        self.machine = frozenset({f"serviceAccount:machine@{PROJECT}.iam.gserviceaccount.com"})
        self.lifetime = 3600
        self.server = Server(self.answer)

    def answer(self, request: Request) -> Reply:
        """Answer a request for any of the services."""
        try:
            if request.path == "/v1/token":
                return self._exchange(request.form)
            if request.path.startswith("/computeMetadata/"):
                return self._metadata(request)
            if match := re.fullmatch(r"/v1/projects/-/serviceAccounts/([^/:]+):generateAccessToken", request.path):
                return self._become(match[1], request)
            if match := re.fullmatch(rf"/v1/projects/(?:{PROJECT}|{NUMBER})/secrets(?:/(.+))?", request.path):
                return self._secret_manager(match[1] or "", request)
        except Refused as refused:
            return refused.reply
        return Reply(b"<html>Not Found</html>", 404, content_type="text/html")

    # The token exchange, and what comes of it.

    def _exchange(self, form: dict[str, str]) -> Reply:
        wanted = {
            "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
            "requested_token_type": "urn:ietf:params:oauth:token-type:access_token",
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        }
        if wrong := [name for name, value in wanted.items() if form.get(name) != value]:
            return Reply({"error": "invalid_request", "error_description": f"Invalid {wrong[0]}."}, 400)
        audience = form.get("audience", "")
        provider = self.providers.get(audience)
        if provider is None:
            return Reply({"error": "invalid_target", "error_description": "Invalid audience."}, 400)
        try:
            claims = verified(form["subject_token"], provider.jwks, provider.issuer, provider.audience)
        except jwt.InvalidTokenError as error:
            return Reply({"error": "invalid_grant", "error_description": str(error)}, 400)
        return self._bearer(members(audience, claims["sub"]), form["scope"])

    def _bearer(self, who: frozenset[str], scope: str) -> Reply:
        token = self._issue(who, scope)
        kind = "urn:ietf:params:oauth:token-type:access_token"
        document = {"access_token": token, "token_type": "Bearer", "expires_in": self.lifetime}
        return Reply({**document, "issued_token_type": kind})

    def _issue(self, who: frozenset[str], scope: str) -> str:
        token = f"ya29.{secrets.token_urlsafe(24)}"
        self.tokens[token] = (who, scope, time.time() + self.lifetime)
        return token

    def _become(self, email: str, request: Request) -> Reply:
        who = self._caller(request, {IAM, CLOUD_PLATFORM})
        if not _granted("getAccessToken", self.account_bindings.get(email, []), who, {}):
            raise Refused(
                403, "Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist)."
            )
        expires = datetime.fromtimestamp(time.time() + self.lifetime, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        token = self._issue(frozenset({f"serviceAccount:{email}"}), *request.json["scope"])
        return Reply({"accessToken": token, "expireTime": expires})

    def _metadata(self, request: Request) -> Reply:
        flavor = {"Metadata-Flavor": "Google"}
        if request.headers.get("metadata-flavor") != "Google":
            return Reply(b"Missing Metadata-Flavor:Google header.", 403, flavor, "text/html")
        (member,) = self.machine
        what = request.path.removeprefix("/computeMetadata/v1/instance/service-accounts/default/")
        if what == "email":
            return Reply(member.removeprefix("serviceAccount:").encode(), 200, flavor, "application/text")
        return (
            Reply(self._bearer(self.machine, CLOUD_PLATFORM).document, 200, flavor)
            if what == "token"
            else Reply(b"", 404, flavor)
        )

    def _caller(self, request: Request, scopes: set[str]) -> frozenset[str]:
        who, scope, expires = self.tokens.get(request.bearer, (frozenset(), "", 0.0))
        if expires < time.time():
            raise Refused(401, "Request had invalid authentication credentials.")
        if scope not in scopes:
            message = "Request had insufficient authentication scopes."
            raise Refused(403, message, reason="ACCESS_TOKEN_SCOPE_INSUFFICIENT")
        return who

    # Secret Manager.

    def _secret_manager(self, rest: str, request: Request) -> Reply:
        who = self._caller(request, {CLOUD_PLATFORM})
        secret_id, _, version = rest.partition("/versions/")
        match request.method, secret_id.partition(":"), version.partition(":"):
            case "GET", (str(name), "", ""), (str(number), ":", "access"):
                return self._version("versions.access", who, name, number)
            case "GET", (str(name), "", ""), (str(number), "", "") if number:
                return self._version("versions.get", who, name, number)
            case "POST", ("", "", ""), ("", "", ""):
                return self._create(who, request)
            case "POST", (str(name), ":", "addVersion"), ("", "", ""):
                self._authorize("versions.add", who, name)
                return self._add(self._stored(name), name, request.json["payload"])
            case "DELETE", (str(name), "", ""), ("", "", ""):
                self._authorize("secrets.delete", who, name)
                self._stored(name)
                del self.secrets[name]
                return Reply({})
        raise Refused(404, "Method not found.")

    def _version(self, permission: str, who: frozenset[str], name: str, version: str) -> Reply:
        self._authorize(permission, who, name, version)
        stored = self._stored(name)
        number = stored.number(version)
        if number == 0:
            raise Refused(404, f"Secret Version [projects/{NUMBER}/secrets/{name}/versions/{version}] not found.")
        resource = f"projects/{NUMBER}/secrets/{name}/versions/{number}"
        state = stored.states.get(number, "ENABLED")
        if permission == "versions.get":
            return Reply({"name": resource, "createTime": "2026-11-24T00:00:00Z", "state": state, "etag": '"1"'})
        if state != "ENABLED":
            raise Refused(400, f"Secret Version [{resource}] is in {state} state.", "FAILED_PRECONDITION")
        data = stored.versions[number - 1]
        payload = {"data": base64.b64encode(data).decode(), "dataCrc32c": str(crc32c(data))}
        return Reply({"name": resource, "payload": payload})

    def _create(self, who: frozenset[str], request: Request) -> Reply:
        name = request.query["secretId"]
        self._authorize("secrets.create", who)
        if name in self.secrets:
            raise Refused(409, f"Secret [projects/{NUMBER}/secrets/{name}] already exists.", "ALREADY_EXISTS")
        if "automatic" not in request.json["replication"]:
            raise Refused(400, "Replication is required.")
        self.secrets[name] = Stored()
        return Reply({"name": f"projects/{NUMBER}/secrets/{name}", "replication": {"automatic": {}}})

    def _add(self, stored: Stored, name: str, payload: dict[str, str]) -> Reply:
        data = base64.b64decode(payload["data"])
        if not 0 < len(data) <= 65536:
            raise Refused(400, "The secret payload must be between 1 and 65536 bytes.")
        if int(payload.get("dataCrc32c", crc32c(data))) != crc32c(data):
            raise Refused(400, "The checksum does not match.")
        stored.versions.append(data)
        return Reply({"name": f"projects/{NUMBER}/secrets/{name}/versions/{len(stored.versions)}", "state": "ENABLED"})

    def _stored(self, name: str) -> Stored:
        if name not in self.secrets:
            raise Refused(404, f"Secret [projects/{NUMBER}/secrets/{name}] not found or has no versions.")
        return self.secrets[name]

    def _authorize(self, permission: str, who: frozenset[str], name: str = "", version: str = "") -> None:
        resource = resource_attributes(name, version)
        bindings = [*self.bindings, *self.secret_bindings.get(name, [])]
        if not _granted(permission, bindings, who, resource):
            denied = f"Permission 'secretmanager.{permission}' denied for resource '{resource['name']}'"
            raise Refused(403, f"{denied} (or it may not exist).", reason="IAM_PERMISSION_DENIED")


def members(audience: str, subject: str) -> frozenset[str]:
    """The member names by which a binding can mean a token's subject."""
    if audience == GKE_PROVIDER:
        namespace, account = subject.removeprefix("system:serviceaccount:").split(":")
        pool = f"projects/{NUMBER}/locations/global/workloadIdentityPools/{GKE_POOL}"
        direct = f"principal://iam.googleapis.com/{pool}/subject/ns/{namespace}/sa/{account}"
        return frozenset({direct, f"serviceAccount:{GKE_POOL}[{namespace}/{account}]"})
    return frozenset({f"principal://iam.googleapis.com/{POOL}/subject/{subject}"})


def resource_attributes(name: str, version: str) -> dict[str, str]:
    """What a condition sees: the version, the secret, or, where a secret is to be created, the project.

    https://cloud.google.com/iam/docs/conditions-resource-attributes
    """
    if not name:
        kind = "cloudresourcemanager.googleapis.com/Project"
        return {"name": f"projects/{NUMBER}", "type": kind, "service": "cloudresourcemanager.googleapis.com"}
    secret, kind = f"projects/{NUMBER}/secrets/{name}", "SecretVersion" if version else "Secret"
    full = f"{secret}/versions/{version}" if version else secret
    return {"name": full, "type": f"secretmanager.googleapis.com/{kind}", "service": "secretmanager.googleapis.com"}


def _granted(permission: str, bindings: Bindings, who: frozenset[str], resource: dict[str, str]) -> bool:
    return any(
        permission in ROLES[binding["role"]]
        and not who.isdisjoint(binding["members"])
        and _holds(binding.get("condition", {"expression": "true"})["expression"], resource)
        for binding in bindings
    )


def _holds(expression: str, resource: dict[str, str]) -> bool:
    return cel.evaluate(expression, {"resource": resource}) is True
