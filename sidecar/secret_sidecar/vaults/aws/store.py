"""AWS Secrets Manager.

Sources: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html, and beside it
API_DescribeSecret.html, API_CreateSecret.html, API_PutSecretValue.html, API_DeleteSecret.html
"""

from __future__ import annotations

import base64
import re
import uuid
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any, NoReturn

from secret_names import vaults
from secret_sidecar.errors import (
    BadRequest,
    BadUpstreamResponse,
    CredentialsRefused,
    Deleted,
    Denied,
    NameRefused,
    NotFound,
    TransportError,
    ValueRefused,
)
from secret_sidecar.flat_json import json_of
from secret_sidecar.http_client.connection import Answer
from secret_sidecar.http_client.http import Client
from secret_sidecar.http_client.origin import Origin
from secret_sidecar.retry import retrying
from secret_sidecar.settings import Settings
from secret_sidecar.vaults.aws.credentials import Credentials, Source
from secret_sidecar.vaults.aws.errors import VAULT, Call, error_of, request_id
from secret_sidecar.vaults.aws.replicas import ReplicatedStore
from secret_sidecar.vaults.aws.settings import CA_BUNDLE, AwsSettings
from secret_sidecar.vaults.aws.signing_clock import SigningClock
from secret_sidecar.vaults.aws.sigv4 import Prepared, Signer, prepare
from secret_sidecar.vaults.aws.sources import open_source
from secret_sidecar.vaults.bearer import TRANSPORT, json_object
from secret_sidecar.vaults.store import NewValue, Secret, Store, Written, is_base64

MAX_VALUE = 65536
"""Bytes of a secret's value."""
VERSION_LENGTH = range(32, 65)
STAGE_LENGTH = range(1, 257)
_VERSION = re.compile(r"[!#-~]{1,64}")
"""What an answer may have for one: it goes into a header, in quotes."""

_CONTENT_TYPE = ("Content-Type", "application/x-amz-json-1.1")
spelled = vaults.AWS.spelled


@dataclass(frozen=True, slots=True, repr=False)
class _Request:
    """What calls of one action have in common: what is signed of it, and its bytes."""

    prepared: Prepared
    start: bytes


class AwsStore:
    """Reads and writes secrets with signed calls of the project's own, for an SDK costs four times as much per read."""

    backend = "aws"
    spelling = vaults.AWS

    def __init__(self, client: Client, source: Source, region: str, clock: SigningClock | None = None) -> None:
        self._client = client
        self._source = source
        self._clock = clock or SigningClock()
        self._signer = Signer("secretsmanager", region)
        self._host = ("Host", client.origin.authority)
        self._requests: dict[str, _Request] = {}

    @property
    def expires(self) -> float | None:
        """When the credentials in use end, in seconds since 1970."""
        return self._source.expires

    async def get(self, name: str, deadline: float, *, version: str | None = None, stage: str | None = None) -> Secret:
        """Read the version with that id or staging label, else the one labelled AWSCURRENT."""
        members, which = {"SecretId": spelled(name)}, "current value"
        if version is not None:
            members["VersionId"] = _bounded("version", version, VERSION_LENGTH)
            which = f"version {version!r}"
        if stage is not None:
            members["VersionStage"] = _bounded("stage", stage, STAGE_LENGTH)
            which = f"stage {stage!r}"
        answer, identity = await self._call(Call("GetSecretValue", name, which), members, deadline)
        document = json_object(answer)
        secret = _secret(document, name, identity, request_id(answer))
        if document is None or secret is None:
            raise self._bad_response(
                answer, identity, f"the read of {name!r} with something other than a secret of that name"
            )
        if (version is not None and secret.version != version) or (stage is not None and _lacks(document, stage)):
            raise self._bad_response(answer, identity, f"the read of {name!r} with another version than its {which}")
        return secret

    async def current_version(self, name: str, deadline: float) -> str:
        """Return the id of the version labelled AWSCURRENT, by a call that the value is no part of."""
        call = Call("DescribeSecret", name)
        answer, identity = await self._call(call, {"SecretId": spelled(name)}, deadline)
        description = json_object(answer)
        if description is None or description.get("Name") != spelled(name):
            raise self._bad_response(answer, identity, f"with something other than a description of {name!r}")
        found = {"identity": identity, "request_id": request_id(answer)}
        if description.get("DeletedDate"):
            raise Deleted(f"{VAULT} has {name!r} marked for deletion", **found)
        match description.get("VersionIdsToStages"):
            case dict(versions):
                for version, stages in versions.items():
                    if isinstance(stages, list) and "AWSCURRENT" in stages:
                        return str(version)
        raise NotFound(f"{VAULT} has no current value of {name!r}", **found)

    async def create(self, name: str, value: NewValue, deadline: float) -> Written:
        """Make a secret with a first version."""
        return await self._write(Call("CreateSecret", name, writes=True), {"Name": spelled(name)}, value, deadline)

    async def put(self, name: str, value: NewValue, deadline: float) -> Written:
        """Give a secret a version that becomes AWSCURRENT."""
        return await self._write(
            Call("PutSecretValue", name, writes=True), {"SecretId": spelled(name)}, value, deadline
        )

    async def delete(self, name: str, deadline: float) -> Written:
        """Mark a secret for deletion, after the thirty days that AWS waits by default.

        One that is marked already is as it should be: this very call may have done it, and its answer been lost.
        """
        try:
            answer, identity = await self._call(
                Call("DeleteSecret", name, writes=True), {"SecretId": spelled(name)}, deadline
            )
        except Deleted as already:
            return Written(None, already.identity, already.request_id)
        return Written(None, identity, request_id(answer))

    async def probe(self, name: str, deadline: float) -> None:
        """Ask for a secret's description: a role that may only read values is refused, and so was known."""
        try:
            answer, identity = await self._call(Call("DescribeSecret", name), {"SecretId": spelled(name)}, deadline)
        except (Denied, NotFound, Deleted, NameRefused):
            return
        if json_object(answer) is None:
            raise BadUpstreamResponse(f"{VAULT} answered with something other than a description", identity=identity)

    async def close(self) -> None:
        """Close connections and stop a refresh."""
        await self._source.close()
        await self._client.close()

    async def _write(self, call: Call, members: dict[str, str], value: NewValue, deadline: float) -> Written:
        """Write a value, whose new version has the id that we give it: by that, AWS knows a call that comes again."""
        members["ClientRequestToken"] = str(uuid.uuid4())
        answer, identity = await self._call(call, members | _new_value(value), deadline)
        match json_object(answer):
            case {"VersionId": str(version), "Name": name} if name == spelled(call.name):
                return Written(version, identity, request_id(answer))
        detail = f"{call.action} of {call.name!r} with something other than a version of it"
        raise self._bad_response(answer, identity, detail)

    def _call(self, call: Call, members: dict[str, str], deadline: float) -> Awaitable[tuple[Answer, str]]:
        """Return the answer to a call that succeeded and the identity that made it."""
        body = json_of(members)
        return retrying(lambda: self._accepted(call, body, deadline), deadline)

    async def _accepted(self, call: Call, body: bytes, deadline: float) -> tuple[Answer, str]:
        """Call; if the signature is not accepted, once more at the right time, or with renewed credentials."""
        credentials = await self._source.get(deadline)
        is_renewed = is_corrected = False
        while True:
            request = self._requests.get(call.action)
            if request is None or request.prepared.credentials is not credentials:
                request = self._requests[call.action] = self._prepare(call.action, credentials)
            ahead = self._clock.ahead
            signed = self._signer.sign(request.prepared, body, self._clock.now())
            try:
                answer = await self._client.send_prepared(request.start, signed, body, deadline)
            except TransportError as error:
                raise TRANSPORT[type(error)](f"{VAULT}: {error}", identity=credentials.identity) from None
            if answer.status == 200:
                return answer, credentials.identity
            try:
                _refuse(answer, call, credentials.identity)
            except CredentialsRefused as refused:
                if not is_corrected and self._clock.is_corrected_by(answer, refused.code, ahead):
                    is_corrected = True
                    continue
                if is_renewed:
                    raise
                renewed = await self._source.renew(credentials, deadline)
                if renewed is credentials:
                    raise
                credentials, is_renewed = renewed, True

    def _bad_response(self, answer: Answer, identity: str, what: str) -> BadUpstreamResponse:
        """Return the error for an answer that is not about what was asked for, and drop the connection it came over.

        Each answer that follows over that connection may be the one to the request before.
        """
        self._client.retire_connections()
        return BadUpstreamResponse(f"{VAULT} answered {what}", request_id=request_id(answer), identity=identity)

    def _prepare(self, action: str, credentials: Credentials) -> _Request:
        headers = (self._host, _CONTENT_TYPE, ("X-Amz-Target", f"secretsmanager.{action}"))
        prepared = prepare(credentials, "POST", "/", headers)
        return _Request(prepared, self._client.prepare("POST", "/", prepared.headers[1:]))


