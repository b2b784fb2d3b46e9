"""What answers of Azure mean for the first `pulumi up`. Pure.

Sources: Azure REST API, Subscriptions - Get, Providers - Get, Permissions - List For Resource Group, Federated Identity
Credentials - List, Vaults - Check Name Availability and List Deleted; "Troubleshoot Azure RBAC limits"; Entra,
"Important considerations and restrictions for federated identity credentials".
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ...azure.documents import AUDIENCE, credential_name
from ..check import Check, Severity
from ..stack import Stack

Answer = Mapping[str, Any]
SUBSCRIPTION, GROUP, PROVIDERS, ASSIGNMENTS, RIGHTS = (
    "the Azure subscription",
    "Azure's resource group",
    "Azure's resource providers",
    "Azure's role assignments",
    "the rights of who runs `up` on Azure",
)
NEEDED = ("Microsoft.KeyVault", "Microsoft.ManagedIdentity")
CREDENTIALS = 20
"""Federated credentials that an identity may have."""
OF_UP = (
    "Microsoft.ManagedIdentity/userAssignedIdentities/write",
    "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/write",
    "Microsoft.KeyVault/vaults/write",
    "Microsoft.Authorization/roleAssignments/write",
)
"""What making a namespace's identity and its vault needs in the resource group."""


def subscription(found: Answer, tenant_id: str) -> Check:
    """Judge the subscription itself."""
    said = f"{found.get('subscriptionId')} of the tenant {found.get('tenantId', tenant_id)}"
    state = found.get("state")
    if state not in ("Enabled", "PastDue"):
        return Check("azure-subscription", Severity.ERROR, SUBSCRIPTION, f"{said}, is {state}", "enable it again")
    return Check("azure-subscription", Severity.OK, SUBSCRIPTION, said)


def group(name: str, found: Answer | None) -> Check:
    """Judge the resource group, without which the program stops; None where it is missing."""
    if found is None:
        mend = f"az group create --name {name} --location LOCATION, or ask with --resource-group"
        return Check("azure-group", Severity.ERROR, GROUP, f"there is no {name}", mend)
    return Check("azure-group", Severity.OK, GROUP, f"{name} in {found.get('location')}")


def providers(states: Mapping[str, str]) -> Check:
    """Judge which resource providers the subscription has; Pulumi's provider registers none."""
    missing = sorted(name for name in NEEDED if states.get(name) != "Registered")
    if missing:
        found = ", ".join(f"{name} is {states.get(name)}" for name in missing)
        mend = "; ".join(f"az provider register --namespace {name}" for name in missing)
        return Check("azure-providers", Severity.ERROR, PROVIDERS, found, mend)
    return Check("azure-providers", Severity.OK, PROVIDERS, f"registered: {', '.join(NEEDED)}")


def assignments(usage: Answer, stack: Stack) -> Check:
    """Hold the role assignments that are going to be made, one for each namespace at least, against the limit."""
    used, most = usage.get("roleAssignmentsCurrentCount"), usage.get("roleAssignmentsLimit")
    if not isinstance(used, int) or not isinstance(most, int):
        return Check("azure-assignments", Severity.UNKNOWN, ASSIGNMENTS, "Azure does not say how many there may be")
    found = f"{used} of {most} are there, {len(stack.identities)} to be made at least"
    if used + len(stack.identities) > most:
        mend = "remove those of deleted principals, or assign to groups"
        return Check("azure-assignments", Severity.ERROR, ASSIGNMENTS, found, mend)
    return Check("azure-assignments", Severity.OK, ASSIGNMENTS, found)


def rights(permissions: Iterable[Answer], name: str) -> Check:
    """Judge what the caller may do in the resource group: by each role, what it allows and does not take back."""
    given = list(permissions)
    lacking = [action for action in OF_UP if not any(_allows(each, action) for each in given)]
    if lacking:
        found = f"you may not {', '.join(lacking)} in {name}"
        mend = "have Contributor and Role Based Access Control Administrator there, or roles with these"
        return Check("azure-rights", Severity.ERROR, RIGHTS, found, mend)
    return Check("azure-rights", Severity.OK, RIGHTS, f"you may make identities, vaults and role assignments in {name}")


def _allows(permission: Answer, action: str) -> bool:
    allowed, taken_back = (permission.get(key) or () for key in ("actions", "notActions"))
    return any(_matches(each, action) for each in allowed) and not any(_matches(each, action) for each in taken_back)


def _matches(pattern: str, action: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), action, re.IGNORECASE) is not None


def vault(name: str, *, is_own: bool, deleted: Answer | None, availability: Answer) -> Check:
    """Judge the name of a namespace's vault, which no two vaults of the world share."""
    what = f"the vault {name}"
    if is_own:
        return Check("azure-vaults", Severity.OK, what, "it is there, in this resource group")
    if deleted is not None:
        until = (deleted.get("properties") or {}).get("scheduledPurgeDate", "it is purged")
        mend = f"set recover_vault: true, or `az keyvault purge --name {name}`, or take another vault_name"
        return Check("azure-vaults", Severity.ERROR, what, f"it is deleted, and its name taken until {until}", mend)
    if availability.get("nameAvailable") is not True:
        found = str(availability.get("message") or availability.get("reason") or "its name is taken")
        return Check("azure-vaults", Severity.ERROR, what, found, "take another vault_name")
    return Check("azure-vaults", Severity.OK, what, "its name is free")


def credentials(identity: str, issuer: str, subject: str, found: Sequence[Answer]) -> Check:
    """Judge the federated credentials of an identity that exists: room for one, and none in its way."""
    what, own = f"the identity {identity}", credential_name(issuer, subject)
    for each in found:
        properties = each.get("properties") or {}
        if (properties.get("issuer"), properties.get("subject")) != (issuer, subject):
            continue
        if each.get("name") != own:
            text = f"its federated credential {each.get('name')} is for {subject} already: Azure refuses a second"
            return Check("azure-identities", Severity.ERROR, what, text, "delete it, or import it under that name")
        if properties.get("audiences") != [AUDIENCE]:
            text = f"its federated credential {own} has the audiences {properties.get('audiences')}"
            mend = f"set them to {AUDIENCE}, or delete it: `up` makes it again"
            return Check("azure-identities", Severity.ERROR, what, text, mend)
        return Check("azure-identities", Severity.OK, what, f"it trusts {subject}")
    if len(found) >= CREDENTIALS:
        text = f"it has {len(found)} federated credentials, and Azure takes {CREDENTIALS}"
        return Check("azure-identities", Severity.ERROR, what, text, "delete those of lost clusters")
    return Check(
        "azure-identities", Severity.OK, what, f"{len(found)} of {CREDENTIALS} federated credentials are there"
    )
