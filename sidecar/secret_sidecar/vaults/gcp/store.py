"""Google Cloud's Secret Manager.

Source: https://cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets.versions/access and its siblings
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

from secret_names import vaults
from secret_sidecar.errors import (
    BadRequest,
    Deleted,
    Denied,
    NameRefused,
    NotFound,
    ValueRefused,
    VaultError,
)
from secret_sidecar.settings import Settings
from secret_sidecar.vaults.bearer import BearerClient, json_object
from secret_sidecar.vaults.gcp.crc32c import crc32c
from secret_sidecar.vaults.gcp.errors import VAULT, error_of, state_error
from secret_sidecar.vaults.gcp.settings import GcpSettings
from secret_sidecar.vaults.gcp.sources import open_source
from secret_sidecar.vaults.store import NewValue, Secret, Written

_NUMBER = re.compile(r"[0-9]{1,19}")
# https://cloud.google.com/secret-manager/docs/assign-alias-to-secret-version
_ALIAS = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,62}")
_CURRENT = "latest"


class GcpStore:
    """Reads secrets by their REST form, for the client library costs 35 MB."""

    backend = "gcp"
    spelling = vaults.GOOGLE

    def __init__(self, calls: BearerClient, project: str, location: str = "") -> None:
        self._calls = calls
        self._location = location
        self._secrets = f"/v1/projects/{project}{_part(location)}/secrets"

    @property
    def expires(self) -> float | None:
        """When the token in use ends, in seconds since 1970."""
        return self._calls.expires

    async def get(self, name: str, deadline: float, *, version: str | None = None, stage: str | None = None) -> Secret:
        """Read a version by its number, by an alias (a stage), or the latest."""
        target = f"{self._secret(name)}/versions/{_version(version, stage)}:access"
        answer, identity = await self._calls.send("GET", target, name, deadline)
        try:
            secret = _secret(json_object(answer) or {}, name, identity, self._location)
        except ValueError as error:
            raise self._calls.bad_response(f"the read of {name!r} with {error}", identity) from None
        if version is not None and secret.version != str(int(version)):
            raise self._calls.bad_response(f"the read of {name!r} with another version than {version!r}", identity)
        return secret

    async def current_version(self, name: str, deadline: float) -> str:
        """Return the latest version's number; this needs secretmanager.versions.get beside versions.access."""
        document, identity = await self._ask("GET", f"{self._secret(name)}/versions/{_CURRENT}", name, deadline)
        error = state_error(str(document.get("state")), name, identity)
        if error is not None:
            raise error
        return self._number(document, name, identity)

    async def create(self, name: str, value: NewValue, deadline: float) -> Written:
        """Make a secret, then its first version: should the second call fail, an empty secret is left, for `put`."""
        payload = _payload(value)
        target = f"{self._secrets}?secretId={vaults.GOOGLE.spelled(name)}"
        made: dict[str, Any] = {} if self._location else {"replication": {"automatic": {}}}  # a region's has none
        await self._calls.send_once("POST", target, name, deadline, made)
        return await self._add(name, payload, deadline)

    async def put(self, name: str, value: NewValue, deadline: float) -> Written:
        """Add a version."""
        return await self._add(name, _payload(value), deadline)

    async def delete(self, name: str, deadline: float) -> Written:
        """Delete a secret with all its versions, for good: Secret Manager cannot restore it."""
        _, identity = await self._calls.send_once("DELETE", self._secret(name), name, deadline)
        return Written(identity=identity)

    async def probe(self, name: str, deadline: float) -> None:
        """Ask for the latest version without its value: an accessor may not, is refused, and so was known."""
        try:
            await self._ask("GET", f"{self._secret(name)}/versions/{_CURRENT}", name, deadline)
        except (Denied, NotFound, Deleted, NameRefused):
            return

    async def close(self) -> None:
        """Close connections and stop a refresh."""
        await self._calls.close()

    def _secret(self, name: str) -> str:
        return f"{self._secrets}/{vaults.GOOGLE.spelled(name)}"

    async def _add(self, name: str, payload: dict[str, str], deadline: float) -> Written:
        target = f"{self._secret(name)}:addVersion"
        try:
            document, identity = await self._ask("POST", target, name, deadline, {"payload": payload})
        except NameRefused as error:  # the name is one, so it is the value
            detail = f"{VAULT} rejected the value of {name!r}: expected 1 to 65536 bytes"
            raise ValueRefused(detail, **_known(error)) from None
        return Written(self._number(document, name, identity), identity)

    async def _ask(
        self, method: str, target: str, name: str, deadline: float, document: dict[str, Any] | None = None
    ) -> tuple[dict[str, Any], str]:
        answer, identity = await self._calls.send(method, target, name, deadline, document)
        answered = json_object(answer)
        if answered is None:
            raise self._calls.bad_response(f"about {name!r} with something other than JSON", identity)
        return answered, identity

    def _number(self, document: dict[str, Any], name: str, identity: str) -> str:
        """Return the number of the version that a document is about."""
        number = _number_of(document.get("name"), name, self._location)
        if number is None:
            raise self._calls.bad_response(f"about {name!r} with no version of it", identity)
        return number


