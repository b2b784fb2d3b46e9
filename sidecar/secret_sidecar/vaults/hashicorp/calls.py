"""Calls to Vault: with its namespace, and where it refuses one, with a look at whether the token still lives."""

from __future__ import annotations

from secret_sidecar.errors import CredentialsRefused
from secret_sidecar.http_client.connection import Answer
from secret_sidecar.http_client.http import Client
from secret_sidecar.vaults import bearer
from secret_sidecar.vaults.hashicorp.errors import VAULT, DeniedInDoubt, error_of
from secret_sidecar.vaults.identity.credentials import Bearer, Source

_LOOKUP = "/v1/auth/token/lookup-self"


def headers_of(namespace: str) -> tuple[tuple[str, str], ...]:
    """Return what goes with every request: the mark that keeps forged ones out, and Vault's own namespace."""
    return (("X-Vault-Request", "true"), *((("X-Vault-Namespace", namespace),) if namespace else ()))


class VaultClient(bearer.BearerClient):
    """Vault, asked with a token that it may have revoked before its time."""

    def __init__(self, client: Client, source: Source[Bearer], namespace: str) -> None:
        super().__init__(VAULT, client, source, error_of, headers_of(namespace))

    async def _exchange(
        self, bearer: Bearer, method: str, target: str, name: str, body: bytes, deadline: float, *, once: bool
    ) -> tuple[Answer, str]:
        try:
            return await super()._exchange(bearer, method, target, name, body, deadline, once=once)
        except DeniedInDoubt as denied:
            try:
                await super()._exchange(bearer, "GET", _LOOKUP, name, b"", deadline, once=False)
            except DeniedInDoubt:
                raise CredentialsRefused(
                    f"{VAULT} did not accept the token of {bearer.identity}: {denied.code}",
                    code=denied.code,
                    identity=bearer.identity,
                ) from None
            raise
