"""What a role of Azure's lets its holder do with secrets, or with who may use them. Pure.

Sources: Azure RBAC, "Understand Azure role definitions" (`*` in an action is any text, in any case; NotActions take
away from the same permission alone), "Azure built-in roles", and "Azure permissions for Security".
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Any, TypeGuard

from . import cluster_operations
from .built_in_roles import BUILT_IN, IDENTITIES, MACHINES, SECRETS


class Power(Enum):
    """What an operation is good for."""

    USE = "use"
    """Read, replace or remove values, on vaults that role assignments decide on."""
    TAKE = "take"
    """The same on every vault, by the control plane or by giving oneself the rights."""
    ADMIT = "admit"
    """Give oneself rights by access policies, on vaults that these decide on."""
    DEPLOY = "deploy"
    """Read values in a deployment, on vaults that allow it."""
    BECOME = "become"
    """Become a managed identity."""
    HOST = "host"
    """Run commands on the nodes of a cluster, or make pods in it: become any pod."""


_VAULT_WRITE = "Microsoft.KeyVault/vaults/write"
DATA_OPERATIONS: Mapping[str, Power] = {
    f"{SECRETS}/getSecret/action": Power.USE,
    f"{SECRETS}/setSecret/action": Power.USE,
    f"{SECRETS}/backup/action": Power.USE,
    f"{SECRETS}/restore/action": Power.USE,
    f"{SECRETS}/update/action": Power.USE,
    f"{SECRETS}/delete": Power.USE,
    f"{SECRETS}/purge/action": Power.USE,
    f"{SECRETS}/recover/action": Power.USE,
    **dict.fromkeys(cluster_operations.DATA_OPERATIONS, Power.HOST),
}
OPERATIONS: Mapping[str, Power] = {
    "Microsoft.Authorization/roleAssignments/write": Power.TAKE,
    "Microsoft.Authorization/roleAssignmentScheduleRequests/write": Power.TAKE,
    "Microsoft.Authorization/roleEligibilityScheduleRequests/write": Power.TAKE,
    "Microsoft.Authorization/roleDefinitions/write": Power.TAKE,
    "Microsoft.Authorization/elevateAccess/action": Power.TAKE,
    f"{SECRETS}/write": Power.TAKE,
    "Microsoft.KeyVault/vaults/delete": Power.TAKE,
    _VAULT_WRITE: Power.ADMIT,
    "Microsoft.KeyVault/vaults/accessPolicies/write": Power.ADMIT,
    "Microsoft.KeyVault/vaults/deploy/action": Power.DEPLOY,
    f"{IDENTITIES}/federatedIdentityCredentials/write": Power.BECOME,
    f"{IDENTITIES}/assign/action": Power.BECOME,
    f"{IDENTITIES}/*/assign/action": Power.BECOME,
    **dict.fromkeys(cluster_operations.OPERATIONS, Power.HOST),
    f"{MACHINES[0]}/extensions/write": Power.HOST,
    f"{MACHINES[0]}/runCommand/action": Power.HOST,
    f"{MACHINES[0]}/runCommands/write": Power.HOST,
    f"{MACHINES[0]}/write": Power.HOST,
    f"{MACHINES[1]}/extensions/write": Power.HOST,
    f"{MACHINES[1]}/virtualMachines/runCommand/action": Power.HOST,
    f"{MACHINES[1]}/virtualMachines/runCommands/write": Power.HOST,
    f"{MACHINES[1]}/write": Power.HOST,
}
Granted = Mapping[Power, str]
"""An operation that gives each power."""


@dataclass(frozen=True)
class Role:
    """A role; `name` is for people."""

    name: str
    powers: Granted


def is_permission(given: object) -> TypeGuard[Mapping[str, Any]]:
    """Return whether a value is a permission of a role definition, with lists of operations."""
    return isinstance(given, Mapping) and all(
        isinstance(operations, list) and all(isinstance(each, str) for each in operations)
        for key in ("actions", "notActions", "dataActions", "notDataActions")
        if (operations := given.get(key)) is not None
    )


def granted(permissions: Sequence[Mapping[str, Any]]) -> Granted:
    """Return the powers of a role definition's permissions."""
    found: dict[Power, str] = {}
    held: set[str] = set()
    for permission in permissions:
        for operations, allowed, excluded in (
            (DATA_OPERATIONS, "dataActions", "notDataActions"),
            (OPERATIONS, "actions", "notActions"),
        ):
            for operation, power in operations.items():
                if _matches(permission.get(allowed), operation) and not _matches(permission.get(excluded), operation):
                    found.setdefault(power, operation)
                    held.add(operation)
    if Power.DEPLOY in found and _VAULT_WRITE in held:  # and so lets deployments read first
        found.setdefault(Power.TAKE, found[Power.DEPLOY])
    return found


def built_in(definition_id: str) -> Role | None:
    """Return a built-in role by its definition's id, None if it is not known here."""
    known = BUILT_IN.get(definition_id.rpartition("/")[2].lower())
    return None if known is None else Role(known[0], granted([known[1]]))


def unknown(definition_id: str | None) -> Role:
    """Return a role whose permissions nobody knows: it counts as one that has all."""
    shown = "a role that is known only after `pulumi up`" if definition_id is None else f"the role {definition_id}"
    return Role(f"{shown} (counted as one that allows all)", granted([{"actions": ["*"], "dataActions": ["*"]}]))


def _matches(patterns: Iterable[str] | None, operation: str) -> bool:
    return _compiled(tuple(patterns or ())).fullmatch(operation) is not None


@lru_cache(512)
def _compiled(patterns: tuple[str, ...]) -> re.Pattern[str]:
    """Return what matches one of them, no operation where there is none."""
    return re.compile("|".join(re.escape(each).replace(r"\*", ".*") for each in patterns), re.IGNORECASE)
