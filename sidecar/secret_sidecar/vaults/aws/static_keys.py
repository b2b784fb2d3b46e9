"""Credentials that the environment holds."""

from __future__ import annotations

from secret_sidecar.vaults.aws.credentials import Credentials


class StaticKeys:
    """AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and maybe AWS_SESSION_TOKEN: they never change."""

    def __init__(self, access_key: str, secret_key: str, token: str | None) -> None:
        identity = f"access key {access_key}"
        self._credentials = Credentials(access_key, secret_key, token, expires=None, identity=identity)

    @property
    def expires(self) -> float | None:
        """Never."""
        return None

    async def get(self, deadline: float) -> Credentials:  # noqa: ARG002
        """Return the credentials."""
        return self._credentials

    async def renew(self, refused: Credentials, deadline: float) -> Credentials:  # noqa: ARG002
        """Return the same: there are no others."""
        return self._credentials

    async def close(self) -> None:
        """Hold nothing."""
