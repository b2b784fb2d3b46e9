"""Checks of what an audit trail takes. Pure functions: they return the value and raise `InvalidArgument`."""

import re
from collections.abc import Mapping

from ..checks import distinct, invalid, match, texts
from .checks import resource_id, vault_id

NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_-]{0,126}[A-Za-z0-9])?")
VAULTS = '{"test": "/subscriptions/…/providers/Microsoft.KeyVault/vaults/shop-test"}'
WORKSPACE = (
    "/subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/logs/providers/"
    "Microsoft.OperationalInsights/workspaces/audit"
)
STORAGE = WORKSPACE.replace("Microsoft.OperationalInsights/workspaces", "Microsoft.Storage/storageAccounts")
ACTIONS = WORKSPACE.replace("Microsoft.OperationalInsights/workspaces", "Microsoft.Insights/actionGroups")


def vault_names(given: object) -> dict[str, object]:
    """Return vaults by names of yours, which the resources have."""
    if not isinstance(given, Mapping) or not given:
        raise invalid("vault_ids", given, f"resource ids by name such as {VAULTS}", "name each vault")
    for name in given:
        match(NAME, "vault_ids", name, "a name of letters, digits, _ and -, such as test", "correct it")
    return dict(given)


def vault(given: object) -> str:
    """Return a vault's resource id."""
    return vault_id(given).text


def workspace(given: object) -> str:
    """Return the resource id of a Log Analytics workspace; its UUID is another one."""
    kind = "Microsoft.OperationalInsights/workspaces"
    return resource_id("workspace_id", given, kind, WORKSPACE, "az monitor log-analytics workspace show").text


def storage(given: object) -> str:
    """Return the resource id of a storage account."""
    kind = "Microsoft.Storage/storageAccounts"
    return resource_id("storage_account_id", given, kind, STORAGE, "az storage account show").text


def action_groups(given: object) -> list[str]:
    """Return the resource ids of action groups, each once."""
    kind, command = "Microsoft.Insights/actionGroups", "az monitor action-group show"
    ids = distinct("action_group_ids", texts("action_group_ids", given, f'["{ACTIONS}"]'))
    return [resource_id("action_group_ids", one, kind, ACTIONS, command).text for one in ids]


def name(argument: str, given: object) -> str:
    """Return the name of a setting or a rule."""
    return match(NAME, argument, given, "letters, digits, _ and -, such as secret-access", "leave it out")
