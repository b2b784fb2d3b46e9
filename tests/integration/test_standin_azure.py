"""Azure's component and the azure-native plugin's stand-in, with the real engine and a cluster's own tokens.

Azure is the laptop's fake, which has the cluster's keys.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from local.azure.directory import (
    AUDIENCE,
    GROUP,
    SUBSCRIPTION,
    TENANT,
    VAULT_RESOURCE,
    Identity,
    RoleAssignment,
    Vault,
)
from local.azure.server import OWNER
from local.http_service import Request
from local.pki import Authority
from local.standins.azure_native import AzureNative
from local.standins.errors import Refused
from tests.integration.real_parts import ApiServer, Stack
from tests.integration.test_cluster_tokens import ClusterIssuer
from tests.local.azure.running import Server

NAMESPACES = ("azure-test", "azure-prod")
SHARED = "kv-shared"
PASSWORD = "an-owners-password"

PROGRAM = """
import pulumi, pulumi_azure_native as azure, pulumi_kubernetes as k8s
from secret_access import AzureSecretAccess

subscription = azure.Provider("azure", metadata_host={host!r}, subscription_id={subscription!r}, tenant_id={tenant!r})
cluster = k8s.Provider("kubernetes", kubeconfig={kubeconfig!r})
both = pulumi.ResourceOptions(providers=[subscription, cluster])
group = azure.resources.get_resource_group("secrets", opts=pulumi.InvokeOptions(provider=subscription))
for namespace in {namespaces!r}:
    given = {{"namespace": namespace, "sidecar_image": "registry.example/sidecar:1", "tenant_id": {tenant!r}}}
    given |= {{"issuers": {issuers!r}, "resource_group": group.name, "location": group.location, **{changed!r}}}
    access = AzureSecretAccess(namespace, given, both)
    pulumi.export(namespace, access.identity)
    pulumi.export(f"{{namespace}}-vault", access.vault_url)
"""


ONE_IDENTITY = """
import pulumi, pulumi_azure_native as azure, pulumi_kubernetes as k8s
from secret_access import AzureSecretAccess

subscription = azure.Provider("azure", metadata_host={host!r}, subscription_id={subscription!r}, tenant_id={tenant!r})
cluster = k8s.Provider("kubernetes", kubeconfig={kubeconfig!r})
both = pulumi.ResourceOptions(providers=[subscription, cluster])
for account in ("a", "b", "c"):
    given = {{"namespace": "azure-test", "service_account_name": account, "sidecar_image": "registry/sidecar:1"}}
    given |= {{"issuers": {issuers!r}, "tenant_id": {tenant!r}, "vault_id": {vault!r}, "assign_roles": False}}
    given |= {{"identity_id": {identity!r}, "client_id": {client!r}, "principal_id": {principal!r}}}
    AzureSecretAccess(account, given, both)
