"""The fake's Resource Manager makes what the laptop's stacks ask for, refuses what Azure refuses, and decides by it."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from local.azure.directory import GROUP, SUBSCRIPTION, TENANT, VAULT_RESOURCE, Vault
from local.azure.roles import ROLES
from tests.fakes.issuer import Issuer
from tests.local.azure.conftest import ADDRESSES, Asked

IDENTITY = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/secret-access-test"
VAULT = f"{GROUP}/providers/Microsoft.KeyVault/vaults/kv-test"
VAULTS_API = "2024-11-01"
SUBJECT = "system:serviceaccount:test:app"
PROPERTIES = {"tenantId": TENANT, "sku": {"family": "A", "name": "standard"}, "enableRbacAuthorization": True}
OPEN = {"location": "westeurope", "properties": PROPERTIES}
DEFINITIONS = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions"


def make_identity(asked: Asked) -> Any:
    return asked.manage("PUT", IDENTITY, {"location": "westeurope"}).document["properties"]


def federate(asked: Asked, number: int = 1, **changed: Any) -> tuple[int, Any]:
    properties = {
        "issuer": asked.issuer.url,
        "subject": SUBJECT,
        "audiences": ["api://AzureADTokenExchange"],
        **changed,
    }
    path = f"{IDENTITY}/federatedIdentityCredentials/credential-{number}"
    reply = asked.manage("PUT", path, {"properties": properties})
    return reply.status, reply.document


def open_vault(asked: Asked, path: str = VAULT, **changed: Any) -> tuple[int, Any]:
    reply = asked.manage("PUT", path, {**OPEN, "properties": {**PROPERTIES, **changed}}, VAULTS_API)
    return reply.status, reply.document


def assign(
    asked: Asked, principal: str, scope: str, role: str = "Key Vault Secrets User", name: str = "", **changed: Any
) -> tuple[int, Any]:
    properties = {
        "principalId": principal,
        "principalType": "ServicePrincipal",
        "roleDefinitionId": f"{DEFINITIONS}/{ROLES[role].id}",
        **changed,
    }
    path = f"{scope}/providers/Microsoft.Authorization/roleAssignments/{name or uuid.uuid4()}"
    reply = asked.manage("PUT", path, {"properties": properties}, "2022-04-01")
    return reply.status, reply.document


def vault_of(asked: Asked, address: str) -> Vault:
    return asked.azure.directory.vaults[address]


def code(document: Any) -> str:
    found: str = document["error"]["code"]
    return found


def test_what_a_stack_makes_lets_its_pod_read_its_secret_and_no_other(asked: Asked) -> None:
    """Identity, credential, vault and role by Resource Manager; Entra and Key Vault decide by them, scope by scope."""
    ours = make_identity(asked)
    assert federate(asked)[0] == 201
    open_vault(asked)
    vault = vault_of(asked, ADDRESSES[0])
    for name in ("test--key", "prod--key"):
        vault.add(name, f"value-of-{name}")
    status, made = assign(asked, ours["principalId"], f"{VAULT}/secrets/test--key")
    assert status == 201
    token = asked.exchanged(ours["clientId"], SUBJECT)["access_token"]
    assert asked.read(vault, "test--key", token).document["value"] == "value-of-test--key"
    refused = asked.read(vault, "prod--key", token)
    assert (refused.status, refused.document["error"]["innererror"]["code"]) == (403, "ForbiddenByRbac")
    assert assign(asked, ours["principalId"], VAULT)[0] == 201
    assert asked.read(vault, "prod--key", token).document["value"] == "value-of-prod--key"
    for one in asked.azure.directory.assignments[-2:]:
        path = f"{one.scope}/providers/Microsoft.Authorization/roleAssignments/{one.name}"
        assert asked.manage("DELETE", path, None, "2022-04-01").status == 200
    assert asked.read(vault, "test--key", token).status == 403
    assert made["properties"]["scope"] == f"{VAULT}/secrets/test--key"


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"signer": Issuer()}, 700027),
        ({"audience": "sts.amazonaws.com"}, 700212),
        ({"lifetime": -60}, 700024),
        ({"issuer": "https://elsewhere.example"}, 700211),
    ],
)
def test_a_wrong_token_becomes_no_identity(wrong: dict[str, Any], code: int, asked: Asked) -> None:
    """Forged, for somebody else, expired, of another cluster; of another ServiceAccount, below."""
    ours = make_identity(asked)
    federate(asked)
    assert "access_token" in asked.exchanged(ours["clientId"], SUBJECT)
    assert asked.exchanged(ours["clientId"], SUBJECT, **wrong)["error_codes"] == [code]


def test_another_service_account_is_another(asked: Asked) -> None:
    """Until a credential of the identity names it."""
    ours = make_identity(asked)
    federate(asked)
    other = "system:serviceaccount:prod:app"
    assert asked.exchanged(ours["clientId"], other)["error_codes"] == [700213]
    assert federate(asked, 2, subject=other)[0] == 201
    assert "access_token" in asked.exchanged(ours["clientId"], other)


def test_only_the_owner_manages(asked: Asked) -> None:
    """A token of a pod, of Key Vault, or none, is refused; so is a wrong client secret."""
    ours = make_identity(asked)
    federate(asked)
    pod = asked.exchanged(ours["clientId"], SUBJECT)["access_token"]
    target = f"{IDENTITY}?api-version=2023-01-31"
    for token in ("", pod, asked.token(VAULT_RESOURCE)["access_token"]):
        reply = asked.send("DELETE", target, None, token)
        assert (reply.status, code(reply.document)) == (401, "InvalidAuthenticationToken")
    access = asked.azure.directory.tokens[asked.token()["access_token"]]
    asked.azure.directory.tokens["stranger"] = type(access)("stranger", access.resource, access.expires)
    reply = asked.send("DELETE", target, None, "stranger")
    assert (reply.status, code(reply.document)) == (403, "AuthorizationFailed")
    assert asked.token(client_secret="wrong")["error_codes"] == [7000215]
    assert asked.manage("GET", IDENTITY).status == 200


def test_a_resource_that_is_there_is_shown_and_one_that_is_gone_is_not(asked: Asked) -> None:
    """Its ids stay the same when it is written again."""
    first = make_identity(asked)
    again = asked.manage("PUT", IDENTITY, {"location": "westeurope", "tags": {"team": "a"}})
    assert (again.status, again.document["properties"]) == (200, first)
    assert asked.manage("GET", IDENTITY).document["tags"] == {"team": "a"}
    assert asked.manage("DELETE", IDENTITY).status == 200
    assert asked.manage("DELETE", IDENTITY).status == 204
    assert asked.manage("GET", IDENTITY).status == 404
    assert asked.exchanged(first["clientId"], SUBJECT)["error_codes"] == [700016]


def test_credentials_are_twenty_and_each_of_an_issuer_and_subject_of_its_own(asked: Asked) -> None:
    make_identity(asked)
    assert [federate(asked, n, subject=f"{SUBJECT}-{n}")[0] for n in range(1, 21)] == [201] * 20
    assert federate(asked, 20, subject=f"{SUBJECT}-20")[0] == 200
    assert federate(asked, 21, subject=f"{SUBJECT}-21")[0] == 400
    path = f"{IDENTITY}/federatedIdentityCredentials"
    assert asked.manage("DELETE", f"{path}/credential-20").status == 200
    assert code(federate(asked, 21, subject=f"{SUBJECT}-1")[1]) == "Conflict"
    assert len(asked.manage("GET", path).document["value"]) == 19
    assert federate(asked, 0, audiences=[])[0] == 400


def test_a_deleted_vaults_name_stays_taken_until_it_is_recovered_or_purged(asked: Asked) -> None:
    """With purge protection, nobody lets go of it."""
    status, made = open_vault(asked, enablePurgeProtection=True)
    assert (status, made["properties"]["vaultUri"]) == (200, f"https://{ADDRESSES[0]}/")
    vault_of(asked, ADDRESSES[0]).add("test--key", "value")
    assert code(open_vault(asked, enablePurgeProtection=False)[1]) == "BadRequest"
    assert asked.manage("DELETE", VAULT, None, VAULTS_API).status == 200
    assert asked.manage("GET", VAULT, None, VAULTS_API).status == 404
    assert code(open_vault(asked)[1]) == "ConflictError"
    purge = (
        f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.KeyVault/locations/westeurope/deletedVaults/kv-test/purge"
    )
    assert asked.manage("POST", purge, None, VAULTS_API).status == 403
    assert open_vault(asked, createMode="recover")[0] == 200
    assert list(vault_of(asked, ADDRESSES[1]).secrets) == ["test--key"]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"enableRbacAuthorization": False}, "BadRequest"),
        ({"tenantId": SUBSCRIPTION}, "BadRequest"),
        ({"createMode": "recover"}, "DeletedVaultNotFound"),
    ],
)
def test_a_vault_that_azure_would_not_make_is_refused(changed: dict[str, Any], expected: str, asked: Asked) -> None:
    assert code(open_vault(asked, **changed)[1]) == expected
    assert code(open_vault(asked, VAULT.replace("kv-test", "v" * 25))[1]) == "VaultNameNotValid"


def test_a_role_assignment_is_there_once_and_never_changed(asked: Asked) -> None:
    """By whichever name; a principal that is not known, and a name that is no GUID, are refused."""
    principal = make_identity(asked)["principalId"]
    name = str(uuid.uuid4())
    assert assign(asked, principal, VAULT, name=name)[0] == 201
    assert assign(asked, principal, VAULT.upper(), name=name)[0] == 201
    assert code(assign(asked, principal, VAULT)[1]) == "RoleAssignmentExists"
    changed = assign(asked, principal, VAULT, "Key Vault Secrets Officer", name)
    assert code(changed[1]) == "RoleAssignmentUpdateNotPermitted"
    assert code(assign(asked, SUBSCRIPTION, VAULT)[1]) == "PrincipalNotFound"
    assert code(assign(asked, principal, VAULT, name="mine")[1]) == "InvalidRoleAssignmentId"
    assert code(assign(asked, principal, VAULT, principalType="User")[1]) == "UnmatchedPrincipalType"
    assert code(assign(asked, principal, VAULT, roleDefinitionId="x")[1]) == "RoleDefinitionDoesNotExist"


def test_what_is_not_there_or_malformed_is_told(asked: Asked) -> None:
    assert code(asked.manage("GET", GROUP.replace("secrets", "other")).document) == "ResourceGroupNotFound"
    assert asked.manage("GET", GROUP).document["location"] == "westeurope"
    assert code(asked.manage("PUT", IDENTITY, {}).document) == "BadRequest"
    assert code(asked.manage("PUT", IDENTITY, []).document) == "BadRequest"
    assert code(asked.manage("GET", f"{GROUP}/providers/Microsoft.Web/sites/x").document) == "NotFound"
    reply = asked.send("GET", GROUP, None, asked.token()["access_token"])
    assert code(reply.document) == "MissingApiVersionParameter"


def test_clients_of_other_clouds_find_where_its_services_are(asked: Asked) -> None:
    (cloud,) = asked.send("GET", "/metadata/endpoints?api-version=2022-09-01").document
    assert (cloud["resourceManager"], cloud["authentication"]["loginEndpoint"]) == ("https://azure.example",) * 2


def test_the_trail_names_who_asked_for_what_and_holds_no_value_and_no_token(asked: Asked) -> None:
    """As Key Vault's log would, with the ServiceAccount whose token was exchanged."""
    ours = make_identity(asked)
    federate(asked)
    open_vault(asked)
    vault = vault_of(asked, ADDRESSES[0])
    vault.add("test--key", "hunter2")
    token = asked.exchanged(ours["clientId"], SUBJECT)["access_token"]
    reply = asked.read(vault, "test--key", token)
    assign(asked, ours["principalId"], VAULT)
    assert asked.read(vault, "test--key", token).status == 200
    reads = [note for note in asked.notes if note.action == "keyvault.SecretGet"]
    who = f"{ours['clientId']} {SUBJECT}"
    assert [(note.identity, note.name, note.status, note.code) for note in reads] == [
        (who, "test/key", 403, "ForbiddenByRbac"),
        (who, "test/key", 200, ""),
    ]
    assert reads[0].request_id == reply.headers["x-ms-request-id"]
    signed_in = [note for note in asked.notes if note.action == "entra.SignIn"]
    assert ours["clientId"] in {note.identity for note in signed_in}
    assert not [note for note in asked.notes if "hunter2" in repr(note) or token in repr(note)]
