"""Connections of one caller: nobody else's answers can come over them, and all trust the same certificates."""

from __future__ import annotations

from collections.abc import Iterable

from secret_sidecar.http_client.http import Client
from secret_sidecar.http_client.network import Network
from secret_sidecar.http_client.origin import Origin
from secret_sidecar.http_client.tls import SYSTEM, ClientCertificate

CONNECTIONS = 16
"""Connections to the vault that one caller has at a time."""


class Clients:
    """Makes clients for a backend's servers; what is trusted is loaded once for all, for each costs memory."""

    def __init__(
        self,
        network: Network,
        origins: Iterable[Origin],
        ca_bundle: str | None = None,
        variable: str = SYSTEM,
        client: ClientCertificate | None = None,
    ) -> None:
        self._network = network
        secure = next((origin for origin in origins if origin.scheme == "https"), None)
        self._trust = None if secure is None else network.trust(secure, ca_bundle, variable, client)

    def client(self, origin: Origin, connections: int = 1) -> Client:
        """Return a client that nobody else has."""
        return Client(origin, self._trust, connections=connections, proxy=self._network.proxies.for_origin(origin))
