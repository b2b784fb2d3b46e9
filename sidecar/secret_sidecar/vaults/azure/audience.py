"""For which cloud's vaults a token is asked: each of Azure's clouds has its own, and a vault says which is its.

Source: https://learn.microsoft.com/azure/key-vault/general/authentication-requests-and-responses (the challenge), and
https://aka.ms/azsdk/blog/vault-uri: a resource that is not a parent of the vault's host must not be believed.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from secret_sidecar.errors import IdentityDelayed
from secret_sidecar.http_client.http import Client
from secret_sidecar.http_client.origin import Origin
from secret_sidecar.vaults.error_kinds import is_passing
from secret_sidecar.vaults.identity import identity_service

_PUBLIC = "vault.azure.net"
_CLOUDS = (_PUBLIC, "vault.azure.cn", "vault.usgovcloudapi.net")
_RESOURCE = re.compile(r'\b(?:resource|scope)="?https://([a-z0-9.-]+)(?:/\.default)?/?(?=[", ]|$)')
_TARGET = "/secrets/audience?api-version=7.4"


class Audience:
    """What a token for one vault is asked for: known by its host, or asked of the vault without a token.

    `connect` returns a client of the vault's, if it has to be asked. Without that, and where the vault names no parent
    of its host, it is the public cloud's. What a challenge says is remembered; without a challenge, as behind a
    firewall, the vault is asked again for the next token.
    """

    def __init__(self, vault: Origin, connect: Callable[[], Client] | None) -> None:
        self._vault = vault
        self._connect = connect
        known = next((cloud for cloud in _CLOUDS if vault.host.endswith(f".{cloud}")), None)
        has_domain = re.search("[a-z]", vault.host) and "." in vault.host and ":" not in vault.host
        self._cloud = known or (None if connect and has_domain else _PUBLIC)

    async def scope(self, deadline: float, identity: str) -> str:
        """Return it, or raise IdentityDelayed or IdentityUnavailable; the deadline is in the loop's time."""
        cloud = self._cloud or await self._ask(deadline, identity)
        return f"https://{cloud}/.default"

    async def _ask(self, deadline: float, identity: str) -> str:
        assert self._connect is not None  # noqa: S101
        client = self._connect()
        answer = await identity_service.ask("Azure Key Vault", client, "GET", _TARGET, (), b"", deadline, identity)
        await client.close()
        if is_passing(answer.status):
            raise IdentityDelayed(f"Azure Key Vault is not available: HTTP {answer.status}", identity=identity)
        named = _RESOURCE.search(answer.headers.get("www-authenticate", ""))
        cloud = named[1] if named and self._vault.host.endswith(f".{named[1]}") else _PUBLIC
        if answer.status == 401:
            self._cloud = cloud
        return cloud
