"""The vault of a shared service: each cloud's own arguments, what the pods are told, and what is refused."""

from typing import Any

import pytest

from secret_access import InvalidArgument
from secret_access.shared_service.backends import CHOICES
from secret_sidecar.settings import Settings
from secret_sidecar.vaults.open import open_token_exchange
from tests.infra.components import GKE_PROVIDER, POOL_PROVIDER, PROJECT, ROLES, shared_service
from tests.infra.engine import Later, World, run

CLIENT, TENANT = "11111111-2222-3333-4444-555555555555", "99999999-2222-3333-4444-555555555555"
CLIENTS = {"test": CLIENT, "prod": CLIENT}
AWS = {"role_arn": ROLES, "region": "us-east-1"}
GCP = {"project": PROJECT, "workload_identity_provider": POOL_PROVIDER}
AZURE = {"tenant_id": TENANT, "client_ids": CLIENTS, "vault_url": "https://secrets.vault.azure.net"}
VAULT = {"address": "https://vault.example:8200", "role_name": "blue-{namespace}"}
MINIMAL: dict[str, dict[str, Any]] = {"aws": AWS, "gcp": GCP, "azure": AZURE, "vault": VAULT}
COMPLETE: dict[str, dict[str, Any]] = {
    "aws": {**AWS, "endpoint_url": "http://10.78.0.1:4566"},
    "gcp": {
        **GCP,
        "google_service_account": "blue-{namespace}@my-project.iam.gserviceaccount.com",
        "location": "europe-west3",
        "token_audience": "secrets.example",
        "endpoint_url": "http://10.78.0.1:4570",
    },
    "azure": {
        **AZURE,
        "client_ids": {**CLIENTS, "test/shop": TENANT},
        "vault_url": "https://blue-{namespace}.vault.azure.net",
        "authority_host": "https://login.microsoftonline.us",
    },
    "vault": {
        **VAULT,
        "audience": "https://vault.example:8200",
        "auth_path": "clusters/blue",
        "mount": "team/kv",
        "vault_namespace": "admin/team",
    },
}


def told(world: World) -> dict[str, str]:
    """The variables of the service's pods."""
    pod = world.one("kubernetes:apps/v1:Deployment").inputs["spec"]["template"]["spec"]
    return {variable["name"]: variable["value"] for variable in pod["containers"][0]["env"]}


def of_the_vault(cloud: str, arguments: dict[str, Any]) -> dict[str, str]:
    """Those that no other vault has, or has otherwise."""
    common = {"SECRETS_MODE", "SECRETS_BACKEND", "SECRETS_PORT", "SECRETS_HEALTH_PORT", "SECRETS_SHARED_HOSTS"}
    env = told(run(shared_service(backend={cloud: arguments})))
    assert env["SECRETS_BACKEND"] == cloud
    return {name: value for name, value in env.items() if name not in common and not name.startswith("SECRETS_TLS_")}


def audience(cloud: str, arguments: dict[str, Any]) -> Any:
    return run(shared_service(backend={cloud: arguments})).outputs["secrets"]["audience"]


def refusal(cloud: str, **changed: Any) -> str:
    """The message for a backend with other arguments, of which nothing was made."""
    world = World()
    with pytest.raises(InvalidArgument) as refused:
        run(shared_service(backend={cloud: {**MINIMAL[cloud], **changed}}), world)
    assert world.asked == []
    return str(refused.value)


