"""AWS Secrets Manager.

Sources: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html, API_DescribeSecret.html
"""

from __future__ import annotations

import binascii
import json
import time
from typing import Any

import secret_names
from secret_sidecar import tls
from secret_sidecar.credentials import Credentials, Source
from secret_sidecar.credentials.sources import open_source
from secret_sidecar.errors import (
    ConnectFailed,
    ConnectionLost,
    CredentialsRefused,
    DeadlineExceeded,
    Deleted,
    Denied,
    MalformedAnswer,
    NameRefused,
    NotFound,
    OddAnswer,
    TimedOut,
    TransportError,
    Unavailable,
    VaultError,
)
from secret_sidecar.http import Answer, Client
from secret_sidecar.regions import endpoint
from secret_sidecar.retry import retrying
from secret_sidecar.settings import Settings
from secret_sidecar.sigv4 import Signer
from secret_sidecar.stores import Secret
from secret_sidecar.stores.aws_errors import VAULT, error_of, json_object, request_id

_CONTENT_TYPE = ("Content-Type", "application/x-amz-json-1.1")
_TRANSPORT: dict[type[TransportError], type[VaultError]] = {
    ConnectFailed: Unavailable,
    ConnectionLost: Unavailable,
    MalformedAnswer: OddAnswer,
    DeadlineExceeded: TimedOut,
}


class AwsStore:
    """Reads secrets with signed calls of the project's own, for an SDK costs four times as much per read."""

    backend = "aws"

    def __init__(self, client: Client, source: Source, region: str) -> None:
        self._client = client
        self._source = source
        self._signer = Signer("secretsmanager", region)
        self._host = ("Host", client.origin.authority)

    @classmethod
    def from_settings(cls, settings: Settings) -> AwsStore:
        """Return a store for the settings' endpoint and credentials."""
        region = settings.aws_region
        origin = (
            settings.aws_endpoint_url_secrets_manager or settings.aws_endpoint_url or endpoint("secretsmanager", region)
        )
        client = Client(origin, tls.context_for(origin, settings.aws_ca_bundle))
        return cls(client, open_source(settings), region)

    def check_name(self, name: str) -> str:
        """Return the name if AWS's alphabet can spell it."""
        return secret_names.check_aws_name(name)

    async def get(self, name: str, deadline: float) -> Secret:
        """Read the version labelled AWSCURRENT."""
        answer, identity = await self._call("GetSecretValue", name, deadline)
        secret = _secret(json_object(answer), name)
        if secret is None:
            detail = f"{VAULT} answered the read of {name!r} with something that is no secret of that name"
            raise OddAnswer(detail, request_id=request_id(answer), identity=identity)
        return secret

    async def probe(self, name: str, deadline: float) -> None:
        """Ask for a secret's description: a role that may only read values is refused, and so was known."""
        try:
            answer, identity = await self._call("DescribeSecret", name, deadline)
        except (Denied, NotFound, Deleted, NameRefused):
            return
        if json_object(answer) is None:
            raise OddAnswer(f"{VAULT} answered with something that is no description", identity=identity)

    async def close(self) -> None:
        """Close connections and stop a refresh."""
        await self._source.close()
        await self._client.close()

    async def _call(self, action: str, name: str, deadline: float) -> tuple[Answer, str]:
        """Return the answer to a call that succeeded and the identity that made it."""
        body = json.dumps({"SecretId": name}).encode()
        return await retrying(lambda: self._accepted(action, name, body, deadline), deadline)

    async def _accepted(self, action: str, name: str, body: bytes, deadline: float) -> tuple[Answer, str]:
        """Call; if the credentials are not accepted, once more with renewed ones."""
        credentials = await self._source.get(deadline)
        try:
            return await self._once(credentials, action, name, body, deadline)
        except CredentialsRefused:
            renewed = await self._source.renew(credentials, deadline)
            if renewed is credentials:
                raise
        return await self._once(renewed, action, name, body, deadline)

    async def _once(
        self, credentials: Credentials, action: str, name: str, body: bytes, deadline: float
    ) -> tuple[Answer, str]:
        headers = (self._host, _CONTENT_TYPE, ("X-Amz-Target", f"secretsmanager.{action}"))
        signed = self._signer.sign(credentials, "POST", "/", headers, body, time.time())
        try:
            answer = await self._client.send("POST", "/", signed[1:], body, deadline)
        except TransportError as error:
            raise _TRANSPORT[type(error)](f"{VAULT}: {error}", identity=credentials.identity) from None
        if answer.status != 200:
            raise error_of(answer, name, credentials.identity)
        return answer, credentials.identity


def _secret(document: dict[str, Any] | None, name: str) -> Secret | None:
    """Return the secret that a document describes, or None if it has another name or lacks what every secret has."""
    if document is None or document.get("Name", name) != name:
        return None
    match document:
        case {"VersionId": str(version), "SecretString": str(text)}:
            return Secret(name, text, version)
        case {"VersionId": str(version), "SecretBinary": str(encoded)} if _is_base64(encoded):
            return Secret(name, encoded, version, "base64")
    return None


def _is_base64(text: str) -> bool:
    try:
        binascii.a2b_base64(text, strict_mode=True)
    except ValueError:
        return False
    return True
