"""A subscription of Azure before the first `up`, judged by this project's fake: each fault is made, and found."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from local.azure.directory import (
    GROUP,
    MANAGEMENT_RESOURCE,
    SUBSCRIPTION,
    TENANT,
    Access,
    FederatedCredential,
    Identity,
    RoleAssignment,
    Vault,
)
from local.azure.service import Azure as Fake
from secret_access.azure.documents import credential_name, default_vault_name
from secret_access.preflight.azure import account, judging
from secret_access.preflight.azure.account import Azure, Login
from secret_access.preflight.check import Check
from secret_access.preflight.login import NotSignedIn
from secret_access.preflight.stack import Stack
from tests.fakes.azure import KeySets
from tests.fakes.server import Server
from tests.free_port import free_port
from tests.infra.preflight.served import served

ISSUER = "https://issuer.example/"
SUBJECT = "system:serviceaccount:shop:secret-access"
SHOP = Stack(ISSUER, ("shop",))
VAULT = default_vault_name("shop", "secrets", TENANT)
IDENTITY = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/secret-access-shop"
WHOLE = f"/subscriptions/{SUBSCRIPTION}"
IDS = (
    "azure-subscription",
    "azure-providers",
    "azure-assignments",
    "azure-group",
    "azure-rights",
    "azure-vaults",
    "azure-identities",
)


class Cloud:
    """A subscription, its server, and an owner's and another's tokens."""

    def __init__(self) -> None:
        self.azure = Fake(KeySets(), lambda: self.server.url, lambda: "localhost:1")
        self.directory = self.azure.directory
        self.server = Server(self.azure.answer)
        for name in ("owner", "ci"):
            self.directory.tokens[f"token-of-{name}"] = Access(name, MANAGEMENT_RESOURCE, time.time() + 3600)
        self.give("owner", "Owner")

    def give(self, name: str, *roles: str, scope: str = WHOLE) -> None:
        self.directory.assignments += [RoleAssignment(name, role, scope) for role in roles]

    def found(self, stack: Stack = SHOP, name: str = "owner", group: str = "secrets") -> dict[str, Check]:
        """What is found, by id."""
        login = Login(f"token-of-{name}", TENANT, self.server.url)
        return {check.id: check for check in account.checks(stack, Azure(SUBSCRIPTION, group), lambda _: login)}

    def severities(self, stack: Stack = SHOP, name: str = "owner") -> dict[str, str]:
        return {identifier: str(check.severity) for identifier, check in self.found(stack, name).items()}

    def trust(self, *credentials: FederatedCredential) -> None:
        """Make the namespace's identity, with federated credentials."""
        self.directory.identities[IDENTITY.lower()] = Identity(IDENTITY, "client", "principal", "westeurope")
        self.directory.federated["client"] = list(credentials)


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    with served((made := Cloud()).server):
        yield made


def test_a_subscription_without_fault_is_ready(cloud: Cloud) -> None:
    """No token is in what is found."""
    assert cloud.severities() == dict.fromkeys(IDS, "ok")
    assert "token-of" not in f"{cloud.found()}"
    assert "token-of" not in repr(Login("token-of-owner", TENANT, ""))


def test_a_subscription_that_is_not_seen_or_is_off_is_found(cloud: Cloud) -> None:
    """Of one that is not seen nothing more is asked."""
    assert cloud.severities(name="ci") == {"azure-subscription": "error"}
    assert cloud.severities(name="unknown") == {"azure-subscription": "error"}
    cloud.directory.state = "Disabled"
    assert cloud.found()["azure-subscription"].found == f"{SUBSCRIPTION} of the tenant {TENANT}, is Disabled"


def test_an_azure_that_does_not_answer_is_unknown() -> None:
    """And one who is not signed in is told how."""
    nowhere = Login("token", TENANT, f"http://127.0.0.1:{free_port()}")
    (check,) = account.checks(SHOP, Azure(SUBSCRIPTION, "secrets"), lambda _: nowhere)
    assert (check.id, check.severity) == ("azure-subscription", "unknown")

    def refused(_: str) -> Login:
        raise NotSignedIn("az account get-access-token: Please run 'az login'")

    (check,) = account.checks(SHOP, Azure(SUBSCRIPTION, "secrets"), refused)
    assert (check.severity, check.mend.startswith("az login")) == ("error", True)


