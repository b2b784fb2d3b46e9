"""What VaultSecretAccess asks of Vault and Kubernetes, and what it tells."""

import json
from collections.abc import Callable
from typing import Any, cast

import pulumi
import pulumi_vault as vault
import pytest

from secret_access import Access, InvalidArgument, VaultSecretAccess, VaultSecretAccessArgs
from secret_access.vault import documents
from tests.infra.engine import Later, World, run
from tests.infra.messages import assert_all_in
from tests.infra.vault.component import ADDRESS, POLICY, ROLE, vault_access

SERVICE_ACCOUNT = "kubernetes:core/v1:ServiceAccount"
SUBJECT = "system:serviceaccount:test:secret-access"
IDENTITY = "auth/jwt/role/secret-access-test"


def environment(world: World) -> dict[str, Any]:
    """The sidecar's environment, by name."""
    return {item["name"]: item.get("value", item.get("valueFrom")) for item in world.outputs["test"]["sidecar"]["env"]}


def test_it_makes_a_policy_a_role_and_a_service_account() -> None:
    """Exactly these resources, named after the component and under it."""
    world = run(vault_access())
    assert {(asked.type, asked.name, asked.parent) for asked in world.asked} == {
        ("secret-access:index:VaultSecretAccess", "test", ""),
        (POLICY, "test-policy", "test"),
        (ROLE, "test-role", "test"),
        (SERVICE_ACCOUNT, "test-service-account", "test"),
    }
    assert len(world.asked) == 4


def test_the_documents_are_those_of_the_namespace() -> None:
    """The role has the policy alone, is read after it, and pods wait for both."""
    world = run(vault_access())
    policy = world.one(POLICY).inputs
    assert json.loads(policy.pop("policy")) == documents.secrets_policy("secret", "test/")
    assert policy == {"name": "secret-access-test"}
    asked = world.one(ROLE)
    assert {key: asked.inputs[key] for key in ("boundSubject", "boundAudiences", "tokenPolicies", "tokenTtl")} == {
        "boundSubject": SUBJECT,
        "boundAudiences": ["vault"],
        "tokenPolicies": ["secret-access-test"],
        "tokenTtl": 3600,
    }
    assert len(asked.inputs) == len(documents.role(SUBJECT, "vault", "secret-access-test", 3600)) + 2
    assert (asked.inputs["backend"], asked.inputs["roleName"]) == ("jwt", "secret-access-test")
    assert asked.inputs["tokenNoDefaultPolicy"] is True
    assert "test-policy" in asked.waits_for
    assert world.one(SERVICE_ACCOUNT).waits_for >= {"test-policy", "test-role"}


@pytest.mark.parametrize("delay", [lambda value: value, Later])
def test_a_declared_name_that_only_exact_spells_is_granted_as_it_is(delay: Any) -> None:
    """Portable names of others are refused, in whichever spelling."""
    world = run(vault_access(secrets=delay(["database-password", "exact:Legacy/DB", "exact:test/My_Key"])))
    paths = json.loads(world.one(POLICY).inputs["policy"])["path"]
    assert set(paths) == {"secret/data/test/*", "secret/data/Legacy/DB"}
    assert environment(world)["SECRETS_NAMES"] == "database-password,exact:Legacy/DB,exact:test/My_Key"
    for foreign in ("prod/database-password", "exact:prod/database-password"):
        with pytest.raises(InvalidArgument, match="outside the namespace's prefix"):
            run(vault_access(secrets=delay([foreign])))