"""


@dataclass
class World:
    """The fake, and a cluster that it knows the keys of."""

    server: Server
    cluster: ApiServer
    issuer: str

    def program(self, **changed: Any) -> str:
        """An identity for each namespace; by default each has a vault of its own."""
        return PROGRAM.format(
            host=self.server.url.removeprefix("https://"),
            subscription=SUBSCRIPTION,
            tenant=TENANT,
            kubeconfig=self.cluster.kubeconfig.read_text(),
            namespaces=NAMESPACES,
            issuers={"blue": self.issuer, **changed.pop("further", {})},
            changed=changed,
        )

    def program_with_one_identity(self, identity: Identity) -> str:
        """Three ServiceAccounts of a namespace with an identity that exists."""
        return ONE_IDENTITY.format(
            host=self.server.url.removeprefix("https://"),
            subscription=SUBSCRIPTION,
            tenant=TENANT,
            kubeconfig=self.cluster.kubeconfig.read_text(),
            issuers={"blue": self.issuer, "green": "https://issuer.example/"},
            vault=f"{GROUP}/providers/Microsoft.KeyVault/vaults/{SHARED}",
            identity=identity.id,
            client=identity.client_id,
            principal=identity.principal_id,
        )

    def vault(self, name: str) -> Vault:
        found = self.server.azure.directory.vault_named(name)
        assert found is not None
        return found

    def sign_in(self, asker: str, client: str, audience: str = AUDIENCE, account: str = "secret-access") -> Any:
        """What Entra answers to a token that the API server makes."""
        path = f"/api/v1/namespaces/{asker}/serviceaccounts/{account}/token"
        made = self.cluster.client.request("POST", path, {"spec": {"audiences": [audience], "expirationSeconds": 600}})
        form = {
            "grant_type": "client_credentials",
            "client_id": client,
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": made["status"]["token"],
            "scope": f"{VAULT_RESOURCE}/.default",
        }
        body = urlencode(form).encode()
        return self.server.azure.answer(Request("POST", f"/{TENANT}/oauth2/v2.0/token", {"host": "x"}, body)).document

    def reads(self, asker: str, client: str, vault: str) -> dict[str, int]:
        """How reads of each namespace's secret in a vault end."""
        token = self.sign_in(asker, client)["access_token"]
        vaults = self.server.azure.directory.vaults
        host = next(address for address, known in vaults.items() if known.name == vault)
        headers = {"host": host, "authorization": f"Bearer {token}"}
        return {
            name: self.server.azure.answer(Request("GET", f"/secrets/{name}--key?api-version=7.4", headers, b"")).status
            for name in NAMESPACES
        }


@pytest.fixture(scope="module")
def issuer(api_server: ApiServer) -> ClusterIssuer:
    for namespace in NAMESPACES:
        api_server.client.request("POST", "/api/v1/namespaces", {"metadata": {"name": namespace}})
    return ClusterIssuer(api_server)


@pytest.fixture
def world(api_server: ApiServer, issuer: ClusterIssuer, tmp_path: Path) -> Iterator[World]:
    server = Server(Authority(tmp_path / "pki"), PASSWORD, {issuer.url: issuer.jwks})
    server.begin()
    yield World(server, api_server, issuer.url)
    server.end()


@pytest.fixture
def stack(stack: Stack, world: World) -> Stack:
    """The project, with the owner's secret where Azure's own clients look for it."""
    owner = {"ARM_CLIENT_ID": OWNER, "ARM_CLIENT_SECRET": PASSWORD, "SSL_CERT_FILE": str(world.server.ca)}
    return replace(stack, env={**stack.env, **owner})


def clients(stack: Stack) -> dict[str, str]:
    outputs = stack.outputs()
    return {namespace: outputs[namespace] for namespace in NAMESPACES}


def shared(world: World) -> str:
    """A vault that both namespaces use, with their secrets; its resource id."""
    vault = Vault(SHARED, properties={"enableRbacAuthorization": True})
    world.server.azure.directory.vaults["shared.example"] = vault
    for namespace in NAMESPACES:
        vault.add(f"{namespace}--key", "hunter2")
    return vault.id


