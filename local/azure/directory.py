"""What the fake of Azure holds: managed identities, whom they trust, vaults, and who has which role where."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field
from typing import Any

TENANT = "11111111-1111-1111-1111-111111111111"
SUBSCRIPTION = "22222222-2222-2222-2222-222222222222"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/secrets"
VAULTS = f"{GROUP}/providers/Microsoft.KeyVault/vaults"
AUDIENCE = "api://AzureADTokenExchange"
VAULT_RESOURCE = "https://vault.azure.net"
MANAGEMENT_RESOURCE = "https://management.azure.com"


@dataclass(frozen=True)
class FederatedCredential:
    """The tokens that a client accepts as its assertion: each member but the name must match exactly."""

    issuer: str
    subject: str
    audience: str = AUDIENCE
    name: str = ""


@dataclass(frozen=True)
class RoleAssignment:
    """A role of a principal on a scope: a subscription's, group's, vault's or secret's resource id."""

    principal_id: str
    role: str
    scope: str
    name: str = ""


@dataclass(frozen=True)
class Identity:
    """A user-assigned managed identity."""

    id: str
    client_id: str
    principal_id: str
    location: str
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Access:
    """What an access token stands for: a principal, at one of Azure's services, until a time in seconds since 1970."""

    client_id: str
    resource: str
    expires: float
    subject: str = ""
    """Whose token it was exchanged for."""


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
    group: str = GROUP
    location: str = "westeurope"
    tags: dict[str, str] = field(default_factory=dict)
    properties: dict[str, object] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """Its resource id."""
        return f"{self.group}/providers/Microsoft.KeyVault/vaults/{self.name}"

    def add(self, name: str, value: str) -> Version:
        """Make a new version the current one."""
        version = Version(value, int(time.time()))
        self.secrets.setdefault(name.lower(), []).append(version)
        return version


class Directory:
    """One tenant and subscription. A client that is no identity of it is its own principal."""

    def __init__(self) -> None:
        self.identities: dict[str, Identity] = {}
        """By resource id in lower case."""
        self.federated: dict[str, list[FederatedCredential]] = {}
        """By client id."""
        self.passwords: dict[str, str] = {}
        """Client secrets of applications, by client id."""
        self.assignments: list[RoleAssignment] = []
        self.vaults: dict[str, Vault] = {}
        """By the host, or the host and port, that requests name."""
        self.deleted_vaults: dict[str, Vault] = {}
        """By name in lower case."""
        self.tokens: dict[str, Access] = {}
        self.state = "Enabled"
        """The subscription's."""
        self.providers = {"Microsoft.KeyVault", "Microsoft.ManagedIdentity"}
        """Resource providers that it has registered, as it says; all of them answer."""
        self.most_assignments = 4000
        self.documents: dict[str, dict[str, Any]] = {}
        """What else there is, by resource id in lower case, as it was written."""

    def principal_of(self, client_id: str) -> str:
        """The principal that roles are assigned to."""
        found = (one.principal_id for one in self.identities.values() if one.client_id == client_id)
        return next(found, client_id)

    def vault_named(self, name: str) -> Vault | None:
        """A vault by its name, which no other has."""
        return next((vault for vault in self.vaults.values() if vault.name.lower() == name.lower()), None)
