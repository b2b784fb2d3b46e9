"""What users trip over on Azure is named where it is given: what, the value, the value expected, and the fix.

Each mistake is made with the value known to the program and, where it may be, with an Output, which is known only once
the engine has answered; then the deployment ends before the resource is made that needs the value.
"""

from typing import Any

import pytest

from secret_access import InvalidArgument
from secret_access.azure import checks
from secret_access.azure.environment import PROXY_CA_FOLDER
from tests.infra.azure.answers import CLIENT, TENANT
from tests.infra.azure.component import (
    BLUE,
    BOUND,
    CLUSTER_ID,
    EXISTING_IDENTITY,
    GREEN,
    IDENTITY_ID,
    VAULT_ID,
    WRITE_ROLE,
    WRITE_ROLE_ID,
    azure_access,
)
from tests.infra.engine import Later, World, run
from tests.infra.messages import assert_all_in

CA = {"configMap": {"name": "ca"}}
WRITES = {"access": "read_write"}
BARE = BLUE.rstrip("/")
THEIRS = dict(EXISTING_IDENTITY)
BOTH = {**EXISTING_IDENTITY, "vault_id": VAULT_ID, "secrets": ["a"]}

MISTAKES: list[tuple[dict[str, Any], list[str]]] = [
    ({"tenant_id": None}, ["tenant_id: given None", "a UUID such as", "az account show"]),
    ({"tenant_id": "example.com"}, ["tenant_id: given 'example.com'", "a UUID such as", "az account show"]),
    ({"tenant_id": "*"}, ["tenant_id: given '*'"]),
    ({"tenant_id": f"{{{TENANT}}}"}, ["tenant_id", "a UUID such as"]),
    ({"namespace": "*"}, ["namespace: given '*'", "one Kubernetes namespace"]),
    ({"namespace": "a--b", "vault_name": "a-b-vault"}, ["no default prefix", "'a-b/'"]),
    ({"service_account_name": "*"}, ["service_account_name", "a * would trust them all"]),
    ({"secret_prefix": "test"}, ["secret_prefix also covers 'test-other': given 'test'", "expected 'test/'"]),
    ({"resource_group": None}, ["resource_group is missing", "such as secrets"]),
    ({"resource_group": "*"}, ["resource_group holds a *"]),
    ({"resource_group": VAULT_ID}, ["resource_group is a resource's id", "write secrets"]),
    ({"resource_group": "secrets."}, ["resource_group: given 'secrets.'"]),
    ({"resource_group": "a b"}, ["resource_group: given 'a b'"]),
    ({"location": None}, ["location is missing", "westeurope"]),
    ({"location": "West Europe"}, ["location: given 'West Europe'", "write westeurope"]),
    ({"location": "*"}, ["location: given '*'"]),
    ({"identity_name": "n" * 129}, ["identity_name has 129 characters", "3 to 128", "never cut"]),
    ({"identity_name": "my identity"}, ["identity_name: given 'my identity'"]),
    ({"vault_name": "v" * 25}, ["vault_name has 25 characters", "3 to 24", "never cut"]),
    ({"vault_name": "my--vault"}, ["vault_name has two hyphens in a row"]),
    ({"vault_name": "1-vault"}, ["vault_name: given '1-vault'", "a letter first"]),
    ({"vault_name": "vault-"}, ["vault_name: given 'vault-'"]),
    ({"vault_name": "my_vault"}, ["vault_name: given 'my_vault'"]),
    ({"vault_name": "https://v.vault.azure.net"}, ["vault_name", "3 to 24"]),
    ({"namespace": "n" * 16}, ["vault_name has 25 characters", "set vault_name to a shorter one"]),
    ({"namespace": "1st"}, ["vault_name", "a letter first", "set vault_name"]),
    ({"vault_id": "shared-vault"}, ["vault_id is a name", "a resource id such as /subscriptions/", "az keyvault show"]),
    ({"vault_id": "https://v.vault.azure.net"}, ["vault_id is a URL", "a resource id such as"]),
    ({"vault_id": IDENTITY_ID}, ["vault_id is not the resource id of one of Microsoft.KeyVault/vaults"]),
    ({"vault_id": f"{VAULT_ID}/secrets/x"}, ["vault_id is not the resource id of one of"]),
    ({"vault_id": VAULT_ID.replace("shared-vault", "*")}, ["vault_id holds a *"]),
    ({**THEIRS, "identity_id": CLIENT}, ["identity_id is a UUID", "userAssignedIdentities", "az identity show"]),
    ({**THEIRS, "identity_id": "*"}, ["identity_id holds a *"]),
    ({**THEIRS, "client_id": None}, ["client_id: given None", "az identity show --query clientId"]),
    ({**THEIRS, "client_id": IDENTITY_ID}, ["client_id is a resource's id", "a UUID such as"]),
    ({**THEIRS, "principal_id": None}, ["principal_id: given None", "az identity show --query principalId"]),
    ({**THEIRS, "principal_id": CLIENT}, ["principal_id is the client id too", "roles are assigned to it"]),
    ({"vault_url": "http://v.vault.azure.net"}, ["vault_url", "an https URL without a path"]),
    ({"vault_url": "https://v.vault.azure.net/secrets"}, ["vault_url", "an https URL without a path"]),
    ({"authority_host": "login.microsoftonline.us"}, ["authority_host", "an https URL without a path"]),
    ({"authority_host": "https://ann:s3cr3t@login"}, ["authority_host", "no user and no password"]),
    ({"app_containers": ["web; worker"]}, ["app_containers", "the name of one container"]),
    ({"aad_pod_identity_binding": "a b"}, ["aad_pod_identity_binding: given 'a b'", "the value of a label"]),
    ({"purge_protection": "yes"}, ["purge_protection: given 'yes'", "true or false"]),
    ({"recover_vault": "yes"}, ["recover_vault: given 'yes'", "true or false"]),
    ({"tags": {"team": 1}}, ["tags", "texts by name"]),
    ({"sidecar_env": {"AZURE_CLIENT_ID": CLIENT}}, ["'AZURE_CLIENT_ID'", "set by the component"]),
    ({"sidecar_env": {"AZURE_KEYVAULT_URL": "https://v"}}, ["'AZURE_KEYVAULT_URL'", "use the argument vault_url"]),
    ({"sidecar_env": {"AZURE_CLIENT_SECRET": "s3cr3t"}}, ["'AZURE_CLIENT_SECRET'", "no credentials"]),
    ({"sidecar_env": {"AWS_REGION": "us-east-1"}}, ["AWS_REGION is unknown"]),
    ({**BOUND, "identity_binding_cluster_id": "blue"}, ["identity_binding_cluster_id is a name", "managedClusters"]),
    ({**BOUND, "token_proxy_url": "http://blue"}, ["token_proxy_url", "an https URL without a path"]),
    ({**BOUND, "token_proxy_sni_name": "https://x"}, ["token_proxy_sni_name", "a1b2c3.ests.aks"]),
    ({**BOUND, "sidecar_files": {PROXY_CA_FOLDER: CA}}, ["sidecar_files", "the certificates of the token proxy are"]),
    ({**BOUND, "sidecar_files": {f"{PROXY_CA_FOLDER[4:]}/x": CA}}, ["sidecar_files", f"above {PROXY_CA_FOLDER}"]),
    ({"write_role_id": WRITE_ROLE_ID}, ["write_role_id without access: read_write", "set access, or leave it out"]),
    ({"write_role_id": "Writer", **WRITES}, ["write_role_id is a name", "az role definition list", "[].id"]),
    ({"write_role_id": WRITE_ROLE, **WRITES}, ["write_role_id is a UUID", "such as /subscriptions/"]),
    ({"write_role_id": VAULT_ID, **WRITES}, [f"write_role_id: given '{VAULT_ID}'", "a role's definition"]),
    ({"write_role_id": f"{WRITE_ROLE_ID}/", **WRITES}, ["write_role_id: given", "the resource id of"]),
]


