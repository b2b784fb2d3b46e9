"""What ExternalSecretAccess asks of Kubernetes, and what it refuses."""

from typing import Any, cast

import pulumi
import pulumi_kubernetes as k8s
import pytest

from secret_access import ExternalSecretAccess, ExternalSecretAccessArgs, InvalidArgument, SecretAccess
from tests.infra.components import GKE_PROVIDER, aws_access, gcp_access
from tests.infra.engine import Later, World, outputs_in, run
from tests.infra.messages import assert_all_in
from tests.infra.vault.component import ADDRESS, vault_access

STORE = "kubernetes:external-secrets.io/v1:SecretStore"
SECRET = "kubernetes:external-secrets.io/v1:ExternalSecret"
OWN = {"name": "secret-access"}
TOKEN = {"serviceAccountRef": OWN, "audiences": ["vault"], "expirationSeconds": 600}
JWT = {"path": "jwt", "role": "secret-access-test", "kubernetesServiceAccountToken": TOKEN}
VAULT = {"server": ADDRESS, "path": "secret", "version": "v2", "auth": {"jwt": JWT}}
GIVEN: dict[str, Any] = {
    "namespace": "test",
    "service_account_name": "secret-access",
    "secret_prefix": "test/",
    "backend": "vault",
    "provider": {"vault": VAULT},
}
SECRETS = {"database": {"keys": {"password": {"name": "database-password"}}}}
RUNTIME_ONLY = {"metadata": {"name": "test", "labels": {"secret-access/runtime-only": "true"}}}
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMII=\n-----END CERTIFICATE-----\n"


def external(world: World | None = None, **changed: Any) -> World:
    """Run a program with an ExternalSecretAccess; None leaves an argument out."""
    args = {"store": GIVEN, "secrets": SECRETS, **changed}
    given = {name: value for name, value in args.items() if value is not None}
    return run(lambda: ExternalSecretAccess("eso", cast("ExternalSecretAccessArgs", outputs_in(given))), world)


def of_a_cloud(access: Any, secrets: Any) -> World:
    """Run a program with the component beside an access component."""

    def program() -> None:
        own = cast("SecretAccess", access())
        ExternalSecretAccess("eso", cast("ExternalSecretAccessArgs", {"store": own.external_store, "secrets": secrets}))

    return run(program)


def test_it_makes_a_store_and_an_external_secret_for_each_secret() -> None:
    """The store is the namespace's own, reads with its ServiceAccount, and is there first."""
    world = external()
    made = [(asked.type, asked.name, asked.parent) for asked in world.asked if asked.custom and not asked.read]
    assert made == [(STORE, "eso-store", "eso"), (SECRET, "eso-secret/database", "eso")]
    store, secret = world.one(STORE), world.one(SECRET)
    assert store.inputs["spec"] == {"provider": {"vault": VAULT}}
    assert store.inputs["metadata"]["namespace"] == secret.inputs["metadata"]["namespace"] == "test"
    assert "eso-store" in secret.waits_for
    assert secret.inputs["spec"] == {
        "refreshInterval": "300s",
        "secretStoreRef": {"kind": "SecretStore", "name": "eso"},
        "target": {"name": "database", "creationPolicy": "Owner", "deletionPolicy": "Delete"},
        "data": [{"secretKey": "password", "remoteRef": {"key": "test/database-password", "property": "value"}}],
    }
    assert world.outputs["eso"] == {"namespace": "test", "storeName": "eso", "secretNames": ["database"]}


def test_up_waits_for_the_vaults_answer() -> None:
    """A Secret that the vault refuses to give fails the deployment, not the pods after it."""
    for asked in (external().one(STORE), external().one(SECRET)):
        assert asked.inputs["metadata"]["annotations"] == {"pulumi.com/waitFor": "condition=Ready"}


def test_how_often_and_how_long_copies_are_kept_can_be_said() -> None:
    """Refresh, deletion policy, type, fields, names."""
    keys = {"tls.crt": {"name": "web", "field": "certificate"}, "tls.key": {"name": "test/web", "field": "key"}}
    world = external(
        secrets={"web": {"type": "kubernetes.io/tls", "keys": keys}},
        store_name="vault",
        refresh_seconds=60.0,
        deletion_policy="Retain",
        ca_bundle=CERTIFICATE,
    )
    assert world.one(STORE).inputs["metadata"]["name"] == "vault"
    assert world.one(STORE).inputs["spec"]["provider"]["vault"]["caBundle"].startswith("LS0tLS1CRUdJTi")
    spec = world.one(SECRET).inputs["spec"]
    assert spec["refreshInterval"] == "60s"
    assert spec["secretStoreRef"]["name"] == "vault"
    assert spec["target"]["deletionPolicy"] == "Retain"
    assert spec["target"]["template"] == {"type": "kubernetes.io/tls"}
    assert [item["remoteRef"] for item in spec["data"]] == [
        {"key": "test/web", "property": "certificate"},
        {"key": "test/web", "property": "key"},
    ]


