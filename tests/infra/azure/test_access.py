"""What AzureSecretAccess asks of Azure and Kubernetes, and what it tells."""

import re
from collections.abc import Callable
from typing import Any

import pulumi
import pulumi_azure_native as azure_native
import pulumi_kubernetes as k8s
import pytest

from secret_access import AzureSecretAccess, AzureSecretAccessArgs, InvalidArgument, SecretAccessArgs
from secret_access.azure import documents
from tests.infra.azure.answers import (
    BINDING,
    CLIENT,
    CREDENTIAL,
    GROUP_ID,
    IDENTITY,
    PRINCIPAL,
    SUBSCRIPTION,
    TENANT,
    VAULT,
)
from tests.infra.azure.component import (
    BLUE,
    BOUND,
    EXISTING_IDENTITY,
    GREEN,
    ROLE,
    SERVICE_ACCOUNT,
    VAULT_ID,
    azure_access,
    azure_args,
)
from tests.infra.engine import Later, World, outputs_in, run
from tests.infra.messages import assert_all_in

SUBJECT = "system:serviceaccount:test:secret-access"
OWN_VAULT = documents.default_vault_name("test", "secrets", TENANT)
ROLES = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions"


def made(**changed: Any) -> World:
    """What the component asked for."""
    return run(azure_access(**changed), World())


def environment(world: World) -> dict[str, Any]:
    """The sidecar's environment, by name."""
    return {item["name"]: item.get("value", item.get("valueFrom")) for item in world.outputs["test"]["sidecar"]["env"]}


def scopes(world: World) -> dict[str, str]:
    """The role of each scope, by its id."""
    return {
        asked.inputs["scope"]: asked.inputs["roleDefinitionId"].removeprefix(f"{ROLES}/") for asked in world.of(ROLE)
    }


def test_it_makes_an_identity_a_vault_a_credential_a_role_and_a_service_account() -> None:
    """Exactly these resources, named after the component and under it."""
    world = made()
    assert {(asked.type, asked.name, asked.parent) for asked in world.asked} == {
        ("secret-access:index:AzureSecretAccess", "test", ""),
        (IDENTITY, "test-identity", "test"),
        (CREDENTIAL, "test-credential/blue", "test"),
        (VAULT, "test-vault", "test"),
        (ROLE, "test-role", "test"),
        (SERVICE_ACCOUNT, "test-service-account", "test"),
    }
    assert len(world.asked) == 6


def test_the_identity_trusts_the_service_account_of_the_cluster_alone() -> None:
    """Issuer as AKS spells it, subject and audience."""
    world = made(tags={"team": "a"})
    assert world.one(IDENTITY).inputs == {
        "resourceGroupName": "secrets",
        "location": "westeurope",
        "resourceName": "secret-access-test",
        "tags": {"team": "a"},
    }
    assert world.one(CREDENTIAL).inputs == {
        "resourceGroupName": "secrets",
        "resourceName": "secret-access-test",
        "federatedIdentityCredentialResourceName": documents.credential_name(BLUE, SUBJECT),
        "issuer": BLUE,
        "subject": SUBJECT,
        "audiences": ["api://AzureADTokenExchange"],
    }


def test_credentials_of_several_clusters_are_written_one_at_a_time() -> None:
    """Azure refuses two writes at a time to one identity: each waits for the one before it."""
    third = BLUE.replace("0a1b2c3d", "55556666")
    credentials = made(issuers={"blue": BLUE, "green": Later(GREEN), "old": third}).of(CREDENTIAL)
    waits = {asked.name: asked.waits_for & {one.name for one in credentials} for asked in credentials}
    assert waits == {
        "test-credential/blue": set(),
        "test-credential/green": {"test-credential/blue"},
        "test-credential/old": {"test-credential/green"},
    }
    assert [asked.inputs["issuer"] for asked in credentials] == [BLUE, GREEN, third]


def test_a_cluster_that_goes_leaves_the_others_credentials_as_they_are() -> None:
    """Resources are named by cluster, and credentials by issuer, not by their place in the list."""
    both, one = made(issuers={"blue": BLUE, "green": GREEN}), made(issuers={"green": GREEN})
    green = {asked.name: asked.inputs for asked in both.of(CREDENTIAL)}["test-credential/green"]
    assert one.one(CREDENTIAL).inputs == green


def test_twenty_clusters_are_taken() -> None:
    """The limit itself is within it."""
    assert len(made(issuers={f"c{n}": f"https://issuer.example/{n}" for n in range(20)}).of(CREDENTIAL)) == 20


