"""Connections of one caller: nobody else's answers can come over them, and all trust the same certificates."""

from __future__ import annotations

from collections.abc import Iterable

from secret_sidecar.http_client import tls
from secret_sidecar.http_client.http import Client
from secret_sidecar.http_client.origin import Origin
from secret_sidecar.http_client.proxy import Proxies

CONNECTIONS = 16
"""Connections to the vault that one caller has at a time."""


class Clients:
    """Makes clients for a backend's servers; what is trusted is loaded once for all, for each costs memory."""

    def __init__(
        self,
        proxies: Proxies,
        origins: Iterable[Origin],
        ca_bundle: str | None = None,
        variable: str = "SSL_CERT_FILE",
        client: tls.ClientCertificate | None = None,
    ) -> None:
        self._proxies = proxies
        secure = any(origin.scheme == "https" for origin in origins)
        self._trust = tls.Trust(ca_bundle, variable, client) if secure else None

    def client(self, origin: Origin, connections: int = 1) -> Client:
        """Return a client that nobody else has."""
        return Client(origin, self._trust, connections=connections, proxy=self._proxies.for_origin(origin))