def test_each_vault_is_told_in_its_own_words() -> None:
    assert of_the_vault("aws", AWS) == {"AWS_REGION": "us-east-1", "SECRETS_SHARED_ROLE_ARN": ROLES}
    assert of_the_vault("aws", COMPLETE["aws"])["AWS_ENDPOINT_URL"] == "http://10.78.0.1:4566"
    assert of_the_vault("gcp", GCP) == {
        "GOOGLE_CLOUD_PROJECT": PROJECT,
        "GCP_WORKLOAD_IDENTITY_PROVIDER": POOL_PROVIDER,
    }
    override = "CLOUDSDK_API_ENDPOINT_OVERRIDES_"
    assert of_the_vault("gcp", COMPLETE["gcp"]) == {
        "GOOGLE_CLOUD_PROJECT": PROJECT,
        "GCP_WORKLOAD_IDENTITY_PROVIDER": POOL_PROVIDER,
        "SECRETS_SHARED_SERVICE_ACCOUNT": "blue-{namespace}@my-project.iam.gserviceaccount.com",
        "SECRETS_GCP_LOCATION": "europe-west3",
        **dict.fromkeys(
            (f"{override}IAMCREDENTIALS", f"{override}SECRETMANAGER", f"{override}STS"), "http://10.78.0.1:4570"
        ),
    }
    assert of_the_vault("azure", AZURE) == {
        "AZURE_KEYVAULT_URL": "https://secrets.vault.azure.net",
        "AZURE_TENANT_ID": TENANT,
        "SECRETS_SHARED_CLIENT_IDS": f"prod={CLIENT},test={CLIENT}",
    }
    assert of_the_vault("azure", COMPLETE["azure"]) == {
        "AZURE_KEYVAULT_URL": "https://blue-{namespace}.vault.azure.net",
        "AZURE_TENANT_ID": TENANT,
        "AZURE_AUTHORITY_HOST": "https://login.microsoftonline.us",
        "SECRETS_SHARED_CLIENT_IDS": f"prod={CLIENT},test={CLIENT},test/shop={TENANT}",
    }
    assert of_the_vault("vault", VAULT) == {
        "VAULT_ADDR": "https://vault.example:8200",
        "SECRETS_SHARED_VAULT_ROLE": "blue-{namespace}",
        "SECRETS_VAULT_AUTH_PATH": "jwt",
        "SECRETS_VAULT_MOUNT": "secret",
    }
    assert of_the_vault("vault", COMPLETE["vault"]) == {
        "VAULT_ADDR": "https://vault.example:8200",
        "VAULT_NAMESPACE": "admin/team",
        "SECRETS_SHARED_VAULT_ROLE": "blue-{namespace}",
        "SECRETS_VAULT_AUTH_PATH": "clusters/blue",
        "SECRETS_VAULT_MOUNT": "team/kv",
    }


def test_callers_tokens_have_the_audience_that_the_vault_expects() -> None:
    """Google's pools and GKE expect different ones, and Vault's roles demand what they were made with."""
    assert audience("aws", AWS) == "sts.amazonaws.com"
    assert audience("gcp", GCP) == f"https:{POOL_PROVIDER}"
    assert audience("gcp", {**GCP, "workload_identity_provider": GKE_PROVIDER}) == "my-project.svc.id.goog"
    assert audience("gcp", COMPLETE["gcp"]) == "secrets.example"
    assert audience("azure", AZURE) == "api://AzureADTokenExchange"
    assert audience("vault", VAULT) == "vault"
    assert audience("vault", COMPLETE["vault"]) == "https://vault.example:8200"


@pytest.mark.parametrize("cloud", MINIMAL)
@pytest.mark.parametrize("arguments", [MINIMAL, COMPLETE], ids=["minimal", "complete"])
def test_the_sidecar_starts_with_what_it_is_told(cloud: str, arguments: dict[str, Any]) -> None:
    """The real settings and the real token exchange take every vault's variables, and find no identity in them."""
    assert set(COMPLETE[cloud]) == set(CHOICES[cloud].form.__annotations__)
    env = told(run(shared_service(backend={cloud: arguments[cloud]})))
    assert open_token_exchange(Settings.from_environment(env))


@pytest.mark.parametrize("cloud", MINIMAL)
def test_outputs_as_arguments_say_the_same(cloud: str) -> None:
    """One Output for the whole, for the vault's part, and for each argument, with Outputs inside of what it holds."""
    plain = COMPLETE[cloud]
    expected = told(run(shared_service(backend={cloud: plain})))
    each: dict[str, Any] = {name: Later(value) for name, value in plain.items()}
    if cloud == "azure":
        each["client_ids"] = {caller: Later(client) for caller, client in plain["client_ids"].items()}
    for backend in (Later({cloud: plain}), {cloud: Later(plain)}, {cloud: each}):
        assert told(run(shared_service(backend=backend))) == expected


@pytest.mark.parametrize("cloud", MINIMAL)
def test_what_an_output_turns_out_to_be_is_checked_too(cloud: str) -> None:
    """Before the Deployment that needs it is made."""
    template = {"aws": "role_arn", "gcp": "project", "azure": "vault_url", "vault": "role_name"}[cloud]
    wrong = {**MINIMAL[cloud], template: "*"}
    for backend in (Later({cloud: wrong}), {cloud: Later(wrong)}, {cloud: {**wrong, template: Later("*")}}):
        world = World()
        with pytest.raises(InvalidArgument, match=f"backend: {cloud}: {template}"):
            run(shared_service(backend=backend), world)
        assert [asked for asked in world.asked if "Deployment" in asked.type] == []


