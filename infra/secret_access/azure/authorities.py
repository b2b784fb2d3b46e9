"""Azure's clouds, by the address of their Entra. Pure.

Sources: Entra, "National clouds"; Key Vault, "Azure Key Vault security worlds and DNS suffixes".
"""

from dataclasses import dataclass

from ..checks import invalid
from .documents import ResourceId

PUBLIC = "https://login.microsoftonline.com"


@dataclass(frozen=True)
class AzureCloud:
    """What is called otherwise in each of Azure's clouds."""

    operator_name: str
    """Its name at the External Secrets Operator."""
    vaults: str
    """The domain of its vaults."""


CHINA = AzureCloud("ChinaCloud", "vault.azure.cn")
CLOUDS = {
    PUBLIC: AzureCloud("PublicCloud", "vault.azure.net"),
    "https://login.windows.net": AzureCloud("PublicCloud", "vault.azure.net"),
    "https://login.microsoftonline.us": AzureCloud("USGovernmentCloud", "vault.usgovcloudapi.net"),
    "https://login.partner.microsoftonline.cn": CHINA,
    "https://login.chinacloudapi.cn": CHINA,
}


def cloud_of(authority_host: str | None) -> AzureCloud | None:
    """Return the cloud that has an authority, or None for one that is not Azure's own."""
    return CLOUDS.get((authority_host or PUBLIC).lower().rstrip("/").removesuffix(":443"))


def vault_url(given: str | None, vault: ResourceId, authority_host: str | None) -> str:
    """Return the address of a vault that exists: the cloud has a domain for vaults."""
    if given is not None:
        return given
    cloud = cloud_of(authority_host)
    if cloud is None:
        raise invalid(
            "vault_url is missing beside an authority_host that is not one of Azure's own",
            authority_host,
            f"vault_url too, or one of {', '.join(CLOUDS)}",
            "set vault_url: the domain of its vaults is not known",
        )
    return f"https://{vault.name.lower()}.{cloud.vaults}"