@pytest.mark.parametrize(
    "issuer",
    [
        "https://issuer.example/",
        "https://issuer.example",
        "https://10.78.0.1:6443",
        "https://oidc.eks.us-east-1.amazonaws.com/id/EXAMPLED539",
        "https://germanywestcentral.oic.prod-aks.azure.com/t/c/",
        "https://oidc.prod-aks.azure.com/0a1b2c3d-0000-1111-2222-333344445555/",
        "https://usgovvirginia.oic.cx.aks.azure.us/t/c/",
    ],
)
@pytest.mark.parametrize("delay", [lambda value: value, Later])
def test_issuers_are_taken_as_they_spell_themselves(issuer: str, delay: Any) -> None:
    """Entra compares them with `iss` as text."""
    assert made(issuers={"blue": delay(issuer)}).one(CREDENTIAL).inputs["issuer"] == issuer


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


def test_an_existing_identity_gets_a_credential_and_nothing_else() -> None:
    """It is not created; its ids are its owner's to give."""
    group = GROUP_ID.replace("/secrets", "/theirs")
    identity_id = f"{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/mine"
    world = made(**{**EXISTING_IDENTITY, "identity_id": identity_id.replace("resourceGroups", "resourcegroups")})
    assert world.of(IDENTITY) == []
    credential = world.one(CREDENTIAL).inputs
    assert (credential["resourceGroupName"], credential["resourceName"]) == ("theirs", "mine")
    assert world.one(ROLE).inputs["principalId"] == PRINCIPAL
    assert environment(world)["AZURE_CLIENT_ID"] == CLIENT


def test_a_vault_is_recovered_or_left_unprotected_only_where_asked_for() -> None:
    """Both are the program's to say."""
    properties = made(recover_vault=True, purge_protection=False).one(VAULT).inputs["properties"]
    assert properties["createMode"] == "recover"
    assert "enablePurgeProtection" not in properties


def test_pods_wait_until_the_identity_is_complete() -> None:
    """The ServiceAccount comes after the credential and the role: a pod's first token would be refused."""
    assert made().one(SERVICE_ACCOUNT).waits_for >= {"test-identity", "test-credential/blue", "test-role"}
    bound = made(**BOUND).one(SERVICE_ACCOUNT)
    assert bound.waits_for >= {"test-identity", "test-binding", "test-binding-role-binding", "test-role"}


def test_the_service_account_shows_its_client_and_mounts_nothing() -> None:
    """The annotation names the client; AKS's webhook goes by another."""
    assert made().one(SERVICE_ACCOUNT).inputs == {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "automountServiceAccountToken": False,
        "metadata": {
            "name": "secret-access",
            "namespace": "test",
            "annotations": {"secret-access/client-id": CLIENT},
        },
    }


def test_the_outputs_are_those_of_every_cloud_and_the_vaults_address() -> None:
    """With Azure's values; the webhook, if a pod has its label, gives no container a token."""
    outputs = made(labels={"team": "a"}).outputs["test"]
    assert outputs.pop("sidecar")["volumeMounts"] == [
        {"name": "secret-access-token", "mountPath": "/var/run/secrets/secret-access/azure", "readOnly": True}
    ]
    token = {"audience": "api://AzureADTokenExchange", "expirationSeconds": 3600, "path": "token"}
    assert outputs == {
        "namespace": "test",
        "serviceAccountName": "secret-access",
        "subject": SUBJECT,
        "identity": CLIENT,
        "secretPrefix": "test/",
        "podLabels": {"team": "a"},
        "podAnnotations": {"azure.workload.identity/skip-containers": "app;secrets"},
        "volumes": [{"name": "secret-access-token", "projected": {"sources": [{"serviceAccountToken": token}]}}],
        "url": "http://localhost:8080",
        "vaultUrl": f"https://{OWN_VAULT}.vault.azure.net/",
    }


def test_the_sidecar_is_told_whose_secrets_it_serves() -> None:
    """The environment is the sidecar's contract."""
    assert environment(made()) == {
        "SECRETS_BACKEND": "azure",
        "SECRETS_NAMESPACE": "test",
        "SECRETS_PREFIX": "test/",
        "SECRETS_PORT": "8080",
        "SECRETS_HEALTH_PORT": "8081",
        "AZURE_KEYVAULT_URL": f"https://{OWN_VAULT}.vault.azure.net/",
        "AZURE_CLIENT_ID": CLIENT,
        "AZURE_TENANT_ID": TENANT,
        "AZURE_FEDERATED_TOKEN_FILE": "/var/run/secrets/secret-access/azure/token",
        "SECRETS_POD_NAME": {"fieldRef": {"fieldPath": "metadata.name"}},
    }


