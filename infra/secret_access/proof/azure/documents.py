"""Azure's documents in a stack: what is read from them, and what a right in them is for. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from secret_names import dashed

from ..preview import Resource
from ..strings import StringSet
from ..subjects import spelled_out
from .identities import Identity
from .roles import Role
from .scopes import CLUSTER as CLUSTER_SCOPE
from .scopes import IDENTITIES, VAULTS, Scope, scope
from .vaults import Vault

COMPONENT = "secret-access:index:AzureSecretAccess"
IDENTITY, CREDENTIAL, BINDING, VAULT, SECRET, POLICY, ASSIGNMENT, ELIGIBLE, DEFINITION, GROUP = (
    "managedidentity:UserAssignedIdentity",
    "managedidentity:FederatedIdentityCredential",
    "containerservice:IdentityBinding",
    "keyvault:Vault",
    "keyvault:Secret",
    "keyvault:AccessPolicy",
    "authorization:RoleAssignment",
    "authorization:PimRoleEligibilitySchedule",
    "authorization:RoleDefinition",
    "resources:ResourceGroup",
)
CLUSTER = "containerservice:ManagedCluster"
_SCHEDULED = (
    ELIGIBLE,
    "authorization:PimRoleAssignmentSchedule",
    "authorization:RoleAssignmentScheduleRequest",
    "authorization:RoleEligibilityScheduleRequest",
)
"""By Privileged Identity Management."""
OTHER_ASSIGNMENTS = (
    "azure:authorization/assignment:Assignment",
    "azure:pim/activeRoleAssignment:ActiveRoleAssignment",
    "azure:pim/eligibleRoleAssignment:EligibleRoleAssignment",
)
"""Role assignments of the other provider of Azure: they are not judged."""
_SERVICES = re.compile(
    r"azure-native(?:_\w+)?:(?:apimanagement|automation|cdn|containerregistry|datafactory|logic|sql|storage|web)(?:/v\w+)?:"
    r"(?:ApiManagementService|AutomationAccount|Factory|Profile|Registry|Server|StorageAccount|WebApp|WebAppSlot|Workflow)"
)
"""Services whose own identity no pod becomes: that of clusters and of machines, nodes may have."""
_TYPE = re.compile(r"azure-native(?:_\w+)?:(\w+)(?:/v\w+)?:(\w+)")


@dataclass(frozen=True)
class Grant:
    """Secrets that a principal may use, by one document."""

    allowed: StringSet
    statement: str


@dataclass
class Stack:
    """What is known of identities, vaults and rights so far; `undecided` is what the documents do not tell."""

    resources: Mapping[str, list[Resource]]
    """By kind, without the provider's version."""
    identities: list[Identity] = field(default_factory=list)
    vaults: list[Vault] = field(default_factory=list)
    roles: dict[str, Role] = field(default_factory=dict)
    """Those that the stack defines, by URN and by id."""
    grants: dict[int, list[Grant]] = field(default_factory=dict)
    """By the identity's place in the list."""
    has_group_members: bool = False
    """Whether the stack puts anybody into groups of Entra."""
    undecided: list[str] = field(default_factory=list)
    prefixes: Mapping[str, str] = field(default_factory=dict)
    """Of namespaces, where they are known and not the namespace and `/`."""

    def of(self, kind: str) -> list[Resource]:
        """Return the resources of a kind."""
        return self.resources.get(kind, [])


def by_kind(resources: Sequence[Resource]) -> dict[str, list[Resource]]:
    """Return the resources of the provider azure-native, by kind."""
    found: dict[str, list[Resource]] = {}
    for each in resources:
        if kind := _TYPE.fullmatch(each.type):
            found.setdefault(f"{kind[1]}:{kind[2]}", []).append(each)
    return found


def component_of(each: Resource) -> list[str]:
    """Return the access component that a resource is part of, if any: it has one identity."""
    return [each.parent] if each.parent.rpartition("::")[0].endswith(COMPONENT) else []


def lower(text: str | None) -> str | None:
    """Return a name of Azure's as it is compared: without regard to case."""
    return None if text is None else text.lower()


def namespaces_of(one: Identity) -> set[str]:
    """Return the namespaces that an identity is spelled out for."""
    return {name for subjects, _ in one.become for name in spelled_out(subjects)}


