"""What AzureSecretAccess lets the identity read and write: role assignments on a vault or on each secret."""

from collections.abc import Callable
from typing import Any

import pytest

from secret_access import AzureSecretAccess, InvalidArgument
from secret_access.azure import documents
from tests.infra.azure.answers import (
    CREDENTIAL,
    GROUP_ID,
    PRINCIPAL,
    SUBSCRIPTION,
    TENANT,
    VAULT,
)
from tests.infra.azure.component import (
    EXISTING_IDENTITY,
    GREEN,
    OWN_VAULT,
    ROLE,
    ROLES,
    VAULT_ID,
    WRITE_ROLE,
    WRITE_ROLE_ID,
    azure_args,
    made,
    scopes,
)
from tests.infra.components import environment
from tests.infra.engine import Later, outputs_in, run
from tests.infra.messages import assert_all_in


def test_the_identity_may_read_its_own_vault_alone() -> None:
    """A vault that only role assignments open, and one assignment, on the vault, of the role that reads."""
    world = made()
    assert world.one(VAULT).inputs == {
        "resourceGroupName": "secrets",
        "location": "westeurope",
        "vaultName": OWN_VAULT,
        "properties": documents.vault_properties(TENANT, purge_protection=True, recover=False),
    }
    scope = f"{GROUP_ID}/providers/Microsoft.KeyVault/vaults/{OWN_VAULT}"
    assert world.one(ROLE).inputs == {
        "roleAssignmentName": documents.assignment_name(scope, PRINCIPAL, documents.SECRETS_USER),
        "scope": scope,
        "principalId": PRINCIPAL,
        "principalType": "ServicePrincipal",
        "roleDefinitionId": f"{ROLES}/{documents.SECRETS_USER}",
    }


def test_writing_is_granted_when_asked_for() -> None:
    """By the role that may set and delete, which reads too: one assignment, not two."""
    world = made(access="read_write")
    assert list(scopes(world).values()) == [documents.SECRETS_OFFICER]
    assert environment(world)["SECRETS_ACCESS"] == "read_write"


@pytest.mark.parametrize("delay", [lambda value: value, Later])
@pytest.mark.parametrize("role_id", [WRITE_ROLE_ID, WRITE_ROLE_ID.partition(SUBSCRIPTION)[2].upper()])
def test_writing_is_granted_by_a_role_of_the_platform(role_id: str, delay: Any) -> None:
    """In place of the built-in one, which also purges, backs up and restores; Azure's ids are of a subscription."""
    changed = {"access": delay("read_write"), "write_role_id": delay(role_id)}
    own = made(**changed).one(ROLE)
    assert own.inputs["roleDefinitionId"] == f"{ROLES}/{WRITE_ROLE}"
    assert own.inputs["roleAssignmentName"] == documents.assignment_name(own.inputs["scope"], PRINCIPAL, WRITE_ROLE)
    shared = made(vault_id=VAULT_ID, secrets=["key"], **changed)
    assert scopes(shared) == {f"{VAULT_ID}/secrets/test--key": WRITE_ROLE}


@pytest.mark.parametrize("access", ["read", "read_write"])
def test_a_shared_vault_is_opened_secret_by_secret(access: str) -> None:
    """Each declared name has an assignment on itself; none is on the vault, and the vault is left as it is."""
    world = made(vault_id=VAULT_ID, secrets=["database-password", "test/api-key"], access=access)
    role = documents.SECRETS_OFFICER if access == "read_write" else documents.SECRETS_USER
    assert scopes(world) == {
        f"{VAULT_ID}/secrets/test--database-password": role,
        f"{VAULT_ID}/secrets/test--api-key": role,
    }
    assert world.of(VAULT) == []
    names = {asked.inputs["roleAssignmentName"] for asked in world.of(ROLE)}
    assert names == {documents.assignment_name(scope, PRINCIPAL, role) for scope in scopes(world)}


def test_an_existing_vault_that_is_not_shared_is_opened_whole() -> None:
    """Only where the program says that nobody else's secrets are in it."""
    assert scopes(made(vault_id=VAULT_ID, shared_vault=False)) == {VAULT_ID: documents.SECRETS_USER}


