"""The fake Azure in the machine: Entra and Resource Manager at one port, and each vault at one of its own.

A pod resolves no names here, so a vault has no host of its own.
"""

from __future__ import annotations

import asyncio
import ssl
import sys
from collections.abc import Callable
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

from local import config
from local.azure.credential_writes import CredentialWrites
from local.azure.directory import SUBSCRIPTION, Directory, RoleAssignment
from local.azure.refusal import Refused
from local.azure.service import Azure
from local.http_service import Listener, Reply, Request
from local.issuer_keys import IssuerKeys
from local.trail import TrailFile

OWNER = "55555555-5555-5555-5555-555555555555"
"""The client id of the subscription's owner, who has a client secret."""
WRITE_SECONDS = 0.2
"""How long a federated credential is being written; Azure takes longer."""
MOST_VAULTS = 64
PAGE = 25
TRAIL = TrailFile(config.LOGS / "azure-trail.jsonl")


class Service(Listener):
    """Answers at one port."""

    def __init__(self, answer: Callable[[Request], Reply], host: str, port: int, tls: ssl.SSLContext) -> None:
        self._writes = CredentialWrites(answer, partial(asyncio.sleep, WRITE_SECONDS))
        self.host = host
        self.port = port
        self.tls = tls

    async def serve(self, request: Request, writer: asyncio.StreamWriter) -> bool:
        """Answer."""
        writer.write((await self._writes.answer(request)).render())
        await writer.drain()
        return True


def with_owner(directory: Directory, password: str) -> None:
    """Let the owner manage the subscription, and use the secrets of its vaults."""
    directory.passwords[OWNER] = password
    scope = f"/subscriptions/{SUBSCRIPTION}"
    directory.assignments += [
        RoleAssignment(OWNER, role, scope, name)
        for role, name in (
            ("Owner", "66666666-6666-6666-6666-666666666666"),
            ("Key Vault Secrets Officer", "77777777-7777-7777-7777-777777777777"),
        )
    ]


def free_address(directory: Directory, host: str, first_port: int) -> str:
    """The first address that no vault has; raises Refused where there is none left."""
    addresses = (f"{host}:{port}" for port in range(first_port, first_port + MOST_VAULTS))
    for address in addresses:
        if address not in directory.vaults:
            return address
    raise Refused(409, "QuotaExceeded", f"There are {MOST_VAULTS} vaults, and no ports for more.")


async def run(authority: Path, certificate: Path, key: Path, password: Path) -> None:
    """Serve Azure on the machine's address until stopped."""
    host, _, port = config.AZURE_URL.removeprefix("https://").partition(":")
    azure = Azure(
        IssuerKeys(authority),
        lambda: config.AZURE_URL,
        lambda: free_address(azure.directory, host, int(port) + 1),
        TRAIL.append,
        page=PAGE,
    )
    with_owner(azure.directory, password.read_text())  # noqa: ASYNC240  once, before anybody asks
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    async with AsyncExitStack() as services:
        for number in range(MOST_VAULTS + 1):
            await services.enter_async_context(Service(azure.answer, host, int(port) + number, tls))
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(run(*map(Path, sys.argv[1:5])))
