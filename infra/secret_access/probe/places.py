"""Where a sidecar's secrets are, as its settings say, and who can ask there. Pure.

Two namespaces may read from two places: two regions, two projects, a Key Vault each. Whoever asks for another's secret
has to ask there, with its own identity.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

ALIASES: Mapping[str, str] = {"awssecrets": "aws", "gcpsecrets": "gcp", "azurekeyvault": "azure"}
"""Names of vaults that the sidecar understands too."""
REALM: Mapping[str, tuple[str, ...]] = {
    "aws": ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SECRETS_MANAGER"),
    "gcp": ("CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER",),
    "azure": ("AZURE_AUTHORITY_HOST", "AZURE_TENANT_ID"),
    "vault": ("BAO_ADDR", "VAULT_ADDR", "BAO_NAMESPACE", "VAULT_NAMESPACE"),
}
"""By vault, the settings that say in which cloud or server an identity is known.

An identity is shown nowhere else: a namespace could name a server of its own, to collect what others show it.
"""
LOCATION: Mapping[str, tuple[str, ...]] = {
    "aws": ("AWS_DEFAULT_REGION", "AWS_REGION", "SECRETS_AWS_REPLICA_REGIONS"),
    "gcp": ("GCP_PROJECT_ID", "GOOGLE_CLOUD_PROJECT", "SECRETS_GCP_LOCATION"),
    "azure": ("AZURE_KEYVAULT_URL",),
    "vault": ("SECRETS_VAULT_MOUNT",),
}
"""By vault, the settings that say where the secrets are: with those of another namespace, a sidecar asks there."""


@dataclass(frozen=True)
class Place:
    """Where secrets are, and who can ask there at all."""

    vault: str
    realm: str
    """The same for all whose identities are known to each other's vaults."""
    location: tuple[tuple[str, str], ...]
    """The settings that lead there."""

    def __str__(self) -> str:
        return " ".join(filter(None, (self.vault, self.realm, *(value for _, value in self.location))))

    def why_not_asked_by(self, other: "Place") -> str:
        """Return why an identity of another place of the same vault is not shown here; empty if it is."""
        if other.realm != self.realm:
            return f"its identity is of {other}"
        hosts = [urlsplit(dict(each.location).get("AZURE_KEYVAULT_URL", "")).hostname or "" for each in (self, other)]
        if hosts[0] != hosts[1] and _domain(hosts[0]) != _domain(hosts[1]):
            return f"{hosts[0] or 'no host'} is not of the domain of its own Key Vault, {hosts[1] or 'none'}"
        return ""


def place(vault: str, settings: Mapping[str, str]) -> Place:
    """Return where a sidecar reads from. Raise KeyError for a vault that no cloud's IAM is behind."""
    realm = [_plain(settings[name]) for name in REALM[vault] if settings.get(name)]
    location = tuple((name, _plain(settings[name])) for name in LOCATION[vault] if settings.get(name))
    return Place(vault, " ".join(realm), location)


def _plain(value: str) -> str:
    """Return an address as all spell it; other values as they are."""
    return value.rstrip("/").lower() if "://" in value else value


def _domain(host: str) -> str:
    """Return what all vaults of one cloud's hosts end in: `vault.azure.net`."""
    try:
        ip_address(host)
    except ValueError:
        return host.partition(".")[2] or host
    return host
