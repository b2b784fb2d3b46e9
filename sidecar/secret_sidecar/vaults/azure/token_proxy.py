"""AKS identity bindings: tokens are exchanged at a proxy of the cluster's, in place of Entra itself.

The cluster says which ServiceAccount may use which client, and needs one federated credential for all of them. The
variables are those that AKS's webhook sets, and that Azure's own clients read.

Sources: https://learn.microsoft.com/azure/aks/identity-bindings-concepts,
https://github.com/Azure/azure-sdk-for-go/tree/main/sdk/azidentity/internal/customtokenproxy
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from secret_sidecar.errors import SettingsError
from secret_sidecar.http_client.http import Client
from secret_sidecar.http_client.network import Network
from secret_sidecar.http_client.origin import Origin
from secret_sidecar.http_client.tls import Trust

PROXY = "AZURE_KUBERNETES_TOKEN_PROXY"
SNI_NAME = "AZURE_KUBERNETES_SNI_NAME"
CA_FILE = "AZURE_KUBERNETES_CA_FILE"
CA_DATA = "AZURE_KUBERNETES_CA_DATA"

_FORM = "an https URL without user, query and fragment, such as 'https://blue.hcp.westeurope.azmk8s.io'"
_PATH = re.compile(r"(?:/[A-Za-z0-9._~-]+)*/?")
_HOST = re.compile(r"(?=.{1,253}\Z)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*")


@dataclass(frozen=True)
class TokenProxy:
    """The proxy's server, the path before Entra's own, and the certificates that alone are trusted there."""

    origin: Origin
    path: str
    ca_file: str | None
    ca_data: str

    @classmethod
    def of(cls, url: str, sni: str, ca_file: str | None, ca_data: str) -> TokenProxy | None:
        """Return what the settings say, None without any, or raise SettingsError where only a part is set."""
        given = {SNI_NAME: sni, CA_FILE: ca_file, CA_DATA: ca_data}
        if not url:
            for variable in (variable for variable, value in given.items() if value):
                raise SettingsError(f"{PROXY} is not set though {variable} is: expected {_FORM}")
            return None
        if bool(ca_file) == bool(ca_data):
            raise SettingsError(
                f"{CA_FILE} and {CA_DATA} are {'both' if ca_file else 'not'} set: expected one of them beside {PROXY}, "
                "with the certificates of the cluster's API server"
            )
        origin, path = _parse(url)
        return cls(replace(origin, sni=sni), path.rstrip("/"), ca_file, ca_data)

    def client(self, network: Network) -> Client:
        """Return a client that trusts the given certificates and no others."""
        if self.ca_file:
            return network.client(self.origin, self.ca_file, CA_FILE)
        trust = Trust(None, CA_DATA, ca_data=self.ca_data, strict=network.tls_strict)
        return Client(self.origin, trust, proxy=network.proxies.for_origin(self.origin))


def check_proxy(text: str) -> str:
    """Return the proxy's URL, or raise ValueError with the form expected."""
    _parse(text)
    return text


def check_sni(text: str) -> str:
    """Return a host's name, or raise ValueError with the form expected."""
    if not _HOST.fullmatch(text.lower()):
        raise ValueError("a host's name, such as 'a1b2c3.ests.aks'")
    return text.lower()


def _parse(url: str) -> tuple[Origin, str]:
    try:
        path = urlsplit(url).path
        origin = Origin.parse(url.removesuffix(path) if path else url)
    except ValueError:
        raise ValueError(_FORM) from None
    if origin.scheme != "https" or not _PATH.fullmatch(path):
        raise ValueError(_FORM)
    return origin, path
