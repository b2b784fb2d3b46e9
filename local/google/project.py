"""One project of Google Cloud's: what is in it, and by which names its members and resources are meant."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import jwt

from local.google.errors import RefusedError
from local.google.policies import Bindings, granted

PROJECT, NUMBER = "my-project", "123456789012"
CLOUD_PLATFORM = "https://www.googleapis.com/auth/cloud-platform"


@dataclass(frozen=True)
class Provider:
    """Who exchanges tokens: the issuer, keys and audiences of those that it accepts; None: the issuer has the keys."""

    issuer: str
    jwks: dict[str, Any] | None
    audiences: tuple[str, ...]


@dataclass
class Pool:
    """A workload identity pool and its providers, as their documents are. A deleted pool keeps its id."""

    document: dict[str, Any]
    providers: dict[str, dict[str, Any]] = field(default_factory=dict)


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


@dataclass(frozen=True)
class AccessToken:
    """What a token stands for: the members that its bearer is, a scope, and its end in seconds since 1970."""

    members: frozenset[str]
    identity: str
    """For people and trails."""
    scope: str
    expires: float


def _no_keys(issuer: str, _: str) -> jwt.PyJWK:
    raise jwt.PyJWKClientError(f"Error connecting to the given credential's issuer: {issuer}")


@dataclass
class Project:
    """What is in the project. Nothing of it is written to a disk."""

    providers: dict[str, Provider] = field(default_factory=dict)
    """By the audience of an exchange."""
    pools: dict[str, Pool] = field(default_factory=dict)
    """By their ids."""
    bindings: Bindings = field(default_factory=list)
    secret_bindings: dict[str, Bindings] = field(default_factory=dict)
    account_bindings: dict[str, Bindings] = field(default_factory=dict)
    """By the email of a service account."""
    accounts: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Service accounts by their emails, as their documents are."""
    secrets: dict[str, Stored] = field(default_factory=dict)
    """By their ids; a region's have the region and `/` before them."""
    audit_configs: list[dict[str, Any]] = field(default_factory=list)
    """Which calls of which services are logged, besides writes: in the project's policy."""
    documents: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Sinks and alerts, as they were written."""
    tokens: dict[str, AccessToken] = field(default_factory=dict)
    owners: frozenset[str] = frozenset()
    """Members who may do everything."""
    apis: set[str] = field(default_factory=lambda: {"iam", "iamcredentials", "secretmanager", "sts"})
    """Those that are on, as Service Usage says; all of them answer."""
    state: str = "ACTIVE"
    """Of the project's life."""
    lifetime: float = 3600
    """Of access tokens, in seconds."""
    keys: Callable[[str, str], jwt.PyJWK] = _no_keys
    """The key by which an issuer says that it signed a token."""

    def provider(self, audience: str) -> Provider | None:
        """Return who exchanges tokens under this name: one of `providers`, or of the pools that are there."""
        if audience in self.providers:
            return self.providers[audience]
        for pool in self.pools.values():
            for provider in pool.providers.values():
                name = f"//iam.googleapis.com/{provider['name']}"
                disabled = pool.document.get("disabled") or provider.get("disabled")
                if name == audience and pool.document["state"] == provider["state"] == "ACTIVE" and not disabled:
                    oidc = provider["oidc"]
                    keys = json.loads(oidc["jwksJson"]) if oidc.get("jwksJson") else None
                    audiences = tuple(oidc.get("allowedAudiences") or (name, f"https:{name}"))
                    return Provider(oidc["issuerUri"], keys, audiences)
        return None

    def issue(self, members: frozenset[str], identity: str, scope: str) -> str:
        """Return a new access token."""
        token = f"ya29.{secrets.token_urlsafe(24)}"
        self.tokens[token] = AccessToken(members, identity, scope, time.time() + self.lifetime)
        return token

    def authorize(
        self, who: AccessToken, permission: str, resource: dict[str, str], bindings: Bindings | None = None
    ) -> None:
        """Refuse who has the permission neither on the project nor by the bindings of the resource itself."""
        if not self.allows(who, permission, resource, bindings):
            denied = f"Permission '{permission}' denied for resource '{resource['name']}'"
            raise RefusedError(403, f"{denied} (or it may not exist).", reason="IAM_PERMISSION_DENIED")

    def allows(
        self, who: AccessToken, permission: str, resource: dict[str, str], bindings: Bindings | None = None
    ) -> bool:
        """Whether somebody has the permission on the project, or by the bindings of the resource itself."""
        return not self.owners.isdisjoint(who.members) or granted(
            permission, [*self.bindings, *(bindings or [])], who.members, resource
        )


PROJECT_RESOURCE = {
    "name": f"projects/{NUMBER}",
    "type": "cloudresourcemanager.googleapis.com/Project",
    "service": "cloudresourcemanager.googleapis.com",
}
"""What a condition sees of the project itself.

https://cloud.google.com/iam/docs/conditions-resource-attributes
"""


def members(audience: str, subject: str) -> frozenset[str]:
    """The member names by which a binding can mean a token's subject, which this provider has vouched for."""
    kind, _, rest = audience.partition(":")
    if kind == "identitynamespace":
        pool = rest.partition(":https://")[0]
        namespace, account = subject.removeprefix("system:serviceaccount:").split(":")
        name = f"projects/{NUMBER}/locations/global/workloadIdentityPools/{pool}"
        direct = f"principal://iam.googleapis.com/{name}/subject/ns/{namespace}/sa/{account}"
        return frozenset({direct, f"serviceAccount:{pool}[{namespace}/{account}]"})
    name = audience.removeprefix("//iam.googleapis.com/").partition("/providers/")[0]
    return frozenset({f"principal://iam.googleapis.com/{name}/subject/{subject}"})


def secret_name(secret: str) -> str:
    """The resource name of a secret, which has the project's number, and a region's the region."""
    location, _, name = secret.rpartition("/")
    return f"projects/{NUMBER}{f'/locations/{location}' if location else ''}/secrets/{name}"
