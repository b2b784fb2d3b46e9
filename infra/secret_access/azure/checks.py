"""Checks of arguments in Azure's terms.

Pure functions: they return the value, or what it was taken apart into, and raise `InvalidArgument`.
Source: Azure Resource Manager, "Naming rules and restrictions for Azure resources".
"""

import re

from secret_names.vaults import AZURE

from ..checks import invalid, match, no_credentials, texts
from .documents import ResourceId

VAULT_NAME_LIMIT = 24
IDENTITY_NAME_LIMIT = 128
EXAMPLE_UUID = "11111111-2222-3333-4444-555555555555"
EXAMPLE_VAULT = (
    f"/subscriptions/{EXAMPLE_UUID}/resourceGroups/secrets/providers/Microsoft.KeyVault/vaults/secrets-of-team-a"
)
EXAMPLE_IDENTITY = (
    f"/subscriptions/{EXAMPLE_UUID}/resourceGroups/secrets/providers/Microsoft.ManagedIdentity/"
    "userAssignedIdentities/secret-access-test"
)
EXAMPLE_CLUSTER = (
    f"/subscriptions/{EXAMPLE_UUID}/resourceGroups/clusters/providers/Microsoft.ContainerService/managedClusters/blue"
)
EXAMPLE_ROLE = f"/subscriptions/{EXAMPLE_UUID}/providers/Microsoft.Authorization/roleDefinitions/{EXAMPLE_UUID}"

UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
RESOURCE_GROUP = re.compile(r"(?![^/]*\.\Z)[\w().-]{1,90}", re.ASCII)
LOCATION = re.compile(r"[a-z][a-z0-9]+")
IDENTITY_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{2,127}")
VAULT_NAME = re.compile(r"(?!.*--)[A-Za-z][A-Za-z0-9-]{1,22}[A-Za-z0-9]")
HTTPS_ORIGIN = re.compile(r"https://(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]+)?/?")
HOST = re.compile(r"(?=.{1,253}\Z)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+")
ROLE_DEFINITION = re.compile(
    rf"(?:/subscriptions/{UUID.pattern})?/providers/Microsoft\.Authorization/roleDefinitions/({UUID.pattern})",
    re.IGNORECASE,
)
POD_IDENTITY = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")


def unique_id(argument: str, given: object, fix: str) -> str:
    """Return a UUID, as Azure gives tenants, clients and principals one."""
    what = argument
    if isinstance(given, str) and "/" in given:
        what = f"{argument} is a resource's id"
    return match(UUID, what, given, f"a UUID such as {EXAMPLE_UUID}", fix)


def tenant_id(given: object) -> str:
    """Return a tenant's id; a domain would do for Entra, and not for a vault."""
    return unique_id("tenant_id", given, "run `az account show --query tenantId`")


def client_id(given: object) -> str:
    """Return the client id of an identity that exists already."""
    return unique_id("client_id", given, "run `az identity show --query clientId`")


def principal_id(given: object, client: str) -> str:
    """Return the principal id of an identity that exists already; its client id is another."""
    fix = "run `az identity show --query principalId`"
    checked = unique_id("principal_id", given, fix)
    if checked.lower() == client.lower():
        raise invalid("principal_id is the client id too", given, "another UUID: roles are assigned to it", fix)
    return checked


def resource_group(given: object) -> str:
    """Return the name of a resource group."""
    what, fix = "resource_group", "name the group in which the identity and the vault are to be"
    if isinstance(given, str) and given.startswith("/subscriptions/"):
        parts = given.split("/")
        what, fix = "resource_group is a resource's id", f"write {parts[4]}" if len(parts) > 4 else fix
    elif given is None:
        what = "resource_group is missing"
    elif "*" in str(given):
        what = "resource_group holds a *"
    return match(RESOURCE_GROUP, what, given, "the name of a resource group, such as secrets", fix)


def location(given: object) -> str:
    """Return a region's name; what the portal shows is another spelling."""
    fix = "run `az account list-locations --query [].name`"
    what = "location is missing" if given is None else "location"
    if isinstance(given, str) and re.fullmatch(r"[A-Za-z0-9]+( [A-Za-z0-9]+)*", given):
        fix = f"write {given.replace(' ', '').lower()}"
    return match(LOCATION, what, given, "a region by its name, such as westeurope", fix)


def identity_name(given: object) -> str:
    """Return a managed identity's name; it is never cut, as two cut names could be one identity."""
    return match(
        IDENTITY_NAME,
        f"identity_name has {len(given)} characters"
        if isinstance(given, str) and len(given) > 128
        else "identity_name",
        given,
        "3 to 128 letters, digits, - and _, with a letter or digit first",
        "set identity_name, for example secret-access-test; it is never cut for you",
    )


def vault_name(given: object) -> str:
    """Return a vault's name; it is never cut, as two cut names could be one vault."""
    text = given if isinstance(given, str) else ""
    what = "vault_name"
    if len(text) > VAULT_NAME_LIMIT:
        what = f"vault_name has {len(text)} characters"
    elif "--" in text:
        what = "vault_name has two hyphens in a row"
    return match(
        VAULT_NAME,
        what,
        given,
        f"3 to {VAULT_NAME_LIMIT} letters, digits and single -, with a letter first, unique in all of Azure",
        "set vault_name to a shorter one of that form; it is never cut for you, since two cut names could be one vault",
    )