def test_another_clouds_addresses_can_be_given() -> None:
    """Entra's, and the vault's."""
    url = "https://shared-vault.vault.usgovcloudapi.net"
    told = environment(
        made(vault_id=VAULT_ID, secrets=["a"], vault_url=url, authority_host="https://login.microsoftonline.us")
    )
    assert told["AZURE_KEYVAULT_URL"] == url
    assert told["AZURE_AUTHORITY_HOST"] == "https://login.microsoftonline.us"
    assert environment(made(vault_id=VAULT_ID, secrets=["a"]))["AZURE_KEYVAULT_URL"] == (
        "https://shared-vault.vault.azure.net"
    )


def test_an_identity_binding_takes_the_place_of_credentials() -> None:
    """AKS writes the only one; the token's audience is its own, and RBAC says which ServiceAccount may use it."""
    world = made(**BOUND)
    assert world.of(CREDENTIAL) == []
    identity_id = f"{GROUP_ID}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/secret-access-test"
    assert world.one(BINDING).inputs == {
        "resourceGroupName": "aks",
        "resourceName": "blue",
        "identityBindingName": documents.binding_name(identity_id),
        "properties": {"managedIdentity": {"resourceId": identity_id}},
    }
    role = world.one("kubernetes:rbac.authorization.k8s.io/v1:ClusterRole").inputs
    assert role["rules"] == [
        {"apiGroups": ["cid.wi.aks.azure.com"], "resources": [CLIENT], "verbs": ["use-managed-identity"]}
    ]
    bound = world.one("kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding").inputs
    assert bound["subjects"] == [{"kind": "ServiceAccount", "name": "secret-access", "namespace": "test"}]
    assert bound["roleRef"]["name"] == role["metadata"]["name"] == "secret-access:test:secret-access"
    token = world.outputs["test"]["volumes"][0]["projected"]["sources"][0]["serviceAccountToken"]
    assert token["audience"] == "api://AKSIdentityBinding"


def test_a_binding_has_a_name_that_aks_takes_whatever_the_identity_is_called() -> None:
    """AKS takes lowercase letters, digits and `-`; an identity's name has more, and each has a binding of its own."""
    names = {
        made(**BOUND, identity_name=name).one(BINDING).inputs["identityBindingName"]
        for name in ("secret-access-blue-eu_test", "Secrets-of-Shop", "x" * 128)
    }
    assert len(names) == 3
    assert all(re.fullmatch("[a-z0-9-]{1,63}", name) for name in names)


def test_the_sidecar_reaches_the_token_proxy_by_the_clusters_own_certificates() -> None:
    """The ConfigMap that Kubernetes keeps in every namespace; files of the platform's own stay beside it."""
    world = made(**BOUND, sidecar_files={"/etc/ca": {"configMap": {"name": "ca"}}})
    told, outputs = environment(world), world.outputs["test"]
    assert told["AZURE_KUBERNETES_TOKEN_PROXY"] == "https://blue.hcp.westeurope.azmk8s.io"
    assert told["AZURE_KUBERNETES_SNI_NAME"] == "a1b2.ests.aks"
    assert told["AZURE_KUBERNETES_CA_FILE"] == "/var/run/secrets/secret-access/token-proxy/ca.crt"
    mounts = {mount["mountPath"]: mount["name"] for mount in outputs["sidecar"]["volumeMounts"]}
    volumes = {volume.pop("name"): volume for volume in outputs["volumes"]}
    assert volumes[mounts["/var/run/secrets/secret-access/token-proxy"]] == {"configMap": {"name": "kube-root-ca.crt"}}
    assert volumes[mounts["/etc/ca"]] == {"configMap": {"name": "ca"}}


def test_the_retired_pod_identity_is_labelled_with_a_warning_and_only_where_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The article's label; the sidecar itself never uses it."""
    warnings: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", lambda message, *_: warnings.append(message))
    assert made().outputs["test"]["podLabels"] == {}
    assert warnings == []
    assert made(aad_pod_identity_binding="app").outputs["test"]["podLabels"] == {"aadpodidbinding": "app"}
    assert "is archived" in warnings[0]