def _part(location: str) -> str:
    """Return what a region's secrets have in their resource names."""
    return f"/locations/{location}" if location else ""


def _version(version: str | None, stage: str | None) -> str:
    """Return what stands for the version in a resource's name, or raise BadRequest."""
    if version is not None and stage is not None:
        raise BadRequest("version and stage: expected one of them")
    if version is not None and not _NUMBER.fullmatch(version):
        raise BadRequest(f"version {version[:80]!r}: expected a version's number, such as '3'")
    if stage is not None and not _ALIAS.fullmatch(stage):
        raise BadRequest(f"stage {stage[:80]!r}: expected a version's alias, a letter and up to 62 of A-Za-z0-9_-")
    return version or stage or _CURRENT


def _number_of(resource: object, name: str, location: str) -> str | None:
    """Return the number in a version's resource name, which may have the project by id or number."""
    secret, _, number = str(resource).rpartition("/versions/")
    project = secret.removesuffix(f"{_part(location)}/secrets/{vaults.GOOGLE.spelled(name)}")
    return number if re.fullmatch("projects/[^/]+", project) and _NUMBER.fullmatch(number) else None


def _secret(document: dict[str, Any], name: str, identity: str, location: str = "") -> Secret:
    """Return the secret that an answer is, or raise ValueError with what it is instead."""
    number = _number_of(document.get("name"), name, location)
    payload = document.get("payload")
    if number is None or not isinstance(payload, dict) or not isinstance(payload.get("data"), str):
        raise ValueError("something other than a secret of that name")
    encoded = payload["data"]
    try:
        data = binascii.a2b_base64(encoded, strict_mode=True)
    except ValueError:
        raise ValueError("a value that is not in base64") from None
    if "dataCrc32c" in payload and str(payload["dataCrc32c"]) != str(crc32c(data)):
        raise ValueError("a value that does not have the CRC-32C that it came with")
    try:
        return Secret(name, data.decode(), number, identity=identity)
    except UnicodeDecodeError:
        return Secret(name, encoded, number, "base64", identity=identity)


def _payload(value: NewValue) -> dict[str, str]:
    try:
        data = binascii.a2b_base64(value.value, strict_mode=True) if value.encoding else value.value.encode()
    except UnicodeEncodeError:
        raise ValueRefused("the value is not valid Unicode text: expected base64") from None
    except ValueError:
        raise ValueRefused("the value is not in base64") from None
    return {"data": base64.b64encode(data).decode(), "dataCrc32c": str(crc32c(data))}


def _known(error: VaultError) -> dict[str, Any]:
    return {"code": error.code, "request_id": error.request_id, "identity": error.identity}


def open_store(settings: Settings) -> GcpStore:
    """Return a store for the settings' endpoint and identity."""
    gcp = settings.vault_as(GcpSettings)
    client = settings.network.client(gcp.secret_manager)
    return GcpStore(BearerClient(VAULT, client, open_source(settings), error_of), gcp.project, gcp.location)