def vault_id(given: object) -> ResourceId:
    """Return the parts of a vault's resource id."""
    return resource_id("vault_id", given, "Microsoft.KeyVault/vaults", EXAMPLE_VAULT, "az keyvault show")


def identity_id(given: object) -> ResourceId:
    """Return the parts of a user-assigned identity's resource id."""
    kind = "Microsoft.ManagedIdentity/userAssignedIdentities"
    return resource_id("identity_id", given, kind, EXAMPLE_IDENTITY, "az identity show")


def cluster_id(given: object) -> ResourceId:
    """Return the parts of an AKS cluster's resource id."""
    kind = "Microsoft.ContainerService/managedClusters"
    return resource_id("identity_binding_cluster_id", given, kind, EXAMPLE_CLUSTER, "az aks show")


def shared_secrets(declared: object, prefix: str) -> list[str]:
    """Return Key Vault's names of the secrets to which a shared vault gives access, each once."""
    names = texts("secrets", [] if declared is None else declared, '["database-password"]')
    spelled = [AZURE.spelled(AZURE.full_name(name, prefix)) for name in names]
    if not spelled:
        raise invalid(
            f"secrets is empty, and in a shared vault access cannot be given to all of {prefix}",
            names,
            "the names of the secrets: Azure RBAC has a scope for a vault and for one secret, and none for a prefix",
            "declare each name in secrets, or give the namespace a vault of its own (leave vault_id out, or set "
            "shared_vault to false if nobody else's secrets are in it)",
        )
    for number, name in enumerate(spelled):
        if name in spelled[:number]:
            raise invalid("secrets names one secret twice", names[number], f"{name} once", "remove one")
    return spelled


def in_subscription(argument: str, given: ResourceId, subscription: str | None) -> ResourceId:
    """Return what exists, which is in the provider's subscription, if that is known."""
    if subscription and subscription.lower() != given.subscription_id.lower():
        raise invalid(
            f"{argument} is in another subscription than the Pulumi provider's",
            given.text,
            f"a resource of the subscription {subscription}",
            "pass a provider for its subscription",
        )
    return given


def same_subscription(argument: str, given: ResourceId, made: str) -> str:
    """Return the id of what was made for something that exists, by its group and name: so in its subscription."""
    in_subscription(argument, given, made.split("/")[2])
    return made


def write_role(given: object) -> str:
    """Return the UUID of a role by its definition's resource id."""
    text = given if isinstance(given, str) else ""
    if found := ROLE_DEFINITION.fullmatch(text):
        return found[1].lower()
    what = "write_role_id"
    if UUID.fullmatch(text):
        what = "write_role_id is a UUID"
    elif text and "/" not in text:
        what = "write_role_id is a name"
    fix = "run `az role definition list --custom-role-only --query [].id`"
    raise invalid(what, given, f"the resource id of a role's definition, such as {EXAMPLE_ROLE}", fix)


def https_url(argument: str, given: object, example: str) -> str | None:
    """Return the address of a server, without a path."""
    if given is None:
        return None
    if isinstance(given, str):
        no_credentials(argument, given, "leave them out")
    return match(HTTPS_ORIGIN, argument, given, f"an https URL without a path, such as {example}", "correct it")


def sni_name(given: object) -> str:
    """Return the server name (SNI) that selects the token proxy instead of the API server, at the same address."""
    return match(
        HOST,
        "token_proxy_sni_name",
        given,
        "a host's name such as a1b2c3.ests.aks",
        "take AZURE_KUBERNETES_SNI_NAME of a pod that AKS's webhook has given an identity binding",
    )


def pod_identity(given: object) -> str:
    """Return the value of aad-pod-identity's label."""
    return match(POD_IDENTITY, "aad_pod_identity_binding", given, "the value of a label, such as app", "correct it")


def resource_id(argument: str, given: object, kind: str, example: str, command: str) -> ResourceId:
    """Return the parts of the resource id of one of a kind; `command` shows it."""
    # Azure itself writes `resourcegroups` in some ids, so case does not count
    group = rf"/subscriptions/({UUID.pattern})/resourceGroups/({RESOURCE_GROUP.pattern})"
    pattern = rf"{group}/providers/{re.escape(kind)}/([\w-]+)"
    found = re.fullmatch(pattern, given, re.ASCII | re.IGNORECASE) if isinstance(given, str) else None
    if found:
        return ResourceId(found[1], found[2], found[3], found[0])
    text = str(given or "")
    what = f"{argument} is not the resource id of one of {kind}"
    if "*" in text:
        what = f"{argument} holds a *"
    elif UUID.fullmatch(text):
        what = f"{argument} is a UUID"
    elif text.startswith("https://"):
        what = f"{argument} is a URL"
    elif text and "/" not in text:
        what = f"{argument} is a name"
    raise invalid(what, given, f"a resource id such as {example}", f"run `{command} --query id`")