def test_in_a_shared_vault_each_reads_its_own_and_is_refused_the_others(world: World, stack: Stack) -> None:
    """From preview to destroy; a role that somebody widens turns its cell, and stays until somebody removes it."""
    vault_id = shared(world)
    program = world.program(vault_id=vault_id, vault_url="https://shared.example", secrets=["key"])
    stack.program(program)
    stack.pulumi("preview")
    assert world.server.azure.directory.identities == {}
    stack.up()
    stack.pulumi("preview", "--refresh", "--expect-no-changes")
    ours = clients(stack)
    own = {"azure-test": {"azure-test": 200, "azure-prod": 403}, "azure-prod": {"azure-test": 403, "azure-prod": 200}}
    assert {asker: world.reads(asker, ours[asker], SHARED) for asker in NAMESPACES} == own
    assert world.sign_in("azure-test", ours["azure-prod"])["error_codes"] == [700213]
    assert world.sign_in("azure-test", ours["azure-test"], "sts.amazonaws.com")["error_codes"] == [700212]
    assert world.sign_in("azure-test", ours["azure-test"], account="default")["error_codes"] == [700213]

    directory = world.server.azure.directory
    principal = directory.principal_of(ours["azure-test"])
    widened = RoleAssignment(principal, "Key Vault Secrets User", vault_id, "88888888-8888-8888-8888-888888888888")
    directory.assignments.append(widened)
    assert world.reads("azure-test", ours["azure-test"], SHARED) == {"azure-test": 200, "azure-prod": 200}
    stack.pulumi("up", "--refresh", "--yes", "--skip-preview")
    assert widened in directory.assignments
    directory.assignments.remove(widened)

    removed = next(one for one in directory.assignments if one.principal_id == principal)
    directory.assignments.remove(removed)
    (credential,) = directory.federated[ours["azure-prod"]]
    directory.federated[ours["azure-prod"]] = [replace(credential, subject="system:serviceaccount:azure-test:x")]
    printed = stack.pulumi("up", "--refresh", "--yes", "--skip-preview")
    assert "1 created" in printed
    assert "1 updated" in printed
    assert {asker: world.reads(asker, ours[asker], SHARED) for asker in NAMESPACES} == own

    stack.pulumi("destroy", "--yes")
    assert directory.identities == {}
    assert {one.principal_id for one in directory.assignments} == {OWNER}
    assert world.vault(SHARED).secrets.keys() == {"azure-test--key", "azure-prod--key"}


def test_a_vault_of_its_own_and_clusters_that_come_and_go(world: World, stack: Stack) -> None:
    """Made, changed in place, deleted and still there, and recovered with its secrets."""
    stack.program(world.program(further={"green": "https://issuer.example/"}, tags={"team": "a"}))
    stack.up()
    stack.pulumi("preview", "--refresh", "--expect-no-changes")
    ours, outputs = clients(stack), stack.outputs()
    directory = world.server.azure.directory
    assert outputs["azure-test-vault"].startswith("https://127.0.0.1:")
    vaults = {vault.name.rpartition("-")[0]: vault for vault in directory.vaults.values()}
    assert vaults.keys() == set(NAMESPACES)
    for namespace, vault in vaults.items():
        vault.add(f"{namespace}--key", "hunter2")
        assert vault.properties["enablePurgeProtection"] is True
        assert vault.tags == {"team": "a"}
    assert world.reads("azure-test", ours["azure-test"], vaults["azure-test"].name)["azure-test"] == 200
    assert set(world.reads("azure-test", ours["azure-test"], vaults["azure-prod"].name).values()) == {403}
    assert [one.issuer for one in directory.federated[ours["azure-test"]]] == [world.issuer, "https://issuer.example/"]

    stack.program(world.program(access="read_write"))
    printed = stack.up()
    assert "2 replaced" in printed, printed
    assert [one.issuer for one in directory.federated[ours["azure-test"]]] == [world.issuer]
    roles = {one.role for one in directory.assignments if one.principal_id != OWNER}
    assert roles == {"Key Vault Secrets Officer"}

    stack.pulumi("destroy", "--yes")
    assert directory.vaults == {}
    world.server.free.extend(["127.0.0.1:1", "127.0.0.1:2"])
    stack.program(world.program())
    assert "already exists in deleted state" in stack.up(fails=True)
    stack.program(world.program(recover_vault=True))
    stack.up()
    assert {tuple(vault.secrets) for vault in directory.vaults.values()} == {("azure-test--key",), ("azure-prod--key",)}
    stack.program(world.program())
    stack.pulumi("preview", "--refresh", "--expect-no-changes")
    stack.pulumi("destroy", "--yes")


def existing_identity(world: World) -> Identity:
    path = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/mine"
    made = Identity(path, str(uuid.uuid4()), str(uuid.uuid4()), "westeurope")
    world.server.azure.directory.identities[path.lower()] = made
    world.server.azure.directory.federated[made.client_id] = []
    return made