@pytest.mark.parametrize("delay", [lambda value: value, Later])
def test_every_argument_reaches_its_place(delay: Any) -> None:
    """Plain or known later."""
    world = run(
        vault_access(
            access=delay(Access.READ_WRITE),
            secret_prefix=delay("team/test/"),
            mount=delay("team/kv"),
            auth_path=delay("clusters/blue"),
            audience=delay(ADDRESS),
            role_name=delay("secret-access-blue-test"),
            token_ttl=delay(600),
            events=delay(True),
        )
    )
    policy, role = world.one(POLICY).inputs, world.one(ROLE).inputs
    expected = documents.secrets_policy("team/kv", "team/test/", Access.READ_WRITE, events=True)
    assert json.loads(policy["policy"]) == expected
    assert (policy["name"], role["roleName"], role["tokenPolicies"]) == (
        "secret-access-blue-test",
        "secret-access-blue-test",
        ["secret-access-blue-test"],
    )
    assert (role["backend"], role["boundAudiences"], role["tokenTtl"]) == ("clusters/blue", [ADDRESS], 600)
    told = environment(world)
    assert {key: value for key, value in told.items() if "VAULT" in key} == {
        "VAULT_ADDR": ADDRESS,
        "SECRETS_VAULT_MOUNT": "team/kv",
        "SECRETS_VAULT_AUTH_PATH": "clusters/blue",
        "SECRETS_VAULT_ROLE": "secret-access-blue-test",
        "SECRETS_VAULT_JWT_FILE": "/var/run/secrets/secret-access/vault/token",
    }
    assert (told["SECRETS_BACKEND"], told["SECRETS_ACCESS"]) == ("vault", "read_write")
    source = world.outputs["test"]["volumes"][0]["projected"]["sources"][0]["serviceAccountToken"]
    assert source["audience"] == ADDRESS


def test_the_service_account_shows_its_role() -> None:
    """As the sidecar's errors name it."""
    world = run(vault_access())
    account = world.one(SERVICE_ACCOUNT).inputs
    assert account["metadata"]["annotations"] == {"secret-access/vault-role": IDENTITY}
    assert account["automountServiceAccountToken"] is False
    assert world.outputs["test"]["identity"] == IDENTITY


def test_an_existing_service_account_is_read_and_left_as_it_is() -> None:
    """One that names the role is taken; one that does not is refused with the command that adds it."""
    metadata = {"name": "shop", "namespace": "test", "annotations": {"secret-access/vault-role": IDENTITY}}
    world = World(found={"test/shop": {"metadata": metadata}})
    run(vault_access(existing_service_account=True, service_account_name="shop"), world)
    assert world.one(SERVICE_ACCOUNT).read
    world = World(found={"test/shop": {"metadata": {**metadata, "annotations": {}}}})
    with pytest.raises(InvalidArgument, match=f"secret-access/vault-role={IDENTITY}"):
        run(vault_access(existing_service_account=True, service_account_name="shop"), world)


@pytest.mark.parametrize("delay", [lambda value: value, Later])
def test_vaults_own_namespace_is_the_providers(delay: Any) -> None:
    """The sidecar is told it, and the identity has it; the role is made where the provider is."""
    world = run(vault_access({"namespace": delay("admin/team")}, vault_namespace=delay("admin/team")))
    assert environment(world)["VAULT_NAMESPACE"] == "admin/team"
    assert world.outputs["test"]["identity"] == f"admin/team/{IDENTITY}"
    assert "namespace" not in world.one(ROLE).inputs
    assert world.one(POLICY).provider == "vault"


@pytest.mark.parametrize("provider", [{}, {"namespace": "admin"}])
def test_another_namespace_than_the_providers_is_refused(provider: dict[str, Any]) -> None:
    """The role would be made where no pod asks for it."""
    world = World()
    with pytest.raises(InvalidArgument, match="vault_namespace is not that of the Pulumi provider"):
        run(vault_access(provider, vault_namespace="team"), world)
    assert world.of(POLICY) == world.of(ROLE) == []


def test_the_namespace_that_pulumis_plugin_reads_from_the_environment_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """The provider itself names none then."""
    monkeypatch.setenv("VAULT_NAMESPACE", "admin")
    assert environment(run(vault_access({}, vault_namespace="admin")))["VAULT_NAMESPACE"] == "admin"
    with pytest.raises(InvalidArgument, match="vault_namespace is not that of the Pulumi provider"):
        run(vault_access({}, vault_namespace="team"))