@pytest.mark.parametrize("missing", judging.NEEDED)
def test_a_resource_provider_that_is_not_registered_is_found(cloud: Cloud, missing: str) -> None:
    """Pulumi registers none."""
    cloud.directory.providers.remove(missing)
    check = cloud.found()["azure-providers"]
    assert (check.severity, check.found) == ("error", f"{missing} is NotRegistered")
    assert check.mend == f"az provider register --namespace {missing}"


def test_a_limit_of_role_assignments_that_is_reached_is_found(cloud: Cloud) -> None:
    """By as many as there are namespaces, at least."""
    cloud.directory.most_assignments = len(cloud.directory.assignments) + 1
    assert cloud.severities()["azure-assignments"] == "ok"
    check = cloud.found(Stack(ISSUER, ("shop", "pay")))["azure-assignments"]
    assert (check.severity, check.found) == ("error", "1 of 2 are there, 2 to be made at least")


def test_a_resource_group_that_is_missing_is_found(cloud: Cloud) -> None:
    """Nothing is asked of what would be in it."""
    checks = cloud.found(group="missing")
    assert (checks["azure-group"].severity, checks["azure-group"].found) == ("error", "there is no missing")
    assert "azure-rights" not in checks


MANAGERS = ("Reader", "Managed Identity Contributor", "Key Vault Contributor", "User Access Administrator")


@pytest.mark.parametrize(
    ("roles", "lacking"),
    [
        (MANAGERS, ()),
        (("Reader", *MANAGERS[2:]), judging.OF_UP[:2]),
        ((*MANAGERS[:2], MANAGERS[3]), judging.OF_UP[2:3]),
        (MANAGERS[:3], judging.OF_UP[3:]),
    ],
)
def test_a_right_that_up_needs_and_the_caller_lacks_is_found(
    cloud: Cloud, roles: tuple[str, ...], lacking: tuple[str, ...]
) -> None:
    """By the action; each role adds to the others."""
    cloud.give("ci", *roles)
    check = cloud.found(name="ci")["azure-rights"]
    if lacking:
        assert (check.severity, check.found) == ("error", f"you may not {', '.join(lacking)} in secrets")
    else:
        assert check.severity == "ok"


@pytest.mark.parametrize(
    ("permissions", "severity"),
    [
        ([{"actions": ["*"], "notActions": []}], "ok"),
        ([{"actions": ["*"], "notActions": ["Microsoft.Authorization/*/Write"]}], "error"),
        ([{"actions": ["*"], "notActions": ["microsoft.authorization/*"]}, {"actions": ["Microsoft.*/write"]}], "ok"),
        ([{"actions": ["Microsoft.KeyVault/vaults/write"]}], "error"),
        ([{"actions": ["*/read"]}], "error"),
        ([], "error"),
    ],
)
def test_what_one_role_takes_back_another_may_give(permissions: list[dict[str, Any]], severity: str) -> None:
    """Contributor is `*` without Microsoft.Authorization; patterns are without case."""
    assert judging.rights(permissions, "secrets").severity == severity


def test_a_vaults_name_that_is_taken_is_found(cloud: Cloud) -> None:
    """By a deleted vault, by somebody else's; the stack's own is there already."""
    vaults, deleted = cloud.directory.vaults, cloud.directory.deleted_vaults
    deleted[VAULT.lower()] = Vault(VAULT)
    check = cloud.found()["azure-vaults"]
    assert (check.severity, "name taken until 2027-02-22" in check.found) == ("error", True)
    assert "recover_vault" in check.mend
    vaults["elsewhere"] = Vault(VAULT, group=f"{WHOLE}/resourceGroups/other")
    del deleted[VAULT.lower()]
    taken = judging.vault(VAULT, is_own=False, deleted=None, availability={"nameAvailable": False, "message": "no"})
    assert (taken.severity, taken.found) == ("error", "no")
    vaults["elsewhere"] = Vault(VAULT)
    assert cloud.found()["azure-vaults"].found == "it is there, in this resource group"