def test_components_with_one_identity_write_one_at_a_time(world: World, stack: Stack) -> None:
    """And delete so; two at a time are a 409. Explicit providers are enough, as in the stacks of the repository."""
    identity = existing_identity(world)
    stack.pulumi("config", "set", "--path", "pulumi:disable-default-providers[0]", "*")
    stack.program(world.program_with_one_identity(identity))
    stack.up()
    federated = world.server.azure.directory.federated[identity.client_id]
    assert len(federated) == 6
    stack.pulumi("preview", "--refresh", "--expect-no-changes")
    stack.pulumi("destroy", "--yes")
    assert world.server.azure.directory.federated[identity.client_id] == []


def test_an_identity_of_another_subscription_is_found_by_a_preview(world: World, stack: Stack) -> None:
    """The fake has one of that group and name in the provider's subscription, which gets no credential."""
    identity = existing_identity(world)
    elsewhere = replace(identity, id=identity.id.replace(SUBSCRIPTION, "99999999-9999-9999-9999-999999999999"))
    stack.program(world.program_with_one_identity(elsewhere))
    for command in (["preview"], ["up", "--yes", "--skip-preview"]):
        printed = stack.pulumi(*command, fails=True)
        assert "identity_id is in another subscription than the Pulumi provider's" in printed, printed
    assert world.server.azure.directory.federated[identity.client_id] == []


def test_what_exists_is_imported_and_what_was_made_elsewhere_is_not_taken(world: World, stack: Stack) -> None:
    path = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/mine"
    text = f"""
    import pulumi, pulumi_azure_native as azure
    subscription = azure.Provider("azure", metadata_host={world.server.url.removeprefix("https://")!r},
        subscription_id={SUBSCRIPTION!r}, tenant_id={TENANT!r})
    azure.managedidentity.UserAssignedIdentity("mine", resource_group_name="secrets", resource_name_="mine",
        location="westeurope", opts=pulumi.ResourceOptions(provider=subscription))
    """
    stack.program(text)
    stack.up()
    stack.pulumi("state", "delete", "--yes", stack.state()["mine"]["urn"])
    assert f"cannot create already existing resource '{path}'" in stack.up(fails=True)
    stack.program(text.replace("provider=subscription", f"provider=subscription, import_={path!r}"))
    assert "1 imported" in stack.up()
    stack.program(text)
    stack.pulumi("preview", "--refresh", "--expect-no-changes")
    stack.pulumi("destroy", "--yes")


def test_the_owners_secret_is_not_in_the_state(world: World, stack: Stack) -> None:
    """The plugin takes it from the environment, and puts it into no resource."""
    stack.program(world.program())
    stack.up()
    assert all(PASSWORD.encode() not in path.read_bytes() for path in stack.folder.glob("state/**/*") if path.is_file())
    stack.pulumi("destroy", "--yes")


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("ARM_CLIENT_SECRET", "wrong", "401"),
        ("ARM_CLIENT_SECRET", "", "needs clientSecret"),
        ("SSL_CERT_FILE", "/etc/ssl/certs/ca-certificates.crt", "certificate verify failed"),
    ],
)
def test_credentials_that_azure_does_not_take_make_nothing(
    variable: str, value: str, message: str, world: World, stack: Stack
) -> None:
    stack.program(world.program())
    printed = replace(stack, env={**stack.env, variable: value}).up(fails=True)
    assert message in printed, printed
    assert "wrong" not in printed
    assert world.server.azure.directory.identities == {}


def test_another_azure_than_one_that_says_where_it_is_is_not_reached() -> None:
    """The real plugin reaches Azure itself; this one never does."""
    with pytest.raises(Refused, match=r"needs metadataHost.*reaches no Azure but one whose metadataHost"):
        AzureNative().configure({"subscriptionId": SUBSCRIPTION, "tenantId": TENANT})