@pytest.mark.parametrize(
    ("backend", "said"),
    [
        ({}, "no vault is named: given [], expected one of aws, gcp, azure, vault"),
        ({"aws": AWS, "vault": VAULT}, "two vaults are named: given ['aws', 'vault']"),
    ],
)
def test_a_service_is_of_one_vault(backend: Any, said: str) -> None:
    world = World()
    with pytest.raises(InvalidArgument) as refused:
        run(shared_service(backend=backend), world)
    assert said in str(refused.value)
    assert world.asked == []


@pytest.mark.parametrize("cloud", MINIMAL)
def test_what_a_vault_requires_is_missed(cloud: str) -> None:
    """By name, with an example of the whole."""
    for name in CHOICES[cloud].form.__required_keys__:
        assert f"{cloud} has no {name}" in refusal(cloud, **{name: None})


ARN = "arn:aws:iam::111122223333:role/"


@pytest.mark.parametrize(
    ("cloud", "changed", "said"),
    [
        ("aws", {"role_arn": "blue-{namespace}"}, "role_arn is not a role's ARN"),
        ("aws", {"role_arn": f"{ARN}{{team}}-{{namespace}}"}, "role_arn is not a role's ARN"),
        ("aws", {"role_arn": f"{ARN}blue"}, "role_arn has no {namespace}, so every caller would become the same"),
        ("aws", {"role_arn": f"{ARN}{{service_account}}"}, "role_arn has no {namespace}"),
        ("aws", {"role_arn": "arn:aws:iam::*:role/{namespace}"}, "role_arn holds a *"),
        ("aws", {"role_arn": f"{ARN}{'x' * 61}{{namespace}}"}, "a role whose name has 65 characters"),
        ("aws", {"region": "*"}, "region: given '*'"),
        ("aws", {"region": "cn-north-1"}, "region is of the partition aws-cn"),
        ("aws", {"endpoint_url": "http://ann:s3cr3t@10.78.0.1"}, "no user and no password"),
        ("gcp", {"project": "123456789012"}, "project is a number"),
        ("gcp", {"workload_identity_provider": "*"}, "workload_identity_provider holds a *"),
        ("gcp", {"google_service_account": "blue@my-project.iam.gserviceaccount.com"}, "has no {namespace}"),
        ("gcp", {"google_service_account": "blue-{namespace}"}, "google_service_account: given 'blue-{namespace}'"),
        (
            "gcp",
            {"google_service_account": f"{'x' * 27}{{namespace}}@my-project.iam.gserviceaccount.com"},
            "for callers of test: google_service_account",
        ),
        ("gcp", {"location": "*"}, "location: given '*'"),
        ("gcp", {"token_audience": "https://kubernetes.default.svc"}, "token_audience is the API server's"),
        (
            "gcp",
            {"workload_identity_provider": GKE_PROVIDER, "token_audience": "secrets.example"},
            "token_audience is not GKE's pool",
        ),
        ("gcp", {"endpoint_url": "http://10.78.0.1/path"}, "endpoint_url"),
        ("azure", {"tenant_id": "my-tenant"}, "tenant_id: given 'my-tenant'"),
        ("azure", {"client_ids": {"test": CLIENT}}, "client_ids has none for prod, whose callers would all be refused"),
        ("azure", {"client_ids": {**CLIENTS, "a--b": CLIENT}}, "client_ids: "),
        ("azure", {"client_ids": {**CLIENTS, "test/Shop": CLIENT}}, "client_ids of 'test/Shop'"),
        ("azure", {"client_ids": {**CLIENTS, "test": "shop"}}, "client_ids of 'test': given 'shop'"),
        ("azure", {"client_ids": CLIENT}, "client_ids: given"),
        ("azure", {"vault_url": "http://secrets.vault.azure.net"}, "vault_url: given"),
        ("azure", {"vault_url": ["https://secrets.vault.azure.net"]}, "vault_url: given ["),
        ("azure", {"vault_url": "https://{namespace}"}, "vault_url has no domain"),
        ("azure", {"vault_url": "https://secrets.{namespace}.azure.net"}, "elsewhere than once in the vault's name"),
        ("azure", {"vault_url": "https://{namespace}-{namespace}.vault.azure.net"}, "elsewhere than once"),
        ("azure", {"vault_url": f"https://{'x' * 21}{{namespace}}.vault.azure.net"}, "whose name has 25 characters"),
        (
            "azure",
            {"vault_url": "https://-{namespace}.vault.azure.net"},
            "for callers of test: vault_url: given '-test'",
        ),
        ("azure", {"authority_host": "login.microsoftonline.us"}, "authority_host: given"),
        ("vault", {"address": "vault.example"}, "address is a host"),
        ("vault", {"role_name": "reader"}, "every caller would become the same"),
        ("vault", {"role_name": "Blue-{namespace}"}, "role_name: given 'Blue-{namespace}'"),
        ("vault", {"role_name": f"{'x' * 125}{{namespace}}"}, "role_name has 129 characters"),
        ("vault", {"audience": "*"}, "audience holds a *"),
        ("vault", {"auth_path": "auth/jwt"}, "auth_path begins with auth/"),
        ("vault", {"mount": "sys"}, "mount is a path of Vault's own"),
        ("vault", {"vault_namespace": "root"}, "vault_namespace: given 'root'"),
    ],
)
def test_a_wrong_argument_of_a_vault_stops_it(cloud: str, changed: dict[str, Any], said: str) -> None:
    """As in the vault's access component; a template also where it gives a caller a name that none can have."""
    message = refusal(cloud, **changed)
    assert said in message
    assert message.startswith(f"SharedSecretService 'secrets': backend: {cloud}: ")


