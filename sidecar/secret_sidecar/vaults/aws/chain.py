"""boto3's own chain, for laptops: profiles, SSO, what else a developer has. Imported only when nothing else is set."""

from __future__ import annotations

import asyncio
import time

import boto3
import botocore.exceptions

from secret_sidecar.errors import IdentityUnavailable
from secret_sidecar.vaults.aws.credentials import Credentials

ASKED_AGAIN_AFTER = 300.0
"""Seconds: boto3 renews by itself, more than this ahead of expiry, so the chain is simply asked now and then."""


class Chain:
    """Asks boto3 in a thread, for it reads files, runs commands and calls services."""

    def __init__(self) -> None:
        self._session = boto3.Session()

    async def obtain(self, deadline: float) -> Credentials:  # noqa: ARG002 (boto3 has time limits of its own)
        """Return what the chain holds now, or raise IdentityUnavailable."""
        return await asyncio.to_thread(self._load)

    async def close(self) -> None:
        """Hold nothing."""

    def _load(self) -> Credentials:
        try:
            found = self._session.get_credentials()
            if found is None:
                raise IdentityUnavailable(
                    "no AWS credentials: set AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE, or AWS_ACCESS_KEY_ID and "
                    "AWS_SECRET_ACCESS_KEY, or log in with a profile that boto3 finds"
                )
            frozen = found.get_frozen_credentials()
        except botocore.exceptions.BotoCoreError as error:
            raise IdentityUnavailable(f"boto3's chain: {type(error).__name__}") from None
        access_key, secret_key = frozen.access_key or "", frozen.secret_key or ""
        identity = f"access key {access_key} by boto3's {found.method}"
        return Credentials(access_key, secret_key, frozen.token, time.time() + ASKED_AGAIN_AFTER, identity)
