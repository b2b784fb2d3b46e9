"""The subscription itself: its state, what it has registered, its limits, and what the caller may do in it.

https://learn.microsoft.com/rest/api/resources/subscriptions/get, .../resources/providers/get,
https://learn.microsoft.com/rest/api/authorization/permissions and
https://learn.microsoft.com/azure/role-based-access-control/troubleshoot-limits
"""

from __future__ import annotations

from typing import Any

from local.azure.directory import SUBSCRIPTION, TENANT, Directory
from local.azure.roles import actions
from local.azure.vaults import NAME
from local.http_service import Reply, Request

IN_USE = "The name '{}' is already in use. A vault of it may have been deleted and not purged."


def itself(directory: Directory, _: Request, **__: Any) -> Reply:
    """Tell its state."""
    return Reply({"subscriptionId": SUBSCRIPTION, "tenantId": TENANT, "state": directory.state})


def provider(directory: Directory, _: Request, *, name: str, **__: Any) -> Reply:
    """Tell whether a resource provider is registered."""
    state = "Registered" if name in directory.providers else "NotRegistered"
    return Reply({"namespace": name, "registrationState": state})


def usage(directory: Directory, _: Request, **__: Any) -> Reply:
    """Tell how many role assignments there are and may be."""
    used, most = len(directory.assignments), directory.most_assignments
    counts = {"roleAssignmentsLimit": most, "roleAssignmentsCurrentCount": used}
    return Reply({**counts, "roleAssignmentsRemainingCount": most - used})


def permissions(directory: Directory, request: Request, *, group: str, **_: Any) -> Reply:
    """Tell what the caller may do in a resource group, role by role."""
    principal = directory.principal_of(directory.tokens[request.bearer].client_id)
    found = actions(directory.assignments, principal, group)
    return Reply({"value": [{"actions": sorted(each), "notActions": []} for each in found]})


def availability(directory: Directory, request: Request, **_: Any) -> Reply:
    """Tell whether a vault could have a name."""
    name = request.json["name"]
    if not NAME.fullmatch(name):
        return Reply({"nameAvailable": False, "reason": "AccountNameInvalid", "message": f"{name!r} is invalid."})
    if directory.vault_named(name) or name.lower() in directory.deleted_vaults:
        return Reply({"nameAvailable": False, "reason": "AlreadyExists", "message": IN_USE.format(name)})
    return Reply({"nameAvailable": True})


def deleted_vaults(directory: Directory, _: Request, **__: Any) -> Reply:
    """List the vaults that are deleted and not purged."""
    return Reply(
        {
            "value": [
                {
                    "name": vault.name,
                    "type": "Microsoft.KeyVault/deletedVaults",
                    "properties": {"vaultId": vault.id, "scheduledPurgeDate": "2027-02-22T00:00:00Z"},
                }
                for vault in directory.deleted_vaults.values()
            ]
        }
    )
