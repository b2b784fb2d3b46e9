"""A fake Azure that is asked over TLS on loopback, with two ports for vaults."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Mapping
from typing import Any

from local.azure.server import Service, with_owner
from local.azure.service import Azure
from local.pki import Authority
from tests.fakes.azure import KeySets


class Server(threading.Thread):
    """Serves in a loop of its own."""

    def __init__(self, authority: Authority, password: str, keys: Mapping[str, Any]) -> None:
        super().__init__()
        self.ca = authority.cert
        certificate = authority.server("azure", addresses=["127.0.0.1"], hosts=[], common_name="azure")
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate.cert, certificate.key)
        free: list[str] = []
        self.azure = Azure(KeySets(keys), lambda: self.url, lambda: free.pop(0))
        with_owner(self.azure.directory, password)
        self._services = [Service(self.azure.answer, "127.0.0.1", 0, tls) for _ in range(3)]
        self.free = free
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._stopping = asyncio.Event()

    def run(self) -> None:
        """Serve until stopped."""
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    def begin(self) -> None:
        """Start, and wait until the ports are known."""
        self.start()
        self._ready.wait()

    def end(self) -> None:
        """Stop."""
        self._loop.call_soon_threadsafe(self._stopping.set)
        self.join()

    async def _serve(self) -> None:
        for service in self._services:
            await service.open()
        self.url = f"https://127.0.0.1:{self._services[0].port}"
        self.free += [f"127.0.0.1:{service.port}" for service in self._services[1:]]
        self._ready.set()
        await self._stopping.wait()
        for service in self._services:
            await service.close()
