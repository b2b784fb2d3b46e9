"""A subscription of Azure, asked as `az` is signed in. It reads, and no more."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from ...azure import checks as azure_checks
from ...azure import documents
from ...checks import subject
from ..api import REFUSALS, Api, NotAnswered, Refused
from ..check import Check, Severity
from ..login import NotSignedIn, printed
from ..stack import Stack, asked
from . import judging

SUBSCRIPTIONS, GROUPS, PROVIDERS = "2022-12-01", "2024-03-01", "2021-04-01"
IDENTITIES, VAULTS, PERMISSIONS, USAGE = "2023-01-31", "2024-11-01", "2022-04-01", "2019-08-01-preview"
"""Versions of the APIs, as Azure names them."""
ACCOUNT_NAME = "secret-access"
"""The components' default ServiceAccount."""


@dataclass(frozen=True)
class Azure:
    """Where a stack's identities and vaults are."""

    subscription_id: str
    resource_group: str


@dataclass(frozen=True)
class Login:
    """Who asks, and where."""

    token: str = field(repr=False)
    tenant_id: str
    address: str
    """Of the Resource Manager. Example: `https://management.azure.com`."""


def of_az(subscription_id: str) -> Login:
    """Return the login of `az`, in whichever of Azure's clouds it is; raise NotSignedIn."""
    said = printed("az", "account", "get-access-token", "--subscription", subscription_id, "--output", "json")
    cloud = printed("az", "cloud", "show", "--output", "json")
    try:
        token, address = json.loads(said), json.loads(cloud)["endpoints"]["resourceManager"]
        return Login(token["accessToken"], token["tenant"], str(address).rstrip("/"))
    except (ValueError, KeyError, TypeError):
        raise NotSignedIn("az printed no token, or no address of the Resource Manager: is it Azure's az?") from None


def checks(stack: Stack, azure: Azure, login: Callable[[str], Login] = of_az) -> Iterator[Check]:
    """Yield what each check found. Raise InvalidArgument for a subscription or a group that cannot be."""
    fix = "run `az account show --query id`"
    identifier = azure_checks.unique_id("subscription_id", azure.subscription_id, fix=fix)
    group = azure_checks.resource_group(azure.resource_group)
    try:
        who = login(identifier)
    except NotSignedIn as error:
        mend = f"az login, then az account set --subscription {identifier}"
        yield Check("azure-subscription", Severity.ERROR, judging.SUBSCRIPTION, str(error), mend)
        return
    api = Api(f"{who.address}/subscriptions/{identifier}", {"Authorization": f"Bearer {who.token}"})
    try:
        found = api.get("", **_version(SUBSCRIPTIONS))
    except Refused as error:
        mend = "az login as somebody who may read it"
        yield Check("azure-subscription", Severity.ERROR, judging.SUBSCRIPTION, str(error), mend)
        return
    except NotAnswered as error:
        mend = "check the network and HTTPS_PROXY"
        yield Check("azure-subscription", Severity.UNKNOWN, judging.SUBSCRIPTION, str(error), mend)
        return
    yield judging.subscription(found, who.tenant_id)
    ask = partial(asked, refusals=REFUSALS)
    yield from ask("azure-providers", judging.PROVIDERS, ask=lambda: [_providers(api)])
    yield from ask("azure-assignments", judging.ASSIGNMENTS, ask=lambda: [_assignments(api, stack)])
    (of_group,) = ask("azure-group", judging.GROUP, ask=lambda: [judging.group(group, _there(api, _path(group)))])
    yield of_group
    if of_group.severity is Severity.ERROR:
        return
    yield from ask("azure-rights", judging.RIGHTS, ask=lambda: [_rights(api, group)])
    if stack.namespaces:
        yield from ask("azure-vaults", "vaults", ask=lambda: _vaults(api, stack, group, who.tenant_id))
        yield from ask("azure-identities", "identities", ask=lambda: _identities(api, stack, group))


def _path(group: str) -> str:
    return f"/resourceGroups/{group}"


def _there(api: Api, path: str, version: str = GROUPS) -> dict[str, Any] | None:
    try:
        return api.get(path, **_version(version))
    except Refused as error:
        if error.status == 404:
            return None
        raise


def _providers(api: Api) -> Check:
    states = {
        name: str(api.get(f"/providers/{name}", **_version(PROVIDERS)).get("registrationState"))
        for name in judging.NEEDED
    }
    return judging.providers(states)


def _assignments(api: Api, stack: Stack) -> Check:
    path = "/providers/Microsoft.Authorization/roleAssignmentsUsageMetrics"
    return judging.assignments(api.get(path, **_version(USAGE)), stack)


def _rights(api: Api, group: str) -> Check:
    path = f"{_path(group)}/providers/Microsoft.Authorization/permissions"
    return judging.rights(api.all(path, "value", **_version(PERMISSIONS)), group)


def _vaults(api: Api, stack: Stack, group: str, tenant_id: str) -> Iterator[Check]:
    provider = "/providers/Microsoft.KeyVault"
    deleted = {
        str(each["name"]).lower(): each for each in api.all(f"{provider}/deletedVaults", "value", **_version(VAULTS))
    }
    for namespace in stack.namespaces:
        name = documents.default_vault_name(namespace, group, tenant_id)
        yield judging.vault(
            name,
            is_own=_there(api, f"{_path(group)}{provider}/vaults/{name}", VAULTS) is not None,
            deleted=deleted.get(name.lower()),
            availability=api.post(
                f"{provider}/checkNameAvailability?api-version={VAULTS}",
                {"name": name, "type": "Microsoft.KeyVault/vaults"},
            ),
        )


def _identities(api: Api, stack: Stack, group: str) -> Iterator[Check]:
    for namespace, identity in zip(stack.namespaces, stack.identities, strict=True):
        path = f"{_path(group)}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{identity}"
        if _there(api, path, IDENTITIES) is None:
            found = "there is none yet: `pulumi up` makes it"
            yield Check("azure-identities", Severity.OK, f"the identity {identity}", found)
        elif stack.issuer is None:
            found = "the cluster's issuer was not read"
            yield Check("azure-identities", Severity.UNKNOWN, f"the identity {identity}", found, "give --issuer")
        else:
            credentials = api.all(f"{path}/federatedIdentityCredentials", "value", **_version(IDENTITIES))
            yield judging.credentials(identity, stack.issuer, subject(namespace, ACCOUNT_NAME), credentials)


def _version(version: str) -> dict[str, str | list[str]]:
    return {"api-version": version}
