"""What holds of a stack whichever cloud it is for: one program, one workload, one form of refusal."""

import json
from typing import Any

import pytest

import clouds
import namespace_settings
import secret_access
from clouds import ClusterOutputs
from secret_access import ExternalSecretAccess, InvalidArgument, InvalidSetting, NotReached, SecretAccess, WrongAccount
from section import Section
from tests.infra.engine import World
from tests.infra.program import on_its_cluster, outputs_of, up
from tests.infra.stack_files import GONE, STACKS, changed, config_of, load, names

ENVIRONMENTS = {"aws": "aws-test", "azure": "azure-prod", "gcp": "gcp-staging", "vault": "vault-prod"}
"""An example environment of each cloud."""
EXAMPLES = [name for name in names() if not name.startswith("local-")]
PROVIDERS = {"aws": "aws", "azure": "azure-native", "gcp": "gcp", "vault": "vault"}
VALUES = ("aws:secretsmanager/", "azure-native:keyvault:Secret", "gcp:secretmanager/secretVersion", "vault:kv/")
"""How the types of resources begin that hold a secret's value."""
WORKLOAD = {
    "shop": {
        "secrets": ["database-password"],
        "workloads": {"app": {"image": "registry.example/shop:1", "env": {"LEVEL": "info"}, "ports": [3000]}},
    }
}


def made(stack: str) -> World:
    """What a stack of the repository makes."""
    config = config_of(stack)
    return up(config) if stack.endswith("-cluster") else on_its_cluster(config)


def test_every_cloud_has_an_environment_among_the_stacks() -> None:
    """Each is shown by a file to copy, and by that of a cluster."""
    assert set(ENVIRONMENTS) == set(clouds.NAMES)
    assert {config_of(stack)["secret-access:cloud"] for stack in EXAMPLES} == set(clouds.NAMES)
    for cloud, stack in ENVIRONMENTS.items():
        assert config_of(stack)["secret-access:cluster"] == f"{cloud}-cluster"


@pytest.mark.parametrize("stack", names())
def test_no_stack_of_the_repository_makes_a_secret(stack: str) -> None:
    """Access is granted, values never pass through: no resource holds one, and every child has its provider."""
    world, config = made(stack), config_of(stack)
    assert [asked.type for asked in world.asked if asked.type.startswith((*VALUES, "kubernetes:core/v1:Secret"))] == []
    own = [asked for asked in world.asked if asked.custom and not asked.type.startswith("pulumi:")]
    # Azure has no resource for a cluster, and GKE's pool is there already
    assert own or stack.endswith("azure-cluster") or "secret-access:gke_cluster" in config
    packages = {PROVIDERS[config["secret-access:cloud"]], "kubernetes"}
    assert {asked.type.partition(":")[0] for asked in own} <= packages
    assert [asked.name for asked in own if not asked.provider] == []


def deployment(cloud: str) -> dict[str, Any]:
    """The pod of one and the same workload on a cloud."""
    config = changed(config_of(ENVIRONMENTS[cloud]), "secret-access:namespaces", WORKLOAD)
    spec = on_its_cluster(config).one("kubernetes:apps/v1:Deployment").inputs["spec"]
    template: dict[str, Any] = spec["template"]["spec"]
    return template


@pytest.mark.parametrize("cloud", ENVIRONMENTS)
def test_the_application_is_the_same_on_every_cloud(cloud: str) -> None:
    """Another cloud changes the sidecar and its token, and not one byte of the application's container."""
    pod, on_aws = deployment(cloud), deployment("aws")
    assert json.dumps(pod["containers"]) == json.dumps(on_aws["containers"])
    assert {"name": "SECRETS_URL", "value": "http://localhost:8080"} in pod["containers"][0]["env"]
    rest = [{key: pod[key] for key in pod.keys() - {"initContainers", "volumes"}} for pod in (pod, on_aws)]
    assert rest[0] == rest[1]
    (sidecar,) = pod["initContainers"]
    assert {"name": "SECRETS_BACKEND", "value": cloud} in sidecar["env"]


