"""What is written down at Azure says exactly what it should."""

import uuid

import pytest

from secret_access import Access
from secret_access.azure import documents
from tests.infra.azure.answers import PRINCIPAL, SUBSCRIPTION, TENANT
from tests.infra.azure.component import BLUE, GREEN, VAULT_ID


def test_reading_needs_one_role_and_writing_another() -> None:
    """Built-in roles, by their ids: Key Vault Secrets User, and Secrets Officer."""
    assert documents.role_of(Access.READ) == "4633458b-17de-408a-b874-0445c86b69e6"
    assert documents.role_of(Access.READ_WRITE) == "b86a8fe4-44ce-4948-aee5-eccb2c155cd7"


@pytest.mark.parametrize("scope", [VAULT_ID, f"{VAULT_ID}/secrets/test--key"])
def test_a_role_is_named_in_the_vaults_subscription(scope: str) -> None:
    """As Azure answers it, so that a refresh sees no difference."""
    expected = (
        f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{documents.SECRETS_USER}"
    )
    assert documents.role_definition_id(scope, documents.SECRETS_USER) == expected


def test_an_assignments_name_is_the_same_for_the_same_assignment_alone() -> None:
    """A UUID; upper and lower case are one to Azure."""
    name = documents.assignment_name(VAULT_ID, PRINCIPAL, documents.SECRETS_USER)
    assert str(uuid.UUID(name)) == name
    assert name == documents.assignment_name(VAULT_ID.upper(), PRINCIPAL, documents.SECRETS_USER)
    others = {
        documents.assignment_name(f"{VAULT_ID}2", PRINCIPAL, documents.SECRETS_USER),
        documents.assignment_name(VAULT_ID, TENANT, documents.SECRETS_USER),
        documents.assignment_name(VAULT_ID, PRINCIPAL, documents.SECRETS_OFFICER),
    }
    assert len(others | {name}) == 4


def test_a_credentials_name_is_that_of_its_issuer_and_subject() -> None:
    """At most 120 characters, whatever they are, so that it is never cut."""
    subject = f"system:serviceaccount:{'n' * 63}:{'s' * 253}"
    names = {documents.credential_name(issuer, sub) for issuer in (BLUE, GREEN) for sub in (subject, "other")}
    assert len(names) == 4
    assert all(len(name) <= 120 for name in names)


def test_a_vault_authorizes_by_roles_and_keeps_what_is_deleted() -> None:
    """Purge protection is left out rather than set to false, which Azure refuses; recovery only where asked for."""
    kept: dict[str, object] = {"tenantId": TENANT, "sku": {"family": "A", "name": "standard"}}
    kept |= {"enableRbacAuthorization": True, "enableSoftDelete": True}
    assert documents.vault_properties(TENANT, purge_protection=False, recover=False) == kept
    assert documents.vault_properties(TENANT, purge_protection=True, recover=True) == {
        **kept,
        "enablePurgeProtection": True,
        "createMode": "recover",
    }


def test_vaults_of_one_namespace_in_two_places_have_two_names() -> None:
    """No two vaults of the world share a name."""
    names = {
        documents.default_vault_name("test", "secrets", TENANT),
        documents.default_vault_name("test", "other", TENANT),
        documents.default_vault_name("test", "secrets", PRINCIPAL),
    }
    assert len(names) == 3
    assert all(name.startswith("test-") and len(name) == 13 for name in names)
