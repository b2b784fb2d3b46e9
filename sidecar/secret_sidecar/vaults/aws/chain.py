"""boto3's own chain, for laptops: profiles, SSO, what else a developer has. Imported only when nothing else is set."""

from __future__ import annotations

import asyncio
import os
import time

import boto3
import botocore.exceptions
import botocore.session

from secret_sidecar.errors import IdentityDelayed, IdentityUnavailable, SettingsError
from secret_sidecar.http_client.connection import Answer
from secret_sidecar.vaults.aws.credentials import Credentials
from secret_sidecar.vaults.aws.errors import passes

ASKED_AGAIN_AFTER = 300.0
"""Seconds: boto3 renews by itself, more than this ahead of expiry, so the chain is simply asked now and then."""


class Chain:
    """Asks boto3 in a thread, for it reads files, runs commands and calls services."""

    def __init__(self) -> None:
        try:
            self._session = boto3.Session()
        except botocore.exceptions.ProfileNotFound:
            profiles = ", ".join(map(repr, botocore.session.Session().available_profiles))
            given = os.environ.get("AWS_PROFILE") or os.environ.get("AWS_DEFAULT_PROFILE", "")
            expected = f"one of {profiles}" if profiles else "none, for no file has any"
            raise SettingsError(f"AWS_PROFILE={given!r}: no such profile; expected {expected}") from None
        except botocore.exceptions.BotoCoreError as error:
            raise SettingsError(
                f"boto3's chain: {type(error).__name__}; expected the files of `aws configure`, in AWS_CONFIG_FILE and "
                "AWS_SHARED_CREDENTIALS_FILE or in ~/.aws"
            ) from None

    async def obtain(self, deadline: float) -> Credentials:  # noqa: ARG002 (boto3 has time limits of its own)
        """Return what the chain holds now, or raise IdentityUnavailable."""
        return await asyncio.to_thread(self._load)

    async def close(self) -> None:
        """Hold nothing."""

    def _load(self) -> Credentials:
        try:
            found = self._session.get_credentials()
            frozen = None if found is None else found.get_frozen_credentials()
        except botocore.exceptions.ClientError as error:
            raise _refusal(error) from None
        except Exception as error:  # noqa: BLE001 (the developer's files and commands may make it raise anything)
            raise IdentityUnavailable(f"boto3's chain: {type(error).__name__}") from None
        if found is None or frozen is None:
            raise IdentityUnavailable(
                "no AWS credentials: set AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE, or AWS_ACCESS_KEY_ID and "
                "AWS_SECRET_ACCESS_KEY, or log in with a profile that boto3 finds"
            )
        access_key, secret_key = frozen.access_key or "", frozen.secret_key or ""
        identity = f"access key {access_key} by boto3's {found.method}"
        return Credentials(access_key, secret_key, frozen.token, time.time() + ASKED_AGAIN_AFTER, identity)


def _refusal(error: botocore.exceptions.ClientError) -> IdentityUnavailable:
    """Return what it means that AWS refused a call of the chain's, such as AssumeRole."""
    metadata = error.response.get("ResponseMetadata", {})
    code = error.response.get("Error", {}).get("Code") or None
    passing = passes(Answer(metadata.get("HTTPStatusCode", 0), {}, b""), code)
    return (IdentityDelayed if passing else IdentityUnavailable)(
        f"boto3's chain: {error.operation_name} was refused: {code or 'no code'}",
        code=code,
        request_id=metadata.get("RequestId"),
    )