def _bounded(what: str, text: str, lengths: range) -> str:
    if len(text) not in lengths:
        raise BadRequest(f"{what} {text[:80]!r}: expected {lengths[0]} to {lengths[-1]} characters")
    return text


def _new_value(value: NewValue) -> dict[str, str]:
    """Return a value as AWS takes it, or raise ValueRefused."""
    raw = base64.b64decode(value.value) if value.encoding else value.value.encode("utf-8", "surrogatepass")
    if not 0 < len(raw) <= MAX_VALUE:
        raise ValueRefused(f"a value of {len(raw)} bytes: expected 1 to {MAX_VALUE}, because {VAULT} stores no others")
    return {"SecretBinary" if value.encoding else "SecretString": value.value}


def _refuse(answer: Answer, call: Call, identity: str) -> NoReturn:
    """Raise what an answer means; a caller that had it in a variable would be in its traceback, and keep it."""
    raise error_of(answer, call, identity)


def _lacks(document: dict[str, Any], stage: str) -> bool:
    """Return whether a version has other labels than the one that it was asked for by."""
    labels = document.get("VersionStages")
    return isinstance(labels, list) and stage not in labels


def _secret(document: dict[str, Any] | None, name: str, identity: str, call: str | None) -> Secret | None:
    """Return the secret that a document describes, or None if it has another name or lacks what every secret has."""
    if document is None or document.get("Name") != spelled(name):
        return None
    version, text = document.get("VersionId"), document.get("SecretString")
    if not isinstance(version, str) or not _VERSION.fullmatch(version):
        return None
    if isinstance(text, str):
        return Secret(name, text, version, None, identity, call)
    encoded = document.get("SecretBinary")
    if isinstance(encoded, str) and is_base64(encoded):
        return Secret(name, encoded, version, "base64", identity, call)
    return None


def open_store(settings: Settings) -> Store:
    """Return a store for the settings' endpoint and credentials, with replicas behind it where there are any."""
    aws = settings.vault_as(AwsSettings)
    source = open_source(settings)

    def store(region: str, origin: Origin) -> AwsStore:
        return AwsStore(settings.network.client(origin, aws.ca_bundle, CA_BUNDLE), source, region)

    home = store(aws.region, aws.origin("secretsmanager"))
    if not aws.replica_regions:
        return home
    return ReplicatedStore(home, {region: store(region, aws.replica_origin(region)) for region in aws.replica_regions})
