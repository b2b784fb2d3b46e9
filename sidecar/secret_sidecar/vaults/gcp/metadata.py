"""The metadata server: on GKE it speaks for the pod's ServiceAccount, on a VM for the machine's service account.

Source: https://cloud.google.com/compute/docs/access/authenticate-workloads#applications
"""

from __future__ import annotations

from secret_sidecar.errors import IdentityDelayed, IdentityUnavailable
from secret_sidecar.http_client.connection import Answer
from secret_sidecar.http_client.http import Client
from secret_sidecar.http_client.origin import Origin
from secret_sidecar.retry import retrying
from secret_sidecar.vaults.bearer import json_object
from secret_sidecar.vaults.error_kinds import is_passing
from secret_sidecar.vaults.identity import identity_service
from secret_sidecar.vaults.identity.credentials import Bearer

HOST = Origin("http", "metadata.google.internal", 80)
_ACCOUNT = "/computeMetadata/v1/instance/service-accounts/default"
_FLAVOR = (("Metadata-Flavor", "Google"),)
_WHO = "the metadata server's default service account"


class Metadata:
    """Asks for the default account's token; the server and we show each other the header that no browser sends."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def obtain(self, deadline: float) -> Bearer:
        """Return a token that is valid for some time, or raise IdentityUnavailable."""
        return await retrying(lambda: self._obtain(deadline), deadline)

    async def close(self) -> None:
        """Close connections."""
        await self._client.close()

    async def _obtain(self, deadline: float) -> Bearer:
        email = (await self._ask("/email", deadline)).body.decode("utf-8", "replace").strip()[:256]
        answer = await self._ask("/token", deadline)
        bearer = identity_service.bearer(json_object(answer), email)
        if bearer is None:
            raise IdentityUnavailable("the metadata server answered with something other than a token", identity=email)
        return bearer

    async def _ask(self, what: str, deadline: float) -> Answer:
        answer = await identity_service.ask(
            "the metadata server", self._client, "GET", f"{_ACCOUNT}{what}", _FLAVOR, b"", deadline, _WHO
        )
        if is_passing(answer.status):
            raise IdentityDelayed(f"the metadata server is not available: HTTP {answer.status}", identity=_WHO)
        if answer.headers.get("metadata-flavor") != "Google":
            detail = f"{self._client.origin} is not a metadata server: expected the header Metadata-Flavor: Google"
            raise IdentityUnavailable(detail, identity=_WHO)
        if answer.status != 200:
            detail = f"the metadata server has no default service account: HTTP {answer.status}"
            raise IdentityUnavailable(detail, identity=_WHO)
        return answer
