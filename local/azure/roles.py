"""Who may do what where: role assignments, and the built-in roles that are of use here.

https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/security
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from local.azure.directory import RoleAssignment


@dataclass(frozen=True)
class Role:
    """A built-in role: its id, and what it allows of a vault's data and of resources."""

    id: str
    data_actions: frozenset[str] = frozenset()
    actions: frozenset[str] = frozenset()


READ = "secrets/getSecret/action"
LIST = "secrets/readMetadata/action"
SET = "secrets/setSecret/action"
DELETE = "secrets/delete"
EVERYTHING = "*"

ROLES = {
    "Key Vault Secrets User": Role("4633458b-17de-408a-b874-0445c86b69e6", frozenset({READ, LIST})),
    "Key Vault Secrets Officer": Role("b86a8fe4-44ce-4948-aee5-eccb2c155cd7", frozenset({READ, LIST, SET, DELETE})),
    "Key Vault Reader": Role("21090545-7ca7-4776-b22c-e363652d74d2", frozenset({LIST})),
    "Owner": Role("8e3af657-a8ff-443c-a75c-2fe8c4bcb635", actions=frozenset({EVERYTHING})),
}
OF_RESOURCES = {
    "Reader": frozenset({"*/read"}),
    "Managed Identity Contributor": frozenset({"Microsoft.ManagedIdentity/userAssignedIdentities/*"}),
    "Key Vault Contributor": frozenset({"Microsoft.KeyVault/*"}),
    "User Access Administrator": frozenset({"*/read", "Microsoft.Authorization/*"}),
}
"""Actions of roles that this fake tells and does not evaluate, but for reading."""
BY_ID = {role.id: name for name, role in ROLES.items()}


def may_use_data(assignments: Iterable[RoleAssignment], principal_id: str, action: str, scope: str) -> bool:
    """Whether a principal may do something with what is in a vault."""
    roles = _roles(assignments, principal_id, scope)
    return any(action in ROLES[role].data_actions for role in roles if role in ROLES)


def may_manage(assignments: Iterable[RoleAssignment], principal_id: str, scope: str) -> bool:
    """Whether a principal may change resources and assign roles there."""
    return any(EVERYTHING in allowed for allowed in actions(assignments, principal_id, scope))


def may_read(assignments: Iterable[RoleAssignment], principal_id: str, scope: str) -> bool:
    """Whether a principal may see the resources there."""
    return any({EVERYTHING, "*/read"} & allowed for allowed in actions(assignments, principal_id, scope))


def actions(assignments: Iterable[RoleAssignment], principal_id: str, scope: str) -> list[frozenset[str]]:
    """What each of a principal's roles allows of the resources there."""
    return [OF_RESOURCES.get(role) or ROLES[role].actions for role in _roles(assignments, principal_id, scope)]


def _roles(assignments: Iterable[RoleAssignment], principal_id: str, scope: str) -> list[str]:
    """The roles that hold on a scope: those assigned on it or on what it is part of."""
    return [
        assignment.role
        for assignment in assignments
        if assignment.principal_id == principal_id and f"{scope}/".lower().startswith(f"{assignment.scope}/".lower())
    ]
