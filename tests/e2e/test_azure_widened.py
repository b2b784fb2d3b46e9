"""Azure's roles changed by hand: one more turns its cell until somebody removes it, one less is assigned again."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from local import config, stacks
from local.azure import account
from local.azure.cloud import AZURE
from local.azure.directory import GROUP, MANAGEMENT_RESOURCE, SUBSCRIPTION
from local.azure.roles import ROLES
from local.isolation import wrong
from tests.e2e.conftest import Environment

IDENTITY = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/secret-access-local-test"
NAME = "99999999-9999-9999-9999-999999999999"
ASSIGNMENTS = "/providers/Microsoft.Authorization/roleAssignments"
ASSIGNMENT = f"{account.SHARED_VAULT}{ASSIGNMENTS}/{NAME}"
OWN = f"{account.SHARED_VAULT}/secrets/test--database-password{ASSIGNMENTS}"
STACK = f"--stack={AZURE.environment_stacks['test']}"


def manage(method: str, path: str, document: object = None) -> Any:
    return account.call(method, f"{config.AZURE_URL}{path}?api-version=2022-04-01", document, MANAGEMENT_RESOURCE)


@contextmanager
def the_whole_vault() -> Iterator[None]:
    """Test's identity may read all that is in the vault that the namespaces share."""
    identity = account.call("GET", f"{config.AZURE_URL}{IDENTITY}?api-version=2023-01-31", resource=MANAGEMENT_RESOURCE)
    definitions = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions"
    properties = {
        "principalId": identity["properties"]["principalId"],
        "principalType": "ServicePrincipal",
        "roleDefinitionId": f"{definitions}/{ROLES['Key Vault Secrets User'].id}",
    }
    manage("PUT", ASSIGNMENT, {"properties": properties})
    yield
    manage("DELETE", ASSIGNMENT)


def test_a_role_widened_by_hand_turns_its_cell_until_it_is_removed(environment: Environment) -> None:
    """So it is the scope of the component's role assignments that Azure refuses by."""
    with the_whole_vault():
        (problem,) = wrong(environment.ask_everything(AZURE))
        assert "test asking for prod/database-password" in problem
        assert "200 decided by azure, expected 403" in problem
        environment.pulumi("up", STACK, "--refresh", "--yes", "--skip-preview")
        assert len(wrong(environment.ask_everything(AZURE))) == 1
    assert wrong(environment.ask_everything(AZURE)) == []


def test_a_role_taken_away_by_hand_is_assigned_again(environment: Environment) -> None:
    """The stack owns it: refresh finds it gone, and up assigns it."""
    (own,) = manage("GET", OWN)["value"]
    manage("DELETE", f"{OWN}/{own['name']}")
    problems = wrong(environment.ask_everything(AZURE))
    assert any("test asking for test/database-password: 403 decided by azure" in problem for problem in problems)
    with pytest.raises(stacks.StackError):
        environment.pulumi("preview", STACK, "--refresh", "--expect-no-changes")
    environment.pulumi("up", STACK, "--refresh", "--yes", "--skip-preview")
    assert wrong(environment.ask_everything(AZURE)) == []