def test_names_are_spelled_as_each_vault_has_them() -> None:
    """And a secret is taken whole where the vault has no maps."""
    aws = of_a_cloud(aws_access(external_secrets=True), SECRETS).one(SECRET).inputs["spec"]
    assert [item["remoteRef"] for item in aws["data"]] == [{"key": "test/database-password"}]
    google = gcp_access(external_secrets=True, workload_identity_provider=GKE_PROVIDER)
    spec = of_a_cloud(google, SECRETS).one(SECRET).inputs["spec"]
    assert [item["remoteRef"] for item in spec["data"]] == [{"key": "test--database-password"}]


def test_the_store_waits_for_the_identity() -> None:
    """The operator would log in with a role that is not there yet."""
    world = of_a_cloud(vault_access(external_secrets=True), SECRETS)
    assert "test-service-account" in world.one(STORE).waits_for


def test_outputs_as_arguments_ask_for_the_same() -> None:
    """Every argument may be known later; of `secrets`, the values."""
    args: dict[str, Any] = {
        "store": GIVEN,
        "store_name": "vault",
        "refresh_seconds": 60,
        "deletion_policy": "Retain",
        "ca_bundle": CERTIFICATE,
    }
    assert {*args, "secrets"} == set(ExternalSecretAccessArgs.__annotations__)
    known = external(**args)
    later = external(
        None, **{key: Later(value) for key, value in args.items()}, secrets={"database": Later(SECRETS["database"])}
    )
    for kind in (STORE, SECRET):
        assert later.one(kind).inputs == known.one(kind).inputs


def provider(**changed: Any) -> dict[str, Any]:
    return {**GIVEN, "provider": {"vault": {**VAULT, **changed}}}


REFUSED: dict[str, tuple[dict[str, Any], list[str]]] = {
    "a ClusterSecretStore": (
        {"store": {"kind": "ClusterSecretStore", "name": "all"}},
        ["store that exists", "ClusterSecretStore", "one identity for all namespaces", "external_secrets"],
    ),
    "a store by its kind": ({"store": {"kind": "SecretStore"}}, ["store that exists", "SecretStore"]),
    "a store by its name": ({"store": {"name": "all"}}, ["store that exists", "'all'"]),
    "a store by text": ({"store": "all"}, ["store: given 'all'", "the identity by which it is read"]),
    "a provider as a list": ({"store": {**GIVEN, "provider": ["vault"]}}, ["provider of store: given ['vault']"]),
    "two providers": (
        {"store": {**GIVEN, "provider": {**GIVEN["provider"], "aws": {}}}},
        ["provider of store", "['aws', 'vault']"],
    ),
    "no store": ({"store": None}, ["store", "external_secrets: True"]),
    "a store without a part": ({"store": {**GIVEN, "provider": None}}, ["store has no provider"]),
    "an unknown part": ({"store": {**GIVEN, "backnd": "aws"}}, ["backnd", "did you mean backend?"]),
    "an unknown vault": ({"store": {**GIVEN, "backend": "pass"}}, ["backend of store", "'pass'", "aws, gcp"]),
    "another vault's provider": ({"store": {**GIVEN, "backend": "aws"}}, ["provider of store", "['vault']", "aws"]),
    "no identity": ({"store": provider(auth={})}, ["names no ServiceAccount", "its own identity"]),
    "a token in etcd": (
        {"store": provider(auth={"tokenSecretRef": {"name": "token", "key": "token"}})},
        ["a tokenSecretRef that is not the namespace's identity"],
    ),
    "a token in a Secret that is called as the ServiceAccount is": (
        {"store": provider(auth={"jwt": JWT, "tokenSecretRef": OWN})},
        ["a tokenSecretRef that is not the namespace's identity"],
    ),
    "another ServiceAccount": (
        {"store": provider(auth={"kubernetes": {"serviceAccountRef": {"name": "other"}}})},
        ["serviceAccountRef that is not the namespace's", "'other'", "'secret-access'"],
    ),
    "another namespace's ServiceAccount": (
        {"store": provider(auth={"kubernetes": {"serviceAccountRef": {**OWN, "namespace": "prod"}}})},
        ["serviceAccountRef that is not the namespace's", "'prod'"],
    ),
    "another identity beside the own": (
        {"store": provider(auth={"jwt": JWT, "tokenSecretRef": {"name": "token"}})},
        ["a tokenSecretRef that is not the namespace's identity"],
    ),
    "no secrets": ({"secrets": {}}, ["secrets", "name one at least"]),
    "a secret by text": ({"secrets": {"database": "database-password"}}, ["secrets of 'database'", "add keys"]),
    "a key by text": (
        {"secrets": {"database": {"keys": {"password": "database-password"}}}},
        ["keys", "'database-password'", '{"name": "database-password"}'],
    ),
    "another namespace's secret": (
        {"secrets": {"database": {"keys": {"password": {"name": "prod/database-password"}}}}},
        ["name outside the namespace's prefix", "prod/database-password", "a name under test/"],
    ),
    "another namespace's secret, as the vault spells it": (
        {"secrets": {"database": {"keys": {"password": {"name": "exact:prod/database-password"}}}}},
        ["name outside the namespace's prefix", "a name under test/"],
    ),
    "a neighbour of the prefix": (
        {"secrets": {"database": {"keys": {"password": {"name": "test-eu/database-password"}}}}},
        ["name outside the namespace's prefix"],
    ),
    "a key with an unknown part": (
        {"secrets": {"database": {"keys": {"password": {"name": "database-password", "version": 1}}}}},
        ["keys", "'version'", "perhaps a field"],
    ),
    "a key without a name": ({"secrets": {"database": {"keys": {"password": {"field": "a"}}}}}, ["name: given None"]),
    "a field that is a number": (
        {"secrets": {"database": {"keys": {"password": {"name": "database-password", "field": 1}}}}},
        ["field: given 1", "such as password"],
    ),
    "a Secret without keys": ({"secrets": {"database": {"keys": {}}}}, ["keys: given []", "one key at least"]),
    "an empty field": (
        {"secrets": {"database": {"keys": {"password": {"name": "database-password", "field": ""}}}}},
        ["field", "such as password"],
    ),
    "a type without its keys": (
        {"secrets": {"web": {"type": "kubernetes.io/tls", "keys": {"crt": {"name": "web"}}}}},
        ["keys of a Secret of type kubernetes.io/tls", "tls.crt and tls.key"],
    ),
    "a capital in a name": ({"secrets": {"Database": SECRETS["database"]}}, ["secrets", "'Database'"]),
    "no refresh": ({"refresh_seconds": 0}, ["refresh_seconds", "from 10 to 86400", "never bring a rotation"]),
    "an unknown policy": ({"deletion_policy": "Merge"}, ["deletion_policy", "'Merge'", "Delete or Retain"]),
    "a private key": (
        {"ca_bundle": "-----BEGIN PRIVATE KEY-----hunter2"},
        ["ca_bundle", "not shown", "no private key"],
    ),
    "a certificate with its key": (
        {"ca_bundle": f"{CERTIFICATE}-----BEGIN PRIVATE KEY-----hunter2"},
        ["ca_bundle", "not shown", "no private key"],
    ),
    "certificates as bytes": ({"ca_bundle": b"hunter2"}, ["ca_bundle", "not shown"]),
    "a store's name with a capital": ({"store_name": "Eso"}, ["store_name", "'Eso'"]),
    "an unknown argument": ({"store_kind": "ClusterSecretStore"}, ["store_kind is unknown"]),
}


