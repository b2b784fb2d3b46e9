"""What AzureSecretAccess asks of Azure and Kubernetes, and what it tells."""

from typing import Any

import pulumi
import pulumi_azure_native as azure_native
import pulumi_kubernetes as k8s
import pytest

from secret_access import AzureSecretAccess, AzureSecretAccessArgs, SecretAccessArgs
from tests.infra.azure.answers import (
    CLIENT,
    CREDENTIAL,
    GROUP_ID,
    IDENTITY,
    PRINCIPAL,
    TENANT,
    VAULT,
)
from tests.infra.azure.component import (
    BLUE,
    BOUND,
    EXISTING_IDENTITY,
    OWN_VAULT,
    ROLE,
    SERVICE_ACCOUNT,
    SUBJECT,
    VAULT_ID,
    WRITE_ROLE_ID,
    azure_access,
    azure_args,
    made,
)
from tests.infra.components import environment
from tests.infra.engine import Later, World, run


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
        "identityId": f"{GROUP_ID}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/secret-access-test",
        "principalId": PRINCIPAL,
        "vaultId": f"{GROUP_ID}/providers/Microsoft.KeyVault/vaults/{OWN_VAULT}",
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
    url, entra = "https://vault.internal.example", "https://entra.internal.example"
    told = environment(made(vault_id=VAULT_ID, secrets=["a"], vault_url=url, authority_host=entra))
    assert told["AZURE_KEYVAULT_URL"] == url
    assert told["AZURE_AUTHORITY_HOST"] == entra


@pytest.mark.parametrize("delay", [lambda value: value, Later])
@pytest.mark.parametrize(
    ("authority_host", "domain"),
    [
        (None, "vault.azure.net"),
        ("https://login.microsoftonline.com", "vault.azure.net"),
        ("https://login.microsoftonline.us/", "vault.usgovcloudapi.net"),
        ("https://login.partner.microsoftonline.cn", "vault.azure.cn"),
        ("https://login.chinacloudapi.cn", "vault.azure.cn"),
    ],
)
def test_an_existing_vault_is_in_the_domain_of_its_cloud(authority_host: str | None, domain: str, delay: Any) -> None:
    """Each of Azure's clouds has its own, and Entra's address says which cloud it is."""
    changed = {} if authority_host is None else {"authority_host": delay(authority_host)}
    told = environment(made(vault_id=VAULT_ID, secrets=["a"], **changed))
    assert told["AZURE_KEYVAULT_URL"] == f"https://shared-vault.{domain}"


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
        write_role_id=WRITE_ROLE_ID,
        secret_prefix="team/test/",
    )
    theirs = azure_args(
        issuers=None,
        **EXISTING_IDENTITY,
        vault_id=VAULT_ID,
        secret_prefix="team/test/",
        resource_group=None,
        location=None,
    )
    plain = {"issuers", "shared_vault", "assign_roles"}
    bound = {name: value for name, value in BOUND.items() if value}
    of_azure = set(AzureSecretAccessArgs.__annotations__) - set(SecretAccessArgs.__annotations__)
    assert {*own, *theirs, *plain, *bound} >= of_azure
    absent = {"resource_group": None, "location": None}
    for args, fixed in ((own, {"issuers": {"blue": BLUE}}), (theirs, {"secrets": ["a"], "issuers": {"blue": BLUE}})):
        late = {key: Later(value) for key, value in args.items()}
        now, later = made(**{**absent, **args}, **fixed), made(**{**absent, **late}, **fixed)
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