def test_an_existing_service_account_is_read_and_left_as_it_is() -> None:
    """One that carries the annotation is taken, not made."""
    metadata = {"name": "shop", "namespace": "test", "annotations": {"secret-access/client-id": CLIENT}}
    world = World(found={"test/shop": {"metadata": metadata}})
    run(azure_access(existing_service_account=True, service_account_name="shop"), world)
    assert world.one(SERVICE_ACCOUNT).read
    assert world.one(CREDENTIAL).inputs["subject"] == "system:serviceaccount:test:shop"


def test_outputs_as_arguments_ask_for_the_same() -> None:
    """Every argument that may be known later makes the same resources as a plain one."""
    own = azure_args(
        issuers=None,
        identity_name="shop",
        vault_name="shop-vault",
        recover_vault=True,
        purge_protection=False,
        vault_url="https://other.vault.azure.net",
        authority_host="https://login.microsoftonline.us",
        app_containers=["web"],
        aad_pod_identity_binding="shop",
        tags={"team": "a"},
        access="read_write",
        secret_prefix="team/test/",
    )
    theirs = azure_args(issuers=None, **EXISTING_IDENTITY, vault_id=VAULT_ID, secret_prefix="team/test/")
    plain = {"issuers", "shared_vault", "assign_roles"}
    bound = {name: value for name, value in BOUND.items() if value}
    of_azure = set(AzureSecretAccessArgs.__annotations__) - set(SecretAccessArgs.__annotations__)
    assert {*own, *theirs, *plain, *bound} >= of_azure
    for args, fixed in ((own, {"issuers": {"blue": BLUE}}), (theirs, {"secrets": ["a"], "issuers": {"blue": BLUE}})):
        late = {key: Later(value) for key, value in args.items()}
        now, later = made(**args, **fixed), made(**late, **fixed)
        assert _inputs(later) == _inputs(now)
        assert later.outputs == now.outputs
    late = {key: Later(value) for key, value in bound.items()}
    assert _inputs(made(issuers=None, **late)) == _inputs(made(**BOUND))


def _inputs(world: World) -> dict[str, Any]:
    return {asked.name: asked.inputs for asked in world.asked}


def test_the_callers_providers_make_everything() -> None:
    """The component builds no provider, and hands those it got to its children."""

    def program() -> None:
        providers: list[pulumi.ProviderResource] = [azure_native.Provider("mine"), k8s.Provider("theirs")]
        AzureSecretAccess("test", azure_args(), pulumi.ResourceOptions(providers=providers))

    world = run(program, World())
    assert {asked.name: asked.provider for asked in world.asked if not asked.type.startswith("pulumi:providers")} == {
        "test": "",
        "test-identity": "mine",
        "test-credential/blue": "mine",
        "test-vault": "mine",
        "test-role": "mine",
        "test-service-account": "theirs",
    }


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
def test_two_namespaces_with_one_identity_or_one_whole_vault_are_refused(
    first: dict[str, Any], second: dict[str, Any], delay: Any
) -> None:
    """Each would read what the other may; Azure takes a resource's id in any case."""
    argument = next(iter(first))
    with pytest.raises(InvalidArgument) as error:
        run(two({**first, argument: delay(first[argument])}, {**second, "namespace": "prod"}))
    assert_all_in([argument, "'access-0'", "'access-1'", "reads the secrets of", "of its own"], error)


def test_a_vault_that_is_shared_secret_by_secret_or_of_one_namespace_is_taken() -> None:
    """By two namespaces, or by two ServiceAccounts of one."""
    shared = {"vault_id": VAULT_ID, "secrets": ["key"]}
    whole = {**EXISTING_IDENTITY, "vault_id": VAULT_ID, "shared_vault": False}
    for one, other in (
        (shared, {**shared, "namespace": "prod"}),
        (whole, {**EXISTING_IDENTITY, "service_account_name": "other"}),
        (whole, {**shared, "namespace": "prod", "secret_prefix": "test/"}),
    ):
        assert len(run(two(one, other)).of(ROLE)) == 2


@pytest.mark.parametrize("spelled", ["database-password", "test/database-password", "exact:Test--Database-Password"])
def test_an_assignment_is_the_same_resource_however_its_secret_is_spelled(spelled: str) -> None:
    """Another one would be refused: it is the same assignment."""
    assignment = made(vault_id=VAULT_ID, secrets=[spelled]).one(ROLE)
    assert assignment.name == "test-role/database-password"
    assert assignment.inputs["scope"] == f"{VAULT_ID}/secrets/test--database-password"