def test_an_identity_without_room_for_the_clusters_credential_is_found(cloud: Cloud) -> None:
    """Twenty of others; with its own among them there is room."""
    others = [FederatedCredential(ISSUER, f"system:serviceaccount:shop:{n}", name=f"other-{n}") for n in range(20)]
    cloud.trust(*others[:19])
    assert cloud.severities()["azure-identities"] == "ok"
    cloud.trust(*others)
    check = cloud.found()["azure-identities"]
    assert (check.severity, check.found) == ("error", "it has 20 federated credentials, and Azure takes 20")
    own = FederatedCredential(ISSUER, SUBJECT, name=credential_name(ISSUER, SUBJECT))
    cloud.trust(*others[:19], own)
    assert cloud.severities()["azure-identities"] == "ok"
    cloud.trust(own)
    assert cloud.severities(Stack(None, ("shop",)))["azure-identities"] == "unknown"


@pytest.mark.parametrize(
    ("credential", "text"),
    [
        (FederatedCredential(ISSUER, SUBJECT, name="by-hand"), "by-hand is for system:serviceaccount:shop"),
        (
            FederatedCredential(ISSUER, SUBJECT, "api://other", name=credential_name(ISSUER, SUBJECT)),
            "has the audiences ['api://other']",
        ),
    ],
)
def test_a_credential_in_the_way_is_found(cloud: Cloud, credential: FederatedCredential, text: str) -> None:
    """Azure takes one for an issuer and a subject."""
    cloud.trust(credential)
    check = cloud.found()["azure-identities"]
    assert (check.severity, text in check.found) == ("error", True)


def test_what_the_caller_may_not_ask_is_unknown(cloud: Cloud) -> None:
    """The other checks go on: here the caller sees the resource group alone."""
    cloud.give("ci", "Reader", scope=WHOLE)
    cloud.directory.tokens["token-of-ci"] = Access("ci", MANAGEMENT_RESOURCE, time.time() + 3600)
    refused = cloud.server._answer

    def answer(request: Any) -> Any:
        from local.azure.refusal import Refused

        if request.path.endswith(("roleAssignmentsUsageMetrics", "deletedVaults")):
            return Refused(403, "AuthorizationFailed", "The client 'ci' does not have authorization").reply
        return refused(request)

    cloud.server._answer = answer
    said = cloud.severities(name="ci")
    assert (said["azure-assignments"], said["azure-vaults"]) == ("unknown", "unknown")
    assert (said["azure-rights"], said["azure-identities"]) == ("error", "ok")


def test_who_asks_and_where_is_what_az_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """In each of Azure's clouds."""
    asked: list[tuple[str, ...]] = []

    def printed(*command: str) -> str:
        asked.append(command)
        if command[1] == "cloud":
            return '{"endpoints": {"resourceManager": "https://management.usgovcloudapi.net/"}}'
        return '{"accessToken": "token", "tenant": "tenant"}'

    monkeypatch.setattr(account, "printed", printed)
    assert account.of_az(SUBSCRIPTION) == Login("token", "tenant", "https://management.usgovcloudapi.net")
    assert asked[0] == ("az", "account", "get-access-token", "--subscription", SUBSCRIPTION, "--output", "json")


@pytest.mark.parametrize("printed", ["", "{}", '{"accessToken": "a"}', "[]"])
def test_an_az_that_prints_something_else_is_told(monkeypatch: pytest.MonkeyPatch, printed: str) -> None:
    """Not a traceback, and not what it printed."""
    monkeypatch.setattr(account, "printed", lambda *_: printed)
    with pytest.raises(NotSignedIn, match="is it Azure's az"):
        account.of_az(SUBSCRIPTION)
