"""Role assignments.

https://learn.microsoft.com/rest/api/authorization/role-assignments
"""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any

from local.azure.directory import SUBSCRIPTION, Directory, RoleAssignment
from local.azure.refusal import Refused
from local.azure.roles import BY_ID, ROLES
from local.http_service import Reply, Request

DEFINITIONS = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions"


def assignments(directory: Directory, request: Request, *, scope: str, name: str | None, **_: Any) -> Reply:
    """Create, read, delete or list role assignments; one that is there cannot be changed."""
    known = next((one for one in directory.assignments if one.name == name and _same(one.scope, scope)), None)
    match request.method, name:
        case "GET", None:
            return Reply({"value": [_shown(one).document for one in directory.assignments if _same(one.scope, scope)]})
        case "PUT", str(own_name):
            made = _made(directory, request.json["properties"], own_name, scope)
            if known and replace(known, scope=made.scope) != made:
                raise Refused(409, "RoleAssignmentUpdateNotPermitted", "A role assignment cannot be changed.")
            if not known:
                directory.assignments.append(made)
            return _shown(made, 201)
        case "GET", str() if known:
            return _shown(known)
        case "DELETE", str() if known:
            directory.assignments.remove(known)
            return _shown(known)
        case "DELETE", str():
            return Reply(b"", 204)
    raise Refused(404, "RoleAssignmentNotFound", f"The role assignment {name!r} is not found.")


def _made(directory: Directory, properties: dict[str, Any], name: str, scope: str) -> RoleAssignment:
    try:
        uuid.UUID(name)
    except ValueError:
        raise Refused(400, "InvalidRoleAssignmentId", f"The role assignment ID {name!r} must be a GUID.") from None
    role = BY_ID.get(str(properties["roleDefinitionId"]).rpartition("/")[2])
    if role is None:
        raise Refused(404, "RoleDefinitionDoesNotExist", f"There is no {properties['roleDefinitionId']!r}.")
    principal = properties["principalId"]
    if principal not in {*directory.passwords, *(one.principal_id for one in directory.identities.values())}:
        raise Refused(400, "PrincipalNotFound", f"Principal {principal!r} does not exist in the directory.")
    if properties.get("principalType") != "ServicePrincipal":
        raise Refused(400, "UnmatchedPrincipalType", "The principal is a ServicePrincipal.")
    made = RoleAssignment(principal, role, scope, name)
    for one in directory.assignments:
        same = (one.principal_id, one.role) == (principal, role) and _same(one.scope, scope)
        if same and one.name != name:
            raise Refused(409, "RoleAssignmentExists", f"The role assignment already exists: {one.name}.")
    return made


def _same(one: str, other: str) -> bool:
    return one.lower() == other.lower()


def _shown(one: RoleAssignment, status: int = 200) -> Reply:
    return Reply(
        {
            "id": f"{one.scope}/providers/Microsoft.Authorization/roleAssignments/{one.name}",
            "name": one.name,
            "type": "Microsoft.Authorization/roleAssignments",
            "properties": {
                "roleDefinitionId": f"{DEFINITIONS}/{ROLES[one.role].id}",
                "principalId": one.principal_id,
                "principalType": "ServicePrincipal",
                "scope": one.scope,
            },
        },
        status,
    )