@pytest.mark.parametrize("preview", [True, False])
@pytest.mark.parametrize("delay", [lambda value: value, Later])
def test_a_namespace_that_only_the_provider_has_is_refused(delay: Any, preview: bool) -> None:
    """The sidecar would log in to the root namespace, where there is no such role."""
    world = World(preview=preview)
    with pytest.raises(InvalidArgument) as error:
        run(vault_access({"namespace": delay("/admin/team/")}), world)
    said = ["vault_namespace is left out", "given None, expected 'admin/team'", "write vault_namespace: admin/team"]
    assert_all_in(said, error)
    assert world.of(POLICY) == world.of(ROLE) == world.of(SERVICE_ACCOUNT) == []


@pytest.mark.parametrize("preview", [True, False])
@pytest.mark.parametrize("provider", [None, {}, {"namespace": ""}, {"namespace": "/"}])
def test_a_provider_without_a_namespace_needs_no_argument(provider: dict[str, Any] | None, preview: bool) -> None:
    """A preview shows the role and the policy, also where it does not know what the provider has."""
    world = run(vault_access(provider), World(preview=preview))
    assert world.one(POLICY).inputs["name"] == "secret-access-test"
    assert world.one(ROLE).inputs["roleName"] == "secret-access-test"
    assert environment(world).get("VAULT_NAMESPACE") is None


def test_a_preview_goes_on_where_the_providers_namespace_is_made_by_the_program() -> None:
    """The update knows it, and checks it then."""

    def program(preview: bool) -> World:
        def make() -> None:
            made = vault.Namespace("team", path="team").path_fq
            vault_access({"namespace": made}, vault_namespace="admin")()

        return run(make, World(preview=preview, kept={} if preview else {"team": {"pathFq": "team"}}))

    assert program(preview=True).one(ROLE).inputs["roleName"] == "secret-access-test"
    with pytest.raises(InvalidArgument, match="vault_namespace is not that of the Pulumi provider"):
        program(preview=False)


@pytest.mark.parametrize("delay", [lambda value: value, Later])
def test_two_roles_of_one_name_are_refused(delay: Any) -> None:
    """Pulumi's plugin overwrites a policy that is there, so one namespace would get what the other may read."""

    def program(**second: Any) -> Callable[[], None]:
        def make() -> None:
            vault_access(role_name=delay("blue"))()
            vault_access(second.pop("provider", None), called="prod", namespace="prod", **second)()

        return make

    world = World()
    with pytest.raises(InvalidArgument, match=r"role_name is that of VaultSecretAccess '(test|prod)'"):
        run(program(role_name=delay("blue")), world)
    assert len(world.of(POLICY)) <= 1
    assert len(run(program()).of(POLICY)) == 2
    assert len(run(program(role_name=delay("blue"), provider={})).of(POLICY)) == 2  # another Vault


def test_a_role_is_one_components_alone_whatever_the_components_are_called() -> None:
    """Pulumi takes one name twice under parents of two types."""

    def program(*roles: str) -> Callable[[], None]:
        def make() -> None:
            for number, role in enumerate(roles):
                parent = pulumi.ComponentResource(f"team:index:Kind{number}", "team")
                args = {"namespace": f"team-{number}", "sidecar_image": "s:1", "address": ADDRESS, "role_name": role}
                VaultSecretAccess("secrets", cast("VaultSecretAccessArgs", args), pulumi.ResourceOptions(parent=parent))

        return make

    with pytest.raises(InvalidArgument, match="role_name is that of VaultSecretAccess 'secrets' too"):
        run(program("x", "x"))
    assert len(run(program("x", "y")).of(POLICY)) == 2


def test_a_client_certificate_is_a_mounted_file() -> None:
    """Mutual TLS: the sidecar's settings name files of a volume that the platform gives."""
    csi = {"csi": {"driver": "csi.cert-manager.io", "readOnly": True}}
    settings = {
        "VAULT_CACERT": "/etc/vault-tls/ca.crt",
        "VAULT_CLIENT_CERT": "/etc/vault-tls/tls.crt",
        "VAULT_CLIENT_KEY": "/etc/vault-tls/tls.key",
    }
    world = run(vault_access(sidecar_env=settings, sidecar_files={"/etc/vault-tls": csi}))
    assert settings.items() <= environment(world).items()
    assert {"name": "secret-access-files-0", **csi} in world.outputs["test"]["volumes"]
