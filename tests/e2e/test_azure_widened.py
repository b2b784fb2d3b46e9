"""Azure's roles widened by hand: the cell turns, and stays so until somebody removes the role."""

from collections.abc import Iterator
from contextlib import contextmanager

from local import config
from local.azure import account
from local.azure.cloud import AZURE
from local.azure.directory import GROUP, MANAGEMENT_RESOURCE, SUBSCRIPTION
from local.azure.roles import ROLES
from local.isolation import wrong
from tests.e2e.conftest import Environment

IDENTITY = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/secret-access-local-test"
NAME = "99999999-9999-9999-9999-999999999999"
ASSIGNMENT = f"{account.SHARED_VAULT}/providers/Microsoft.Authorization/roleAssignments/{NAME}"


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
    url = f"{config.AZURE_URL}{ASSIGNMENT}?api-version=2022-04-01"
    account.call("PUT", url, {"properties": properties}, MANAGEMENT_RESOURCE)
    yield
    account.call("DELETE", url, resource=MANAGEMENT_RESOURCE)


def test_a_role_widened_by_hand_turns_its_cell_until_it_is_removed(environment: Environment) -> None:
    """So it is the scope of the component's role assignments that Azure refuses by."""
    with the_whole_vault():
        (problem,) = wrong(environment.ask_everything(AZURE))
        assert "test asking for prod/database-password" in problem
        assert "200 decided by azure, expected 403" in problem
        stack = f"--stack={AZURE.environment_stacks['test']}"
        environment.pulumi("up", stack, "--refresh", "--yes", "--skip-preview")
        assert len(wrong(environment.ask_everything(AZURE))) == 1
    assert wrong(environment.ask_everything(AZURE)) == []