@pytest.mark.parametrize("delay", [lambda value: value, Later])
@pytest.mark.parametrize(("wrong", "parts"), MISTAKES)
def test_a_mistake_is_named_where_it_is_made(wrong: dict[str, Any], parts: list[str], delay: Any) -> None:
    """What was wrong, the value given, the value expected, and the fix; before anything is made, if it is known."""
    world = World()
    changed = {name: None if value is None else delay(value) for name, value in wrong.items()}
    with pytest.raises(InvalidArgument) as error:
        run(azure_access(**changed), world)
    assert_all_in(parts, error)
    assert "s3cr3t" not in str(error.value)
    if delay is not Later:
        assert world.asked == []


ISSUERS: list[tuple[Any, list[str]]] = [
    (BARE, ["an issuer of AKS has lost its closing /", f"given '{BARE}'", f"write {BLUE}"]),
    ("https://oidc.prod-aks.azure.com/0a1b2c3d", ["lost its closing /", "write https://oidc.prod-aks.azure.com/0a1b"]),
    ("https://usgovvirginia.oic.cx.aks.azure.us/t/c", ["lost its closing /"]),
    (BLUE.removeprefix("https://"), ["an issuer is a host", f"write {BLUE}"]),
    (BLUE.replace("https", "http"), ["an issuer is plain http"]),
    ("", ["an issuer is missing", "az aks show"]),
    ("https://*.oic.prod-aks.azure.com/", ["an issuer holds a *"]),
    (CLUSTER_ID, ["an issuer is a resource's id", "az aks show"]),
    (f"https://issuer.example/{'x' * 600}", ["an issuer has more than 600 characters"]),
    (f"https://ib.oic.prod-aks.azure.com/{TENANT}/{CLIENT}", ["AKS identity binding", "token_proxy_url"]),
    ("https://issuer.example/?x", ["an issuer is not a URL"]),
]


@pytest.mark.parametrize("delay", [lambda value: value, Later])
@pytest.mark.parametrize(("issuer", "parts"), ISSUERS)
def test_an_issuer_that_no_token_carries_is_refused(issuer: str, parts: list[str], delay: Any) -> None:
    """Entra takes any text, and then refuses every token without saying why."""
    with pytest.raises(InvalidArgument) as error:
        run(azure_access(issuers={"blue": delay(issuer)}), World())
    assert_all_in(parts, error)