def vault_at(stack: Stack, where: Scope) -> Vault:
    """Return the vault of a scope; one that is not of this stack is added."""
    for vault in stack.vaults:
        if vault.name == where.name:  # no two vaults of the world share a name
            vault.subscription = vault.subscription or where.subscription
            vault.group = vault.group or where.group
            return vault
    stack.vaults.append(Vault(str(where.name), None, where.subscription, where.group))
    return stack.vaults[-1]


def assignments(stack: Stack) -> list[Resource]:
    """Return the role assignments, those that are scheduled or can be activated among them."""
    return [each for kind in (ASSIGNMENT, *_SCHEDULED) for each in stack.of(kind)]


def scopes_of(stack: Stack, each: Resource) -> list[tuple[Scope, bool]]:
    """Return the scopes that an assignment may have, and whether it is certain; none for what holds no secrets."""
    if (text := each.text("scope")) is not None:
        found = scope(text)
        return [] if found is None else [(found, True)]
    sources = {*each.depends_on.get("scope", ())}
    vaults = [*_made_secrets(stack, sources)] or [
        Scope(None, vault.group, VAULTS, vault.name, _components_secret(stack, each))
        for vault in stack.vaults
        if vault.urn in sources
    ]
    identities = [
        Scope(None, one.group, IDENTITIES, one.name.lower()) for one in stack.identities if one.urns & sources
    ]
    clusters = [Scope(None, None, CLUSTER_SCOPE, one.name.lower()) for one in stack.of(CLUSTER) if one.urn in sources]
    groups = [
        Scope(group=lower(group.text("resourceGroupName")) or group.name.lower())
        for group in stack.of(GROUP)
        if group.urn in sources
    ]
    return [(found, found.secret is not None) for found in vaults or identities or clusters or groups]


def _made_secrets(stack: Stack, sources: set[str]) -> Iterator[Scope]:
    """Yield the secrets of the stack among the sources of a scope."""
    for each in stack.of(SECRET):
        of = {*each.depends_on.get("vaultName", ())}
        named = lower(each.text("vaultName")) or next((one.name for one in stack.vaults if one.urn in of), None)
        if each.urn in sources and named is not None and (name := each.text("secretName") or each.name):
            yield Scope(None, lower(each.text("resourceGroupName")), VAULTS, named, name.lower())


def _components_secret(stack: Stack, each: Resource) -> str | None:
    """Return the secret that the component says an assignment is on, by the resource's name; None where it says none.

    In a vault of the same program the scope is known only after the update. A name with `/` may be under the prefix or
    not: it stays undecided until then.
    """
    (parent,) = component_of(each) or ("",)
    called = each.name.removeprefix(f"{parent.rpartition('::')[2]}-role/")
    namespaces = {name for one in stack.identities if one.urns & {parent} for name in namespaces_of(one)}
    if not parent or called == each.name or "/" in called or len(namespaces) != 1:
        return None
    if called.startswith("exact:"):
        return called.removeprefix("exact:").lower()
    (namespace,) = namespaces
    return dashed(f"{stack.prefixes.get(namespace, f'{namespace}/')}{called}").lower()


def principals(stack: Stack, each: Resource, key: str, principal: str | None) -> list[Identity]:
    """Return the identities of the stack that a right is for: by what its holder was computed from, or by component."""
    sources = {*each.depends_on.get(key, ())}
    computed = [one for one in stack.identities if one.urns & sources]
    return computed or [one for one in stack.identities if principal and one.urns & {*component_of(each)}]


def _is_of_a_service(each: Resource) -> bool:
    """Return whether a holder is the identity that a service of Azure has alone, such as an App Service."""
    types = [urn.split("::")[2].rpartition("$")[2] for urn in each.depends_on.get("principalId", ()) if "::" in urn]
    return bool(types) and all(map(_SERVICES.fullmatch, types))


def give(stack: Stack, holders: Sequence[Identity], grant: Grant) -> None:
    """Note a right of identities."""
    for number, one in enumerate(stack.identities):
        if any(one is holder for holder in holders):
            stack.grants.setdefault(number, []).append(grant)


def say_who(stack: Stack, each: Resource, what: str, principal: str | None) -> None:
    """Note a right whose holder is no identity of the stack, and may be one of pods."""
    kind = each.text("principalType")
    is_of_people = kind == "User" or (kind == "Group" and not stack.has_group_members)
    if not is_of_people and not _is_of_a_service(each):
        who = "somebody who is known only after `pulumi up`" if principal is None else principal
        stack.undecided.append(f"{what} is for {who}: who may become it is not among the documents")