@pytest.mark.parametrize("name", ["{namespace}", "secret-access-{namespace}", "team/{namespace}.{service_account}"])
def test_templates_that_serve(name: str) -> None:
    """Any partition, path and order."""
    arn = f"arn:aws-cn:iam::111122223333:role/{name}"
    env = of_the_vault("aws", {"role_arn": arn, "region": "cn-north-1"})
    assert env == {"AWS_REGION": "cn-north-1", "SECRETS_SHARED_ROLE_ARN": arn}


@pytest.mark.parametrize(
    ("cloud", "variable", "said"),
    [
        ("aws", "AWS_REGION", "use the argument region of backend.aws"),
        ("gcp", "GOOGLE_CLOUD_PROJECT", "use the argument project of backend.gcp"),
        ("gcp", "SECRETS_SHARED_SERVICE_ACCOUNT", "use the argument google_service_account of backend.gcp"),
        ("gcp", "GCP_TOKEN_FILE", "no identity"),
        ("gcp", "GOOGLE_APPLICATION_CREDENTIALS", "no identity"),
        ("azure", "AZURE_KEYVAULT_URL", "use the argument vault_url of backend.azure"),
        ("azure", "AZURE_CLIENT_ID", "no identity"),
        ("azure", "AZURE_CLIENT_SECRET", "no identity"),
        ("azure", "AZURE_KUBERNETES_TOKEN_PROXY", "no identity"),
        ("vault", "BAO_ADDR", "use the argument address of backend.vault"),
        ("vault", "SECRETS_VAULT_ROLE", "use the argument role_name of backend.vault"),
        ("vault", "VAULT_TOKEN", "no identity"),
        ("vault", "SECRETS_VAULT_JWT_FILE", "no identity"),
        ("vault", "AWS_REGION", "AWS_REGION is unknown"),
    ],
)
def test_a_vaults_variables_are_not_set_by_hand(cloud: str, variable: str, said: str) -> None:
    """What has an argument is said there, once; a key in a Deployment would be in etcd, and everybody's."""
    world = World()
    with pytest.raises(InvalidArgument, match=variable) as refused:
        run(shared_service(backend={cloud: MINIMAL[cloud]}, sidecar_env={variable: "x"}), world)
    assert said in str(refused.value)
    assert world.asked == []


def test_certificates_for_vault_are_mounted_files() -> None:
    """The sidecar would not start without the file that it is told to trust."""
    env = {"VAULT_CACERT": "/etc/vault/ca.crt"}
    with pytest.raises(InvalidArgument, match="VAULT_CACERT in sidecar_env names a file that is neither"):
        run(shared_service(backend={"vault": VAULT}, sidecar_env=env))
    files = {"/etc/vault": {"configMap": {"name": "vault-ca"}}}
    world = run(shared_service(backend={"vault": VAULT}, sidecar_env=env, sidecar_files=files))
    assert told(world)["VAULT_CACERT"] == "/etc/vault/ca.crt"
    pod = world.one("kubernetes:apps/v1:Deployment").inputs["spec"]["template"]["spec"]
    assert {"name": "secret-access-files-0", "configMap": {"name": "vault-ca"}} in pod["volumes"]
    mount = {"name": "secret-access-files-0", "mountPath": "/etc/vault", "readOnly": True}
    assert mount in pod["containers"][0]["volumeMounts"]


def test_kinds_of_awss_endpoints_beside_another_server_are_refused() -> None:
    """The sidecar would refuse to start."""
    backend = {"aws": {**AWS, "endpoint_url": "http://10.78.0.1:4566"}}
    with pytest.raises(InvalidArgument, match="AWS_USE_FIPS_ENDPOINT beside endpoint_url"):
        run(shared_service(backend=backend, sidecar_env={"AWS_USE_FIPS_ENDPOINT": "true"}))
