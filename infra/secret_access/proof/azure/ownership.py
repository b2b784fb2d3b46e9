"""The vaults of a stack, and whose own they are said to be. Pure."""

import re
from collections.abc import Mapping
from typing import Any

from ..preview import Resource
from .documents import (
    POLICY,
    VAULT,
    Stack,
    assignments,
    component_of,
    lower,
    namespaces_of,
    principals,
    scopes_of,
    vault_at,
)
from .scopes import VAULTS, Scope
from .vaults import Vault

NAMESPACE_TAG = "secret-access-namespace"
_CHARS = re.compile(r"[^a-z0-9-]")


def add_vaults(stack: Stack) -> None:
    """Add the vaults that the stack makes or names."""
    stack.vaults += [_made(stack, each) for each in stack.of(VAULT)]
    for each in assignments(stack):
        for found, _ in scopes_of(stack, each):
            if found.kind == VAULTS and found.name is not None:
                vault_at(stack, found).owners |= _covers(stack, each, found)
    for each in stack.of(POLICY):
        if name := each.text("vaultName"):
            vault_at(stack, Scope(None, lower(each.text("resourceGroupName")), VAULTS, name.lower()))


def _made(stack: Stack, each: Resource) -> Vault:
    given, tags = each.inputs.get("properties"), each.inputs.get("tags")
    properties = given if isinstance(given, Mapping) else {}
    name = lower(each.text("vaultName")) or f"?{_CHARS.sub('-', each.name.lower())}"
    vault = Vault(
        name,
        each.urn,
        group=lower(each.text("resourceGroupName")),
        uses_roles=_flag(properties, "enableRbacAuthorization", None),
        serves_deployments=_flag(properties, "enabledForTemplateDeployment", False if properties else None),
    )
    if isinstance(tags, Mapping) and isinstance(namespace := tags.get(NAMESPACE_TAG), str):
        vault.owners.add(namespace)
    for one in stack.identities:
        vault.owners |= namespaces_of(one) if one.urns & {*component_of(each)} else set()
    return vault


def _covers(stack: Stack, each: Resource, where: Scope) -> set[str]:
    """Return the namespaces whose component says, by a role on all of a vault, that the vault is theirs alone."""
    if not component_of(each) or where.secret is not None or "/" in each.name:
        return set()
    holders = principals(stack, each, "principalId", each.text("principalId"))
    return {namespace for one in holders for namespace in namespaces_of(one)}


def _flag(properties: Mapping[str, Any], key: str, default: bool | None) -> bool | None:
    given = properties.get(key, default)
    return given if isinstance(given, bool) else None