@pytest.mark.parametrize("stack", EXAMPLES)
def test_an_example_stack_shows_every_key(stack: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What can be written is seen where it is written, if only in a comment: all keys that the program reads."""
    read: set[str] = set()
    close = Section.close

    def remember(self: Section) -> None:
        read.update(self._known)
        close(self)

    monkeypatch.setattr(Section, "close", remember)
    load(config_of(stack))
    text = (STACKS / f"Pulumi.{stack}.yaml").read_text()
    left_out = {"kind"} if "cluster" in read else set()
    assert {key for key in read if f"{key}:" not in text} - left_out == set()


OF_THE_STACK = {
    "aws": {"oidc_provider_arn", "region", "permissions_boundary", "endpoint_url", "tags"}
    | {"pod_identity", "eks_cluster_arn", "pod_identity_agent_url", "replica_regions"}
    | {"role_path", "trust_conditions", "trust_policy_quota"},
    "azure": {"tenant_id", "resource_group", "location", "authority_host", "tags"}
    | {"identity_binding_cluster_id", "token_proxy_url", "token_proxy_sni_name"},
    "gcp": {"project", "project_number", "pool_project_number", "workload_identity_provider", "token_audience"}
    | {"endpoint_url"},
    "vault": {"address", "vault_namespace", "auth_path", "audience"},
}
"""Arguments of an access component that are no key of a namespace: the stack decides them, or its cluster."""
BESIDE_ARGUMENTS = {"exists", "pod_security", "workloads", "identity_binding"}


@pytest.mark.parametrize("cloud", ENVIRONMENTS)
def test_every_argument_of_an_access_component_can_be_given(cloud: str) -> None:
    """A key of a namespace for each, but for those that the stack or its cluster decides.

    The program makes no ExternalSecretAccess, so nothing there could use `external_secrets`.
    """
    section = Section("", {"grant": "prefix"} if cloud == "gcp" else {})
    namespace_settings.namespace("test", section, load(config_of(ENVIRONMENTS[cloud])).cloud, {})
    component = getattr(secret_access, f"{cloud.capitalize()}SecretAccessArgs")
    decided = OF_THE_STACK[cloud] | {"namespace", "sidecar_image", "external_secrets"}
    assert set(component.__annotations__) - decided == set(section._known) - BESIDE_ARGUMENTS


@pytest.mark.parametrize("cloud", ENVIRONMENTS)
@pytest.mark.parametrize("kind", ["environment", "cluster"])
def test_credentials_that_are_refused_stop_everything(cloud: str, kind: str) -> None:
    """Only the provider that was asked is there, and the message says what the stack expects and what to do."""
    config = config_of(ENVIRONMENTS[cloud] if kind == "environment" else f"{cloud}-cluster")
    world = World(refusal="403 permission denied")
    with pytest.raises(WrongAccount) as error:
        up(config, world)
    assert {asked.type for asked in world.asked} == {f"pulumi:providers:{PROVIDERS[cloud]}"}
    for part in (
        "for this stack: given '403 permission denied', expected",
        "or choose another stack; nothing was created",
    ):
        assert part in str(error.value)


@pytest.mark.parametrize("cloud", ENVIRONMENTS)
def test_a_cloud_that_does_not_answer_is_told_apart(cloud: str) -> None:
    """Where the network does not lead there, the network is what is to be looked at."""
    world = World(refusal='Get "https://x": dial tcp: lookup x: no such host')
    with pytest.raises(NotReached) as error:
        up(config_of(ENVIRONMENTS[cloud]), world)
    assert {asked.type for asked in world.asked} == {f"pulumi:providers:{PROVIDERS[cloud]}"}
    assert "was not reached, so whose credentials these are is not known" in str(error.value)


@pytest.mark.parametrize("cloud", ENVIRONMENTS)
def test_a_cluster_of_another_cloud_stops_everything(cloud: str) -> None:
    """An environment needs its own cloud's trust in the cluster."""
    config = config_of(ENVIRONMENTS[cloud])
    other = next(name for name in ENVIRONMENTS if name != cloud)
    references = {f"organization/secret-access/{config['secret-access:cluster']}": outputs_of(f"{other}-cluster")}
    world = World(stacks=references)
    with pytest.raises(InvalidSetting, match=f"is of another cloud: given '{other}', expected '{cloud}'"):
        up(config, world)
    assert {asked.type for asked in world.asked if not asked.type.startswith(("pulumi:", "secret-access:"))} == set()


DIFFERENT = [
    ("aws", "account_id", "999999999999"),
    ("aws", "region", "eu-west-1"),
    ("azure", "tenant_id", "99999999-9999-9999-9999-999999999999"),
    ("gcp", "project", "other-project"),
    ("gcp", "project_number", "999999999999"),
    ("vault", "address", "https://other.example:8200"),
    ("vault", "namespace", "admin"),
]


@pytest.mark.parametrize(("cloud", "setting", "value"), DIFFERENT)
def test_a_cluster_of_another_account_stops_everything(cloud: str, setting: str, value: str) -> None:
    """The message names the key, both values and the cluster's stack."""
    config = changed(config_of(ENVIRONMENTS[cloud]), f"secret-access:{cloud}.{setting}", value)
    theirs = {"account_id": "caller", "project_number": "project_number"}
    caller = {theirs[setting]: value} if setting in theirs else {}
    message = rf"secret-access:{cloud}.{setting}: given '{value}', expected '.*', as in the cluster's stack"
    with pytest.raises(InvalidSetting, match=message):
        on_its_cluster(config, **caller)


def test_what_is_compared_with_the_cluster_is_compared_by_a_test() -> None:
    """A setting that a cloud adds to them is in the table above."""
    compared = {cloud: set(load(config_of(stack)).cloud.same) for cloud, stack in ENVIRONMENTS.items()}
    assert compared == {cloud: {setting for own, setting, _ in DIFFERENT if own == cloud} for cloud in ENVIRONMENTS}


def test_a_stack_names_one_cloud() -> None:
    """AWS if it names none, unless its settings are another's; settings of two clouds are refused."""
    for cloud, stack in ENVIRONMENTS.items():
        config = changed(config_of(stack), "secret-access:cloud", GONE)
        if cloud == "aws":
            assert load(config).cloud.name == "aws"
            continue
        with pytest.raises(
            InvalidSetting, match=f"secret-access:cloud: given None, expected one of .*; set it to {cloud}"
        ):
            load(config)
        both = changed(config_of(stack), "secret-access:aws", {"account_id": "111122223333", "region": "us-east-1"})
        with pytest.raises(InvalidSetting, match=f"secret-access:aws: .* none beside secret-access:cloud: {cloud}"):
            load(both)


def test_a_project_whose_number_is_another_stops_everything() -> None:
    """Conditions and principals would be of a project that the stack does not mean."""
    world = World(project_number="999999999999")
    with pytest.raises(WrongAccount) as error:
        up(config_of("gcp-staging"), world)
    assert {asked.type for asked in world.asked} == {"pulumi:providers:gcp"}
    for part in ("the project 'my-project' has another number", "given '123456789012'", "expected '999999999999'"):
        assert part in str(error.value)


def test_a_role_on_aws_may_trust_further_clusters() -> None:
    """The stack's own cluster, and those whose OIDC providers the namespace names; all of the role's account."""
    key, host = "secret-access:namespaces.prod.oidc_provider_arns", "oidc.eks.us-east-1.amazonaws.com/id/EXAMPLE2"
    green = f"arn:aws:iam::111122223333:oidc-provider/{host}"
    world = on_its_cluster(changed(config_of("aws-prod"), key, [green]))
    trust = json.loads(world.one("aws:iam/role:Role").inputs["assumeRolePolicy"])
    own = config_of("aws-cluster")["secret-access:issuer"].removeprefix("https://")
    trusted = {each["Principal"]["Federated"].partition("/")[2] for each in trust["Statement"]}
    assert trusted == {own, host}
    with pytest.raises(InvalidSetting, match=r"prod\.oidc_provider_arns: .*names none"):
        on_its_cluster(changed(config_of("aws-prod"), key, []))
    with pytest.raises(InvalidArgument, match="oidc_provider_arns is of another account"):
        on_its_cluster(changed(config_of("aws-prod"), key, [green.replace("111122223333", "444455556666")]))


def test_each_providers_servers_are_those_of_the_stack() -> None:
    """An endpoint in the file holds for every service of the provider, and for the sidecar; so does Vault's address."""
    local = "http://10.78.0.1:4570"
    world = on_its_cluster(changed(config_of("gcp-staging"), "secret-access:gcp.endpoint", local))
    servers = {
        key: value for key, value in world.one("pulumi:providers:gcp").inputs.items() if key.endswith("CustomEndpoint")
    }
    assert len(servers) > 4
    assert set(servers.values()) == {f"{local}/v1/"}
    (workload,) = world.of("kubernetes:apps/v1:Deployment")
    told = workload.inputs["spec"]["template"]["spec"]["initContainers"][0]["env"]
    assert local in {item.get("value") for item in told}
    azure = changed(config_of("azure-prod"), "secret-access:azure.metadata_host", "10.78.0.1:4571")
    assert on_its_cluster(azure).one("pulumi:providers:azure-native").inputs["metadataHost"] == "10.78.0.1:4571"
    vault = on_its_cluster(config_of("vault-prod")).one("pulumi:providers:vault")
    assert vault.inputs["address"] == "https://vault.example:8200"


def test_prefixes_that_cover_one_another_in_a_vaults_own_spelling_are_refused() -> None:
    """A prefix is compared as the vault spells it, and a namespace `a--b` has none by default."""
    secrets = {"secrets": ["key"]}
    for stack in ENVIRONMENTS.values():
        place = "secret-access:namespaces"
        with pytest.raises(InvalidSetting, match=f"{place}.a--b: .*no default prefix"):
            load(changed(config_of(stack), place, {"a": secrets, "a--b": secrets}))
        with pytest.raises(InvalidSetting, match=f"{place}.b.secret_prefix: given 'a/b/', .* a reads the secrets of b"):
            load(changed(config_of(stack), place, {"a": secrets, "b": {"secret_prefix": "a/b/", **secrets}}))


def test_an_exact_name_under_another_namespaces_prefix_is_refused() -> None:
    """Vault's policies would grant it, though it is the other namespace's: `exact:` is for names that are nobody's."""
    place = "secret-access:namespaces"
    config = config_of("vault-prod")
    namespaces = {"a": {"secrets": ["key", "exact:b/My_Key"]}, "b": {"secrets": ["exact:Legacy/DB"]}}
    expected = r"namespaces\.a\.secrets: given 'exact:b/My_Key', .*b/ of the namespace b"
    with pytest.raises(InvalidSetting, match=expected):
        load(changed(config, place, namespaces))
    load(changed(config, place, {**namespaces, "a": {"secrets": ["exact:a/My_Key", "exact:Legacy/DB"]}}))


def test_an_access_component_exists_for_each_cloud() -> None:
    """A component that secret_access has is one that the program can make."""
    components = {name for name in secret_access.__all__ if name.endswith("SecretAccess")} - {
        SecretAccess.__name__,
        ExternalSecretAccess.__name__,
    }
    assert components == {f"{cloud.capitalize()}SecretAccess" for cloud in clouds.NAMES}


def test_cluster_outputs_hold_no_credentials() -> None:
    """What a cluster's stack exports is read by every environment on it: names, and nothing that opens anything."""
    for cloud in ENVIRONMENTS:
        assert set(outputs_of(f"{cloud}-cluster")) <= {"cloud", "name", "issuer", "kubernetes"} | set(
            load(config_of(f"{cloud}-cluster")).cloud.same
        ) | set(load(config_of(f"{cloud}-cluster")).cloud.needed)
    assert set(ClusterOutputs.__annotations__) == {"name", "kubernetes", "own"}