@pytest.mark.parametrize(
    ("wrong", "parts"),
    [
        ({"issuers": None}, ["issuers is missing, so no token of the cluster is trusted"]),
        ({"issuers": {}}, ["issuers is missing, so no token of the cluster is trusted"]),
        ({"issuers": BLUE}, ["issuers is a text", f"write {{\"blue\": '{BLUE}'}}"]),
        ({"issuers": [BLUE]}, ["issuers: given", "by a name of your own"]),
        ({"issuers": {"Blue": BLUE}}, ["issuers: given 'Blue'"]),
        ({"issuers": {"blue": BLUE, "green": BLUE}}, ["each issuer once"]),
        (
            {"issuers": {f"c{number}": f"https://issuer.example/{number}" for number in range(21)}},
            ["issuers has 21 clusters", "at most 20", "AKS identity bindings", "token_proxy_url"],
        ),
        ({**BOUND, "issuers": {"blue": BLUE}}, ["issuers beside an AKS identity binding", "leave issuers out"]),
        ({**BOUND, "token_proxy_url": None}, ["an AKS identity binding is incomplete", "set token_proxy_url too"]),
        ({"client_id": CLIENT}, ["client_id without identity_id", f"given '{CLIENT}', expected identity_id beside it"]),
        ({"principal_id": CLIENT}, ["principal_id without identity_id"]),
        (
            {**EXISTING_IDENTITY, "identity_name": "mine"},
            ["identity_name beside identity_id", "given 'mine', expected no identity_name"],
        ),
        ({"shared_vault": False}, ["shared_vault without vault_id", "given False, expected vault_id beside it"]),
        ({"vault_id": VAULT_ID, "secrets": ["a"], "vault_name": "mine"}, ["vault_name beside vault_id"]),
        ({"vault_id": VAULT_ID, "secrets": ["a"], "purge_protection": True}, ["purge_protection beside vault_id"]),
        ({"vault_id": VAULT_ID, "secrets": ["a"], "recover_vault": True}, ["recover_vault beside vault_id"]),
        (
            {"vault_id": VAULT_ID},
            ["secrets is empty", "all of test/", "none for a prefix", "declare each name", "a vault of its own"],
        ),
        ({"vault_id": VAULT_ID, "secret_prefix": "team/"}, ["secrets is empty", "all of team/", "none for a prefix"]),
        ({"vault_id": VAULT_ID, "secrets": ["key", "test/key"]}, ["secrets names one secret twice"]),
        ({"vault_id": VAULT_ID, "secrets": ["prod/key"]}, ["outside the namespace's prefix"]),
        ({"vault_id": VAULT_ID, "secrets": Later(["key"])}, ["secrets: given 'an Output'", "a plain value"]),
        ({"issuers": Later({"blue": BLUE})}, ["issuers: given 'an Output'", "a plain value"]),
        (BOTH, ["resource_group beside identity_id and vault_id", "given 'secrets'", "leave it out: neither"]),
        ({**BOTH, "resource_group": None}, ["location beside identity_id and vault_id", "expected no location"]),
        (
            {**BOTH, "resource_group": None, "location": None, "tags": {"team": "a"}},
            ["tags beside identity_id and vault_id", "expected no tags"],
        ),
        (
            {"write_role_id": WRITE_ROLE_ID, "access": "read_write", "assign_roles": False},
            ["write_role_id beside assign_roles: false", "leave out one of the two"],
        ),
        (
            {"vault_id": VAULT_ID, "secrets": ["a"], "authority_host": "https://entra.example"},
            ["vault_url is missing beside an authority_host", "given 'https://entra.example'", "set vault_url"],
        ),
        ({"assign_roles": "no"}, ["assign_roles: given 'no'", "true or false"]),
    ],
)
def test_arguments_that_do_not_go_together_are_refused(wrong: dict[str, Any], parts: list[str]) -> None:
    """Before anything is made."""
    world = World()
    with pytest.raises(InvalidArgument) as error:
        run(azure_access(**wrong), world)
    assert_all_in(parts, error)
    assert world.asked == []


def test_two_issuers_known_later_that_are_one_are_refused() -> None:
    """The second credential would be refused by Azure, after the first was made."""
    with pytest.raises(InvalidArgument, match="each issuer once"):
        run(azure_access(issuers={"blue": Later(GREEN), "green": GREEN}), World())


@pytest.mark.parametrize("name", ["abc", "a" * 24, "Secrets-of-shop", "kv1"])
def test_names_that_azure_takes_are_taken(name: str) -> None:
    assert checks.vault_name(name) == name


def test_an_existing_service_account_names_the_client() -> None:
    """Without the annotation it is another identity's, or nobody's."""
    world = World(found={"test/secret-access": {"metadata": {"name": "secret-access", "annotations": {}}}})
    with pytest.raises(InvalidArgument) as error:
        run(azure_access(existing_service_account=True), world)
    assert_all_in(["has no annotation secret-access/client-id", f"secret-access/client-id={CLIENT}"], error)
