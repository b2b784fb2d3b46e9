"""Access policies of vaults that do not surely go by role assignments. Pure."""

from collections.abc import Mapping

from ..preview import UNKNOWN, Resource
from .documents import POLICY, VAULT, Grant, Stack, give, lower, principals, say_who
from .vaults import Vault, secrets_of

_USE = frozenset({"all", "get", "set", "delete", "backup", "restore", "purge"})
"""The permissions of access policies that give values away, replace or remove them."""


def add_access_policies(stack: Stack) -> None:
    """Add the access policies of vaults that do not surely go by role assignments."""
    for each in stack.of(VAULT):
        vault = next(one for one in stack.vaults if one.urn == each.urn)
        properties = each.inputs.get("properties")
        given = properties.get("accessPolicies") if isinstance(properties, Mapping) else None
        if properties is not None and not isinstance(properties, Mapping):
            stack.undecided.append(f"the properties of the vault {vault.name} are known only after `pulumi up`")
        for entry in given if isinstance(given, list) else [] if given is None else [given]:
            _add_access_policy(stack, vault, each, "properties", entry)
    for each in stack.of(POLICY):
        sources = {*each.depends_on.get("vaultName", ())}
        name = lower(each.text("vaultName"))
        vaults = [one for one in stack.vaults if one.name == name or one.urn in sources]
        if not vaults:
            stack.undecided.append(f"the vault of access policy {each.name} is known only after `pulumi up`")
        for vault in vaults:
            _add_access_policy(stack, vault, each, "policy", each.inputs.get("policy"))


def _add_access_policy(stack: Stack, vault: Vault, each: Resource, key: str, entry: object) -> None:
    given = entry if isinstance(entry, Mapping) else {}
    permissions = given.get("permissions", UNKNOWN)
    listed = permissions.get("secrets") or [] if isinstance(permissions, Mapping) else [UNKNOWN]
    may_use = [str(one) for one in (listed if isinstance(listed, list) else [listed]) if str(one).lower() in _USE]
    is_unknown = UNKNOWN in str(listed)
    if vault.uses_roles is True or not (may_use or is_unknown):
        return
    principal = given.get("objectId")
    holders = principals(stack, each, key, str(principal))
    allowed = "what is known only after `pulumi up`" if is_unknown else may_use[0]
    statement = f"access policy of the vault {vault.name} that allows {allowed}"
    if holders:
        give(stack, holders, Grant(secrets_of(vault), statement))
    else:
        say_who(stack, each, statement, principal if isinstance(principal, str) and principal != UNKNOWN else None)