def test_assignments_that_somebody_else_makes_are_left_to_them() -> None:
    """A second cluster with the same identity and vault would make the same ones once more, and Azure refuses that."""
    world = made(**EXISTING_IDENTITY, vault_id=VAULT_ID, assign_roles=False, resource_group=None, location=None)
    assert world.of(ROLE) == []
    assert len(world.of(CREDENTIAL)) == 1


def test_a_vault_is_recovered_or_left_unprotected_only_where_asked_for() -> None:
    """Both are the program's to say."""
    properties = made(recover_vault=True, purge_protection=False).one(VAULT).inputs["properties"]
    assert properties["createMode"] == "recover"
    assert "enablePurgeProtection" not in properties


def two(*changes: dict[str, Any]) -> Callable[[], None]:
    """A program with a component for each."""

    def program() -> None:
        for number, changed in enumerate(changes):
            AzureSecretAccess(f"access-{number}", outputs_in(azure_args(**changed)))

    return program


@pytest.mark.parametrize("delay", [lambda value: value, Later])
@pytest.mark.parametrize(
    ("first", "second"),
    [
        (EXISTING_IDENTITY, EXISTING_IDENTITY),
        ({"vault_id": VAULT_ID, "shared_vault": False}, {"vault_id": VAULT_ID, "shared_vault": False}),
        ({"vault_id": VAULT_ID, "shared_vault": False}, {"vault_id": VAULT_ID.upper(), "secrets": ["key"]}),
        ({"vault_id": VAULT_ID, "secrets": ["key"]}, {"vault_id": VAULT_ID, "shared_vault": False}),
    ],
)
@pytest.mark.parametrize(
    ("blue", "green"),
    [({}, {"namespace": "prod"}), ({"secret_prefix": "blue/test/"}, {"secret_prefix": "green/test/"})],
    ids=["two namespaces", "one name in two clusters"],
)
def test_two_prefixes_with_one_identity_or_one_whole_vault_are_refused(
    first: dict[str, Any], second: dict[str, Any], blue: dict[str, Any], green: dict[str, Any], delay: Any
) -> None:
    """Each would read what the other may; Azure takes a resource's id in any case."""
    argument = next(iter(first))
    named = {} if "identity_id" in second else {"identity_name": "other"}
    with pytest.raises(InvalidArgument) as error:
        run(two({**first, **blue, argument: delay(first[argument])}, {**second, **green, **named}))
    assert_all_in([argument, "'access-0'", "'access-1'", "reads the secrets of", "of its own"], error)


def test_a_vault_that_is_shared_secret_by_secret_or_of_one_namespace_is_taken() -> None:
    """By two namespaces, or by two ServiceAccounts of one."""
    shared = {"vault_id": VAULT_ID, "secrets": ["key"]}
    absent = {"resource_group": None, "location": None}
    whole = {**EXISTING_IDENTITY, "vault_id": VAULT_ID, "shared_vault": False, **absent}
    for one, other in (
        (shared, {**shared, "namespace": "prod"}),
        (whole, {**EXISTING_IDENTITY, "service_account_name": "other"}),
        (
            {**whole, "secret_prefix": "team/test/"},
            {**whole, "secret_prefix": "team/test/", "issuers": {"green": GREEN}},
        ),
        (whole, {**shared, "namespace": "prod", "secret_prefix": "test/"}),
    ):
        assert len(run(two(one, other)).of(ROLE)) == 2


@pytest.mark.parametrize("spelled", ["database-password", "test/database-password", "exact:Test--Database-Password"])
def test_an_assignment_is_the_same_resource_however_its_secret_is_spelled(spelled: str) -> None:
    """Another one would be refused: it is the same assignment."""
    assignment = made(vault_id=VAULT_ID, secrets=[spelled]).one(ROLE)
    assert assignment.name == "test-role/database-password"
    assert assignment.inputs["scope"] == f"{VAULT_ID}/secrets/test--database-password"
