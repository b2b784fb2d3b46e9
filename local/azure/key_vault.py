"""Key Vault: the secrets of vaults, for whoever has a role that allows what is asked.

It does not know access policies, groups, deny assignments, conditions or quotas.
https://learn.microsoft.com/rest/api/keyvault/secrets/operation-groups
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from local.azure.directory import TENANT, VAULT_RESOURCE, Directory, Vault, Version
from local.azure.roles import DELETE, LIST, READ, SET, may_use_data
from local.http_service import Reply, Request

PAGE = 3
LARGEST = 25 * 1024
SECRET = re.compile(r"/secrets/([0-9A-Za-z-]{1,127})(?:/([0-9a-zA-Z]*))?")


class Refused(Exception):
    """An error as Key Vault words it."""

    def __init__(self, status: int, code: str, message: str, inner: str | None = None, **headers: str) -> None:
        super().__init__(message)
        error: dict[str, Any] = {"code": code, "message": message}
        if inner:
            error["innererror"] = {"code": inner}
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        self.reply = Reply({"error": error}, status, sent)


class KeyVault:
    """The vaults of a directory, told apart by the host that a request names."""

    def __init__(self, directory: Directory, entra: Callable[[], str], page: int = PAGE) -> None:
        self._directory = directory
        self._entra = entra
        self._page = page

    def answer(self, request: Request, request_id: str) -> Reply | None:
        """Answer, or None where the request is not for a secret of one of the vaults."""
        found = SECRET.fullmatch(request.path)
        if not found and request.path != "/secrets":
            return None
        try:
            vault = self._vault(request)
            reply = (
                self._list(vault, request) if not found else self._secret(vault, found[1].lower(), found[2], request)
            )
        except Refused as refused:
            reply = refused.reply
        return replace(reply, headers={"x-ms-request-id": request_id, **reply.headers})

    def _vault(self, request: Request) -> Vault:
        host = request.headers.get("host", "")
        vault = self._directory.vaults.get(host) or self._directory.vaults.get(host.partition(":")[0])
        if vault is None:
            raise Refused(404, "NotFound", "There is no such vault.")
        if not request.query.get("api-version"):
            raise Refused(400, "BadParameter", "api-version must be specified")
        return vault

    def _secret(self, vault: Vault, name: str, version: str | None, request: Request) -> Reply:
        base = f"https://{request.headers['host']}/secrets/{name}"
        client = self._caller(vault, request)
        match request.method, version or "":
            case "GET", "versions":
                self._authorize(client, vault, name, LIST)
                return self._versions(vault.secrets.get(name, []), base, request)
            case "GET", wanted:
                self._authorize(client, vault, name, READ)
                return _read(vault.secrets.get(name, []), base, wanted)
            case "PUT", "":
                self._authorize(client, vault, name, SET)
                return _set(vault, name, base, request.json["value"])
            case "DELETE", "":
                self._authorize(client, vault, name, DELETE)
                last = _read(vault.secrets.get(name, []), base, "").document
                vault.deleted[name] = vault.secrets.pop(name)
                del last["value"]
                return Reply({**last, "recoveryId": base.replace("/secrets/", "/deletedsecrets/")})
        raise Refused(405, "MethodNotAllowed", "The method is not allowed.")

    def _list(self, vault: Vault, request: Request) -> Reply:
        """The names of a vault's secrets, to whoever may list them all."""
        self._authorize(self._caller(vault, request), vault, "", LIST)
        base = f"https://{request.headers['host']}/secrets"
        items = [{"id": f"{base}/{name}", "attributes": {"enabled": True}} for name in sorted(vault.secrets)]
        return Reply({"value": items, "nextLink": None})

    def _caller(self, vault: Vault, request: Request) -> str:
        access = self._directory.tokens.get(request.bearer)
        if access is None or access.resource != VAULT_RESOURCE or access.expires < time.time():
            challenge = f'Bearer authorization="{self._entra()}/{TENANT}", resource="{VAULT_RESOURCE}"'
            message = "AKV10000: Request is missing a valid token."
            raise Refused(401, "Unauthorized", message, www_authenticate=challenge)
        if vault.firewall:
            message = "Client address is not authorized and caller is not a trusted service."
            raise Refused(403, "Forbidden", message, vault.firewall)
        return access.client_id

    def _authorize(self, client: str, vault: Vault, name: str, action: str) -> None:
        scope = f"{vault.id}/secrets/{name}" if name else vault.id
        principal = self._directory.principal_of(client)
        if may_use_data(self._directory.assignments, principal, action, scope):
            return
        message = (
            "Caller is not authorized to perform action on resource.\r\nIf role assignments, deny assignments or role "
            f"definitions were changed recently, please observe propagation time.\r\nCaller: appid={client}\r\n"
            f"Action: 'Microsoft.KeyVault/vaults/{action}'\r\nResource: '{scope}'"
        )
        raise Refused(403, "Forbidden", message, "ForbiddenByRbac")

    def _versions(self, versions: list[Version], base: str, request: Request) -> Reply:
        """A page of versions, in the order of their ids as in Key Vault itself."""
        start = int(request.query.get("$skiptoken", "0"))
        size = int(request.query.get("maxresults", self._page))
        page = sorted(versions, key=lambda version: version.id)[start : start + size]
        more = len(versions) > start + size
        link = f"{base}/versions?api-version=7.4&$skiptoken={start + size}&maxresults={size}" if more else None
        return Reply({"value": [_bundle(version, base) for version in page], "nextLink": link})


def _bundle(version: Version, base: str) -> dict[str, Any]:
    times = {"created": version.created, "updated": version.created}
    return {"id": f"{base}/{version.id}", "attributes": {"enabled": version.enabled, **times}}


def _read(versions: list[Version], base: str, wanted: str) -> Reply:
    found = [version for version in versions if wanted in ("", version.id)]
    if not found:
        name = base.rpartition("/")[2]
        raise Refused(404, "SecretNotFound", f"A secret with (name/id) {name} was not found in this key vault.")
    if not found[-1].enabled:
        raise Refused(403, "Forbidden", "Operation get is not allowed on a disabled secret.", "SecretDisabled")
    return Reply({"value": found[-1].value, **_bundle(found[-1], base)})


def _set(vault: Vault, name: str, base: str, value: str) -> Reply:
    if name in vault.deleted:
        message = f"Secret {name} is currently in a deleted but recoverable state."
        raise Refused(409, "Conflict", message, "ObjectIsDeletedButRecoverable")
    if len(value.encode()) > LARGEST:
        raise Refused(400, "BadParameter", "The secret value is too long.")
    return Reply({"value": value, **_bundle(vault.add(name, value), base)})
