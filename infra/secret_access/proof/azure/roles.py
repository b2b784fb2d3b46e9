"""What a role of Azure's lets its holder do with secrets, or with who may use them. Pure.

Sources: Azure RBAC, "Understand Azure role definitions" (`*` in an action is any text, in any case; NotActions take
away from the same permission alone), "Azure built-in roles", and "Azure permissions for Security".
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any


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


_SECRETS = "Microsoft.KeyVault/vaults/secrets"
_IDENTITIES = "Microsoft.ManagedIdentity/userAssignedIdentities"
DATA_OPERATIONS: Mapping[str, Power] = {
    f"{_SECRETS}/getSecret/action": Power.USE,
    f"{_SECRETS}/setSecret/action": Power.USE,
    f"{_SECRETS}/backup/action": Power.USE,
    f"{_SECRETS}/restore/action": Power.USE,
    f"{_SECRETS}/update/action": Power.USE,
    f"{_SECRETS}/delete": Power.USE,
    f"{_SECRETS}/purge/action": Power.USE,
}
OPERATIONS: Mapping[str, Power] = {
    "Microsoft.Authorization/roleAssignments/write": Power.TAKE,
    "Microsoft.Authorization/roleAssignmentScheduleRequests/write": Power.TAKE,
    "Microsoft.Authorization/roleEligibilityScheduleRequests/write": Power.TAKE,
    "Microsoft.Authorization/roleDefinitions/write": Power.TAKE,
    f"{_SECRETS}/write": Power.TAKE,
    "Microsoft.KeyVault/vaults/delete": Power.TAKE,
    "Microsoft.KeyVault/vaults/write": Power.ADMIT,
    "Microsoft.KeyVault/vaults/accessPolicies/write": Power.ADMIT,
    "Microsoft.KeyVault/vaults/deploy/action": Power.DEPLOY,
    f"{_IDENTITIES}/federatedIdentityCredentials/write": Power.BECOME,
    f"{_IDENTITIES}/assign/action": Power.BECOME,
    f"{_IDENTITIES}/*/assign/action": Power.BECOME,
}
Granted = Mapping[Power, str]
"""An operation that gives each power."""


@dataclass(frozen=True)
class Role:
    """A role; `name` is for people."""

    name: str
    powers: Granted


def granted(permissions: Sequence[Mapping[str, Any]]) -> Granted:
    """Return the powers of a role definition's permissions."""
    found: dict[Power, str] = {}
    for permission in permissions:
        for operations, allowed, excluded in (
            (DATA_OPERATIONS, "dataActions", "notDataActions"),
            (OPERATIONS, "actions", "notActions"),
        ):
            for operation, power in operations.items():
                if _matches(permission.get(allowed), operation) and not _matches(permission.get(excluded), operation):
                    found.setdefault(power, operation)
    return found


def built_in(definition_id: str) -> Role | None:
    """Return a built-in role by its definition's id, None if it is not known here."""
    known = _BUILT_IN.get(definition_id.rpartition("/")[2].lower())
    return None if known is None else Role(known[0], granted([known[1]]))


def unknown(definition_id: str | None) -> Role:
    """Return a role whose permissions nobody knows: it counts as one that has all."""
    shown = "a role that is known only after `pulumi up`" if definition_id is None else f"the role {definition_id}"
    return Role(f"{shown} (counted as one that allows all)", granted([{"actions": ["*"], "dataActions": ["*"]}]))


def _matches(patterns: Iterable[object] | None, operation: str) -> bool:
    return any(
        re.fullmatch(re.escape(str(each)).replace(r"\*", ".*"), operation, re.IGNORECASE) for each in patterns or ()
    )


