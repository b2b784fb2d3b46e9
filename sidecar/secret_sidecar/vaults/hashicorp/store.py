"""A KV secrets engine of version 2.

A secret there is a map. One that has the single key `value` with a text is that text; with `encoding` "base64" beside
it, it is binary; any other map is the text of its JSON object, of which `?key=` picks a field.
Source: https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from urllib.parse import quote

from secret_names import vaults
from secret_names.vaults import EXACT
from secret_sidecar.errors import (
    AlreadyExists,
    BadRequest,
    BadUpstreamResponse,
    Conflict,
    Deleted,
    Denied,
    NotFound,
    ValueRefused,
)
from secret_sidecar.http_client.connection import Answer
from secret_sidecar.http_client.http import Client
from secret_sidecar.json_text import member
from secret_sidecar.settings import Settings
from secret_sidecar.vaults.bearer import json_object
from secret_sidecar.vaults.hashicorp.calls import VaultClient
from secret_sidecar.vaults.hashicorp.errors import VAULT, DeletedVersion, request_id, version_of
from secret_sidecar.vaults.hashicorp.settings import HashicorpSettings
from secret_sidecar.vaults.hashicorp.sources import open_source
from secret_sidecar.vaults.identity.credentials import Bearer, Source
from secret_sidecar.vaults.store import NewValue, Secret, Written, is_base64

_NUMBER = re.compile(r"[1-9][0-9]{0,8}")
_TRIES = 4
"""How often a write is made anew because somebody else wrote just then."""


class VaultStore:
    """Reads secrets under the names that they have, with no library."""

    backend = "vault"
    spelling = vaults.VAULT

    def __init__(self, client: Client, source: Source[Bearer], mount: str, namespace: str) -> None:
        self._calls = VaultClient(client, source, namespace)
        self._source = source
        self._data = f"/v1/{mount}/data/"
        self._metadata = f"/v1/{mount}/metadata/"
        self._about_mount = f"/v1/sys/internal/ui/mounts/{mount}"

    @property
    def expires(self) -> float | None:
        """When the token in use ends, in seconds since 1970."""
        return self._source.expires

    async def get(self, name: str, deadline: float, *, version: str | None = None, stage: str | None = None) -> Secret:
        """Read a version by its number, or the latest."""
        if stage is not None:
            raise BadRequest(f"stage {stage[:80]!r}: Vault has no stages; expected a version's number as version")
        if version is not None and not _NUMBER.fullmatch(version):
            raise BadRequest(f"version {version[:80]!r}: expected a version's number, such as '3'")
        target = self._data + _path(name) + (f"?version={version}" if version else "")
        answer, identity = await self._calls.send("GET", target, name, deadline)
        secret = _secret(answer, name, identity)
        if secret is None or (version is not None and secret.version != version):
            raise self._bad_response(name, answer, identity, "something that is no version of a secret")
        return secret

    async def current_version(self, name: str, deadline: float) -> str:
        """Return the latest version's number, which needs `read` on the metadata path."""
        answer, identity = await self._calls.send("GET", self._metadata + _path(name), name, deadline)
        match (json_object(answer) or {}).get("data"):
            case {"current_version": 0}:
                raise NotFound(f"{VAULT} has no version of {name!r}", identity=identity)
            case {"current_version": int(number), "versions": dict(versions)}:
                state = versions.get(str(number))
                if isinstance(state, dict):
                    if state.get("destroyed") or _has_passed(state.get("deletion_time")):
                        raise Deleted(f"{VAULT} has this version of {name!r} deleted or destroyed", identity=identity)
                    return str(number)
        raise self._bad_response(name, answer, identity, "something that is no metadata")

    async def create(self, name: str, value: NewValue, deadline: float) -> Written:
        """Write the first version, or the next one of a secret that is deleted.

        It is not tried again: an answer that got lost would make the second try meet its own secret.
        """
        data = _data_of(value)
        try:
            return await self._write(name, data, 0, deadline, once=True)
        except Conflict as conflict:
            try:
                await self._calls.send("GET", self._data + _path(name), name, deadline)
            except DeletedVersion as deleted:
                return await self._write(name, data, deleted.version, deadline, once=True)
            detail = f"{VAULT} has a secret {name!r} already"
            raise AlreadyExists(detail, code=conflict.code, identity=conflict.identity) from None

    async def put(self, name: str, value: NewValue, deadline: float) -> Written:
        """Write the next version; needs `read` too, for Vault itself would make a secret that does not exist."""
        data = _data_of(value)
        for tried in range(1, _TRIES + 1):
            current = await self.get(name, deadline)
            try:
                return await self._write(name, data, int(current.version), deadline)
            except Conflict:
                if tried == _TRIES:
                    raise
        raise AssertionError

    async def delete(self, name: str, deadline: float) -> Written:
        """Delete the latest version, which can be undeleted; older ones stay readable by their number."""
        await self.get(name, deadline)  # else a name that does not exist would be deleted with success
        _, identity = await self._calls.send("DELETE", self._data + _path(name), name, deadline)
        return Written(identity=identity)  # an answer without a body has no request id

    async def probe(self, name: str, deadline: float) -> None:
        """Ask for metadata, never a value: a role that may only read values is refused, and so was known."""
        try:
            await self._calls.send("GET", self._metadata + _path(name), name, deadline)
        except (Denied, NotFound):
            await self._check_engine(name, deadline)

    async def _check_engine(self, name: str, deadline: float) -> None:
        """Raise BadUpstreamResponse if there is another engine than one of version 2, as far as Vault tells.

        The vault command asks the same before it reads: every token may that may do anything below the mount.
        """
        try:
            answer, identity = await self._calls.send("GET", self._about_mount, name, deadline)
        except (Denied, NotFound):
            return
        match (json_object(answer) or {}).get("data"):
            case {"type": "kv", "options": {"version": "2"}}:
                return
            case {"type": "kv" | "generic"}:
                found = "a KV engine of version 1"
                detail = f"{VAULT} has {found} at SECRETS_VAULT_MOUNT: expected one of version 2, which"
                detail += " `vault kv enable-versioning` makes of it"
                raise BadUpstreamResponse(detail, code=found, identity=identity)

    async def close(self) -> None:
        """Close connections and stop a refresh."""
        await self._calls.close()

    def _bad_response(self, name: str, answer: Answer, identity: str, what: str) -> BadUpstreamResponse:
        detail = f"about {name!r} with {what}: expected a KV engine of version 2"
        return self._calls.bad_response(detail, identity, request_id(json_object(answer) or {}))

    async def _write(
        self, name: str, data: dict[str, str], cas: int, deadline: float, *, once: bool = False
    ) -> Written:
        send = self._calls.send_once if once else self._calls.send
        document = {"data": data, "options": {"cas": cas}}
        answer, identity = await send("POST", self._data + _path(name), name, deadline, document)
        written = json_object(answer) or {}
        match written:
            case {"data": {"version": int(number)}} if number > 0:
                return Written(str(number), identity, request_id(written))
        raise self._bad_response(name, answer, identity, "no version")


