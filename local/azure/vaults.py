"""Vaults as resources: made, changed, deleted and still there, recovered, purged.

https://learn.microsoft.com/rest/api/keyvault/keyvault/vaults
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from local.azure.directory import TENANT, Directory, Vault
from local.azure.refusal import Refused
from local.http_service import Reply, Request

NAME = re.compile(r"(?!.*--)[A-Za-z][A-Za-z0-9-]{1,22}[A-Za-z0-9]")


def vault(
    directory: Directory, request: Request, *, group: str, name: str, serve: Callable[[], str], **_: Any
) -> Reply:
    """Create, read, change or delete a vault."""
    known = directory.vault_named(name)
    match request.method:
        case "PUT":
            body = request.json
            properties = body["properties"]
            if known is None:
                known = _opened(directory, group, name, body, serve)
            elif known.group.lower() != group.lower():
                raise Refused(409, "VaultAlreadyExists", f"The vault name {name!r} is already in use.")
            if known.properties.get("enablePurgeProtection") and properties.get("enablePurgeProtection") is False:
                raise Refused(400, "BadRequest", "The property enablePurgeProtection cannot be set to false.")
            kept = {key: value for key, value in properties.items() if key != "createMode"}
            known.properties = {**known.properties, **kept}
            known.tags = body.get("tags") or {}
            return _shown(directory, known)
        case "GET" if known:
            return _shown(directory, known)
        case "DELETE" if known:
            address = _address(directory, known)
            directory.deleted_vaults[name.lower()] = directory.vaults.pop(address)
            return Reply({})
        case "DELETE":
            return Reply(b"", 204)
    raise Refused(404, "ResourceNotFound", f"The Resource 'Microsoft.KeyVault/vaults/{name}' was not found.")


def listed(directory: Directory, request: Request, *, group: str, **_: Any) -> Reply:
    """List the vaults of a resource group."""
    if request.method != "GET":
        raise Refused(405, "MethodNotAllowed", request.method)
    found = [one for one in directory.vaults.values() if one.group.lower() == group.lower()]
    return Reply({"value": [_shown(directory, one).document for one in found]})


def purge(directory: Directory, request: Request, *, name: str, **_: Any) -> Reply:
    """Let go of a deleted vault, and of its name."""
    gone = directory.deleted_vaults.get(name.lower())
    if request.method != "POST" or gone is None:
        raise Refused(404, "DeletedVaultNotFound", f"There is no deleted vault {name!r}.")
    if gone.properties.get("enablePurgeProtection"):
        raise Refused(403, "MethodNotAllowed", f"The vault {name!r} has purge protection.")
    del directory.deleted_vaults[name.lower()]
    return Reply({}, 202)


def _opened(directory: Directory, group: str, name: str, body: dict[str, Any], serve: Callable[[], str]) -> Vault:
    """A new vault, or the deleted one of that name where it is to be recovered."""
    properties = body["properties"]
    if not NAME.fullmatch(name):
        raise Refused(
            400, "VaultNameNotValid", f"The vault name {name!r} is invalid: 3 to 24 letters, digits and single -."
        )
    if properties.get("tenantId") != TENANT or not properties.get("sku"):
        raise Refused(400, "BadRequest", f"A vault here is of the tenant {TENANT}, and has a SKU.")
    if not properties.get("enableRbacAuthorization"):
        raise Refused(400, "BadRequest", "A vault here authorizes by role assignments (enableRbacAuthorization).")
    recover = properties.get("createMode") == "recover"
    deleted = directory.deleted_vaults.get(name.lower())
    if deleted and not recover:
        message = f"A vault with the same name {name!r} already exists in deleted state."
        raise Refused(409, "ConflictError", message)
    if recover and not deleted:
        raise Refused(404, "DeletedVaultNotFound", f"There is no deleted vault {name!r}.")
    opened = directory.deleted_vaults.pop(name.lower(), None) or Vault(name, group=group, location=body["location"])
    directory.vaults[serve()] = opened
    return opened


def _address(directory: Directory, one: Vault) -> str:
    return next(address for address, known in directory.vaults.items() if known is one)


def _shown(directory: Directory, one: Vault) -> Reply:
    return Reply(
        {
            "id": one.id,
            "name": one.name,
            "type": "Microsoft.KeyVault/vaults",
            "location": one.location,
            "tags": one.tags,
            "properties": {
                "accessPolicies": [],
                "softDeleteRetentionInDays": 90,
                **one.properties,
                "vaultUri": f"https://{_address(directory, one)}/",
                "provisioningState": "Succeeded",
            },
        }
    )