_BUILT_IN: Mapping[str, tuple[str, Mapping[str, Sequence[str]]]] = {
    "4633458b-17de-408a-b874-0445c86b69e6": (
        "Key Vault Secrets User",
        {"dataActions": [f"{_SECRETS}/getSecret/action", f"{_SECRETS}/readMetadata/action"]},
    ),
    "b86a8fe4-44ce-4948-aee5-eccb2c155cd7": ("Key Vault Secrets Officer", {"dataActions": [f"{_SECRETS}/*"]}),
    "00482a5a-887f-4fb3-b363-3b7fe8e74483": (
        "Key Vault Administrator",
        {"dataActions": ["Microsoft.KeyVault/vaults/*"]},
    ),
    "21090545-7ca7-4776-b22c-e363652d74d2": (
        "Key Vault Reader",
        {"dataActions": ["Microsoft.KeyVault/vaults/*/read", f"{_SECRETS}/readMetadata/action"]},
    ),
    "db79e9a7-68ee-4b58-9aeb-b90e7c24fcba": (
        "Key Vault Certificate User",
        {"dataActions": [f"{_SECRETS}/getSecret/action", f"{_SECRETS}/readMetadata/action"]},
    ),
    "a4417e6f-fecd-4de8-b567-7b0420556985": (
        "Key Vault Certificates Officer",
        {"dataActions": ["Microsoft.KeyVault/vaults/certificates/*", "Microsoft.KeyVault/vaults/certificatecas/*"]},
    ),
    "14b46e9e-c2b7-41b4-b07b-48a6ebf60603": (
        "Key Vault Crypto Officer",
        {"dataActions": ["Microsoft.KeyVault/vaults/keys/*"]},
    ),
    "12338af0-0e69-4776-bea7-57ae8d297424": (
        "Key Vault Crypto User",
        {"dataActions": ["Microsoft.KeyVault/vaults/keys/*"]},
    ),
    "e147488a-f6f5-4113-8e2d-b22465e65bf6": (
        "Key Vault Crypto Service Encryption User",
        {"dataActions": ["Microsoft.KeyVault/vaults/keys/*"]},
    ),
    "8b54135c-b56d-4d72-a534-26097cfdc8d8": (
        "Key Vault Data Access Administrator",
        {"actions": ["Microsoft.Authorization/roleAssignments/*", "Microsoft.KeyVault/vaults/*/read"]},
    ),
    "f25e0fa2-a7c8-4377-a976-54943a77a395": (
        "Key Vault Contributor",
        {"actions": ["Microsoft.KeyVault/*", "Microsoft.Authorization/*/read"]},
    ),
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635": ("Owner", {"actions": ["*"]}),
    "b24988ac-6180-42a0-ab88-20f7382dd24c": (
        "Contributor",
        {
            "actions": ["*"],
            "notActions": [
                "Microsoft.Authorization/*/Delete",
                "Microsoft.Authorization/*/Write",
                "Microsoft.Authorization/elevateAccess/Action",
            ],
        },
    ),
    "acdd72a7-3385-48ef-bd42-f606fba81ae7": ("Reader", {"actions": ["*/read"]}),
    "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9": (
        "User Access Administrator",
        {"actions": ["*/read", "Microsoft.Authorization/*"]},
    ),
    "f58310d9-a9f6-439a-9e8d-f62e7b41a168": (
        "Role Based Access Control Administrator",
        {"actions": ["*/read", "Microsoft.Authorization/roleAssignments/*"]},
    ),
    "e40ec5ca-96e0-45a2-b4ff-59039f2c2b59": (
        "Managed Identity Contributor",
        {"actions": [f"{_IDENTITIES}/*", "Microsoft.Authorization/*/read"]},
    ),
    "7e559ce2-48d7-4b27-9128-fa1b247f1308": (
        "Managed Identity Federated Identity Credential Contributor",
        {"actions": [f"{_IDENTITIES}/federatedIdentityCredentials/*", "Microsoft.Authorization/*/read"]},
    ),
    "f1a07417-d97a-45cb-824c-7a7467783830": (
        "Managed Identity Operator",
        {"actions": [f"{_IDENTITIES}/*/read", f"{_IDENTITIES}/*/assign/action"]},
    ),
}
"""The built-in roles about Key Vault, identities and rights, as far as secrets are concerned."""