KNOWN_AT_ONCE = ("no store", "no secrets", "a capital in a name", "an unknown argument")
"""What cannot be late."""


def late(name: str, value: Any) -> Any:
    """The argument as an Output; of `secrets`, the values."""
    return {key: Later(asked) for key, asked in value.items()} if name == "secrets" else Later(value)


@pytest.mark.parametrize("case", [*REFUSED, *(f"{case}, later" for case in REFUSED if case not in KNOWN_AT_ONCE)])
def test_what_is_not_the_namespaces_own_is_refused(case: str) -> None:
    """With a message that says what to do; no store and no secret is made, now or later."""
    changed, said = REFUSED[case.removesuffix(", later")]
    world = World()
    with pytest.raises(InvalidArgument) as error:
        external(
            world, **{key: late(key, value) if case.endswith("later") else value for key, value in changed.items()}
        )
    assert_all_in(["ExternalSecretAccess 'eso': ", *said], error)
    assert "hunter2" not in str(error.value)
    assert not world.of(STORE)
    assert not world.of(SECRET)


def test_a_bundle_beside_a_cloud_is_refused() -> None:
    """It would be ignored."""

    def program() -> None:
        own = cast("SecretAccess", aws_access(external_secrets=True)())
        args = {"store": own.external_store, "secrets": SECRETS, "ca_bundle": CERTIFICATE}
        ExternalSecretAccess("eso", cast("ExternalSecretAccessArgs", args))

    with pytest.raises(InvalidArgument, match="ca_bundle beside Vault alone"):
        run(program)


def test_a_namespace_that_wants_no_secrets_in_etcd_gets_none() -> None:
    """Whoever labelled it decides, in whichever program the component is."""
    world = World(found={"test": RUNTIME_ONLY})
    with pytest.raises(InvalidArgument) as error:
        external(world)
    assert_all_in(["the namespace test wants no secrets in etcd", "secret-access/runtime-only=true", "sidecar"], error)
    assert not world.of(STORE)
    assert not world.of(SECRET)
    labels = {"secret-access/runtime-only": "false"}
    assert external(World(found={"test": {"metadata": {"name": "test", "labels": labels}}})).of(SECRET)


def test_children_have_the_components_providers_and_dependencies() -> None:
    """As those of every component."""

    def program() -> None:
        first = k8s.core.v1.ConfigMap("first")
        args = cast("ExternalSecretAccessArgs", {"store": GIVEN, "secrets": SECRETS})
        ExternalSecretAccess("eso", args, pulumi.ResourceOptions(depends_on=[first]))

    world = run(program)
    assert "first" in world.one(STORE).waits_for
