"""Azure Key Vault's secrets.

Source: https://learn.microsoft.com/rest/api/keyvault/secrets/operation-groups
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from secret_names import vaults
from secret_sidecar.errors import (
    AlreadyExists,
    BadRequest,
    BadUpstreamResponse,
    Deleted,
    Denied,
    Disabled,
    NameRefused,
    NotFound,
    ValueRefused,
)
from secret_sidecar.settings import Settings
from secret_sidecar.vaults.azure.errors import NOT_FROM_HERE, VAULT, error_of, request_id
from secret_sidecar.vaults.azure.settings import AzureSettings
from secret_sidecar.vaults.azure.sources import open_source
from secret_sidecar.vaults.bearer import BearerClient, json_object
from secret_sidecar.vaults.store import NewValue, Secret, Written

API = "api-version=7.4"
_ID = re.compile(r"[0-9a-fA-F]{32}")
_SAFE_TARGET = re.compile(r"[!-~]{1,4096}")


class _Version(NamedTuple):
    """A version without its value; `created` is in seconds since 1970."""

    created: int
    id: str
    enabled: bool

    @classmethod
    def parse(cls, item: Any, name: str) -> _Version | None:
        """Return an item of the list of versions, or None if it is none of that name."""
        match item:
            case {"attributes": {"created": int(created), "enabled": bool(enabled)}} if found := _version(item, name):
                return cls(created, found, enabled)
        return None


class _Answered(NamedTuple):
    """An answer's JSON object, who asked, and Azure's own id of the call."""

    document: dict[str, Any]
    identity: str
    request_id: str | None


class AzureStore:
    """Reads secrets by their REST form, for the client library costs 20 MB."""

    backend = "azure"
    spelling = vaults.AZURE

    def __init__(self, calls: BearerClient) -> None:
        self._calls = calls

    @property
    def expires(self) -> float | None:
        """When the token in use ends, in seconds since 1970."""
        return self._calls.expires

    async def get(self, name: str, deadline: float, *, version: str | None = None, stage: str | None = None) -> Secret:
        """Read a version by its id, or the newest; Key Vault has no stages."""
        if stage is not None:
            raise BadRequest("stage: expected none, because Azure Key Vault has only versions")
        if version is not None and not _ID.fullmatch(version):
            raise BadRequest(f"version {version[:80]!r}: expected a version's id, 32 hexadecimal digits")
        path = _path(name) if version is None else f"{_path(name)}/{version}"
        answered = await self._ask("GET", f"{path}?{API}", name, deadline)
        found, value = _version(answered.document, name), answered.document.get("value")
        if found is None or not isinstance(value, str) or (version is not None and found.lower() != version.lower()):
            raise self._bad_response(name, answered)
        return Secret(name, value, found, identity=answered.identity, request_id=answered.request_id)

    async def current_version(self, name: str, deadline: float) -> str:
        """Return the newest version's id, from the list of versions: it needs secrets/readMetadata.

        The list is in no order and has times in whole seconds; where two versions are the newest, the value is read,
        and only its version is looked at.
        """
        versions = await self._versions(name, deadline)
        if not versions:
            raise NotFound(f"{VAULT} has no secret {name!r}")
        last = max(version.created for version in versions)
        newest, *others = [version for version in versions if version.created == last]
        if others:
            return (await self.get(name, deadline)).version
        if not newest.enabled:
            raise Disabled(f"{VAULT} has {name!r} disabled")
        return newest.id

    async def create(self, name: str, value: NewValue, deadline: float) -> Written:
        """Make a secret unless there is one: two calls, between which somebody else may make it too."""
        _check(value)
        if await self._exists(name, deadline):
            raise AlreadyExists(f"{VAULT} has a secret {name!r} already")
        return await self._set(name, value, deadline)

    async def put(self, name: str, value: NewValue, deadline: float) -> Written:
        """Add a version if there is a secret: two calls, between which somebody else may delete it."""
        _check(value)
        if not await self._exists(name, deadline):
            raise NotFound(f"{VAULT} has no secret {name!r}")
        return await self._set(name, value, deadline)

    async def delete(self, name: str, deadline: float) -> Written:
        """Delete a secret, so that it can be recovered for the vault's retention time."""
        answer, identity = await self._calls.send_once("DELETE", f"{_path(name)}?{API}", name, deadline)
        return Written(None, identity, request_id(answer))

    async def probe(self, name: str, deadline: float) -> None:
        """Ask for one of the versions without its value; a refusal for where we are is not one of the identity."""
        try:
            await self._exists(name, deadline)
        except Denied as denied:
            if denied.code in NOT_FROM_HERE:
                raise
        except (NotFound, Deleted, NameRefused):
            return

    async def close(self) -> None:
        """Close connections and stop a refresh."""
        await self._calls.close()

    async def _exists(self, name: str, deadline: float) -> bool:
        """Return whether there is a version: the list of those of a secret that is not there is empty."""
        try:
            target = f"{_path(name)}/versions?{API}&maxresults=1"
            return bool((await self._page(target, name, deadline))[0])
        except NotFound:
            return False

    async def _versions(self, name: str, deadline: float) -> list[_Version]:
        versions: list[_Version] = []
        target: str | None = f"{_path(name)}/versions?{API}"
        while target is not None:
            page, target = await self._page(target, name, deadline)
            versions += page
        return versions

    async def _page(self, target: str, name: str, deadline: float) -> tuple[list[_Version], str | None]:
        """Return some versions, and where the next ones are, if there are more."""
        answered = await self._ask("GET", target, name, deadline)
        document = answered.document
        items, link = document.get("value") or [], document.get("nextLink")
        if not isinstance(items, list):
            raise self._bad_response(name, answered)
        versions = [_Version.parse(item, name) for item in items]
        following = _following(str(link), name) if link else None
        if None in versions or (link and following is None):
            raise self._bad_response(name, answered)
        return [version for version in versions if version], following

    async def _set(self, name: str, value: NewValue, deadline: float) -> Written:
        try:
            answered = await self._ask("PUT", f"{_path(name)}?{API}", name, deadline, {"value": value.value})
        except NameRefused as error:  # the name is one, so it is the value
            detail = f"{VAULT} rejected the value of {name!r}: expected text of at most 25 KB"
            known = {"code": error.code, "request_id": error.request_id, "identity": error.identity}
            raise ValueRefused(detail, **known) from None
        version = _version(answered.document, name)
        if version is None:
            raise self._bad_response(name, answered)
        return Written(version, answered.identity, answered.request_id)

    async def _ask(
        self, method: str, target: str, name: str, deadline: float, document: dict[str, Any] | None = None
    ) -> _Answered:
        """Return what was answered to a call that succeeded."""
        answer, identity = await self._calls.send(method, target, name, deadline, document)
        answered = _Answered(json_object(answer) or {}, identity, request_id(answer))
        if not answered.document:
            raise self._bad_response(name, answered)
        return answered

    def _bad_response(self, name: str, answered: _Answered) -> BadUpstreamResponse:
        detail = f"about {name!r} with something other than that secret and version"
        return self._calls.bad_response(detail, answered.identity, answered.request_id)