def _path(name: str) -> str:
    """Return a full name as a part of a URL's path."""
    return name if not name.startswith(EXACT) else quote(vaults.VAULT.spelled(name))


def _secret(answer: Answer, name: str, identity: str) -> Secret | None:
    """Return the secret of an answer, or None if there is none in it."""
    document = json_object(answer) or {}
    version = version_of(document)
    if version is None or not isinstance(data := document["data"].get("data"), dict):
        return None
    encoding = None
    match data:
        case {"value": str(text)} if len(data) == 1:
            value = text
        case {"value": str(text), "encoding": "base64"} if len(data) == 2 and is_base64(text):
            value, encoding = text, "base64"
        case _:
            value = _text_of_map(answer.body.decode())
    return Secret(name, value, str(version), encoding, identity=identity, request_id=request_id(document))


def _text_of_map(body: str) -> str:
    """Return the map of an answer that has one, as it was sent."""
    return member(member(body, "data") or "", "data") or ""


def _data_of(value: NewValue) -> dict[str, str]:
    """Return the map that a value is kept as, or raise ValueRefused."""
    try:
        value.value.encode()
    except UnicodeEncodeError:
        raise ValueRefused("the value is no text that UTF-8 can hold: expected base64") from None
    if not value.encoding:
        return {"value": value.value}
    if not is_base64(value.value):
        raise ValueRefused("the value is not in base64")
    return {"value": value.value, "encoding": "base64"}


def _has_passed(time: object) -> bool:
    """Return whether a time of deletion has come: an engine may be told to delete versions some day."""
    try:
        return datetime.fromisoformat(str(time)) <= datetime.now(UTC)
    except (ValueError, TypeError):
        return False


def open_store(settings: Settings) -> VaultStore:
    """Return a store for the settings' server and identity."""
    vault = settings.vault_as(HashicorpSettings)
    assert vault.address is not None  # noqa: S101
    client = settings.network.client(vault.address, vault.ca_cert, "VAULT_CACERT", vault.client_certificate)
    return VaultStore(client, open_source(settings, client), vault.mount, vault.namespace)
