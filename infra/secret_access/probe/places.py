"""Where a sidecar's secrets are, as its settings say. Pure.

Two namespaces may read from two places: two regions, two projects, a Key Vault each. Whoever asks for another's secret
has to ask there, with its own identity.
"""

from collections.abc import Mapping
from dataclasses import dataclass

REALM: Mapping[str, tuple[str, ...]] = {
    "aws": ("AWS_ENDPOINT_URL",),
    "gcp": ("CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER",),
    "azure": ("AZURE_AUTHORITY_HOST", "AZURE_TENANT_ID"),
    "vault": ("BAO_ADDR", "VAULT_ADDR", "BAO_NAMESPACE", "VAULT_NAMESPACE"),
}
"""By vault, the settings that say in which cloud or server an identity is known. It is unknown in another."""
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


def place(vault: str, settings: Mapping[str, str]) -> Place:
    """Return where a sidecar reads from. Raise KeyError for a vault that no cloud's IAM is behind."""
    realm = [settings[name] for name in REALM[vault] if settings.get(name)]
    location = tuple((name, settings[name]) for name in LOCATION[vault] if settings.get(name))
    return Place(vault, " ".join(realm), location)