def _path(name: str) -> str:
    return f"/secrets/{vaults.AZURE.spelled(name)}"


def _version(document: dict[str, Any], name: str) -> str | None:
    """Return the version in an object's id, `https://VAULT/secrets/NAME/VERSION`, or None if it is of another name."""
    match re.split("[/?#]", str(document.get("id")))[3:]:
        case ["secrets", found, version] if found.lower() == vaults.AZURE.spelled(name) and _ID.fullmatch(version):
            return version
    return None


def _following(link: str, name: str) -> str | None:
    """Return the rest of a link to the next page, which only our own vault is asked for; None if it is no such link."""
    start = link.find("/", link.find("//") + 2)
    target = link[start:] if start > 0 else ""
    ours = target.lower().startswith((f"{_path(name)}/versions?", f"{_path(name)}/versions/?"))
    return target if ours and _SAFE_TARGET.fullmatch(target) else None


def _check(value: NewValue) -> None:
    if value.encoding:
        raise ValueRefused(f"a value in {value.encoding}: expected text, because Azure Key Vault stores nothing else")
    try:
        value.value.encode()
    except UnicodeEncodeError:
        raise ValueRefused("the value is not valid Unicode text: expected such text") from None


def open_store(settings: Settings) -> AzureStore:
    """Return a store for the settings' vault and identity."""
    azure = settings.vault_as(AzureSettings)
    client = settings.network.client(azure.vault_url)
    return AzureStore(BearerClient(VAULT, client, open_source(settings), error_of))
