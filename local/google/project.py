"""One project of Google Cloud's: what is in it, and by which names its members and resources are meant."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field
from typing import Any

from local.google.policies import Bindings

PROJECT, NUMBER = "my-project", "123456789012"
CLOUD_PLATFORM = "https://www.googleapis.com/auth/cloud-platform"


@dataclass(frozen=True)
class Provider:
    """Who exchanges tokens: the issuer, keys and audience of those that it accepts."""

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


@dataclass(frozen=True)
class AccessToken:
    """What a token stands for: the members that its bearer is, a scope, and its end in seconds since 1970."""

    members: frozenset[str]
    identity: str
    """For people and trails."""
    scope: str
    expires: float


@dataclass
class Project:
    """What is in the project. Nothing of it is written to a disk."""

    providers: dict[str, Provider] = field(default_factory=dict)
    """By the audience of an exchange."""
    bindings: Bindings = field(default_factory=list)
    secret_bindings: dict[str, Bindings] = field(default_factory=dict)
    account_bindings: dict[str, Bindings] = field(default_factory=dict)
    """By the email of a service account."""
    secrets: dict[str, Stored] = field(default_factory=dict)
    tokens: dict[str, AccessToken] = field(default_factory=dict)
    lifetime: float = 3600
    """Of access tokens, in seconds."""

    def issue(self, members: frozenset[str], identity: str, scope: str) -> str:
        """Return a new access token."""
        token = f"ya29.{secrets.token_urlsafe(24)}"
        self.tokens[token] = AccessToken(members, identity, scope, time.time() + self.lifetime)
        return token


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


def resource_attributes(name: str, version: str) -> dict[str, str]:
    """What a condition sees: the version, the secret, or, where a secret is to be created, the project.

    https://cloud.google.com/iam/docs/conditions-resource-attributes
    """
    if not name:
        kind = "cloudresourcemanager.googleapis.com/Project"
        return {"name": f"projects/{NUMBER}", "type": kind, "service": "cloudresourcemanager.googleapis.com"}
    kind = "SecretVersion" if version else "Secret"
    full = f"{secret_name(name)}/versions/{version}" if version else secret_name(name)
    return {"name": full, "type": f"secretmanager.googleapis.com/{kind}", "service": "secretmanager.googleapis.com"}


def secret_name(secret: str) -> str:
    """The resource name of a secret, which has the project's number."""
    return f"projects/{NUMBER}/secrets/{secret}"
