"""How servers are reached: through which proxy, and how strictly their certificates are judged."""

from __future__ import annotations

from dataclasses import dataclass

from secret_sidecar.http_client.http import Client
from secret_sidecar.http_client.origin import Origin
from secret_sidecar.http_client.proxy import Proxies
from secret_sidecar.http_client.tls import SYSTEM, ClientCertificate, Trust


@dataclass(frozen=True)
class Network:
    """What holds for every server that is asked."""

    proxies: Proxies
    tls_strict: bool = True

    def client(
        self,
        origin: Origin,
        ca_bundle: str | None = None,
        variable: str = SYSTEM,
        certificate: ClientCertificate | None = None,
    ) -> Client:
        """Return a client of an origin; `variable` is where the file of trusted certificates was given."""
        trust = self.trust(origin, ca_bundle, variable, certificate)
        return Client(origin, trust, proxy=self.proxies.for_origin(origin))

    def trust(
        self,
        origin: Origin,
        ca_bundle: str | None = None,
        variable: str = SYSTEM,
        certificate: ClientCertificate | None = None,
    ) -> Trust | None:
        """Return what is trusted of an https origin, and shown to it; none for http, for each costs memory."""
        if origin.scheme == "http":
            return None
        return Trust(ca_bundle, variable, certificate, strict=self.tls_strict)
