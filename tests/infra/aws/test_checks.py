"""What users trip over is named where it is given: what, the value, the value expected, and the fix.

Each mistake is made twice, with the value known to the program and with an Output, which is known only once the engine
has answered; then the deployment ends before the resource is made.
"""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from secret_access import InvalidArgument
from secret_access.aws import checks
from tests.infra.components import aws_access, cluster_trust
from tests.infra.engine import ACCOUNT, ISSUER_HOST, PROVIDER_ARN, Later, World, run
from tests.infra.messages import assert_all_in

ROLE = "aws:iam/role:Role"
ANNOTATION = "secret-access/role-arn"
EKS_ANNOTATION = "eks.amazonaws.com/role-arn"
CA = {"configMap": {"name": "ca"}}

MISTAKES: list[tuple[str, Any, list[str]]] = [
    ("oidc_provider_arn", f"https://{ISSUER_HOST}", ["is the issuer's URL", "arn:aws:iam::", "ClusterTrust"]),
    ("oidc_provider_arn", ISSUER_HOST, ["is a host", "arn:aws:iam::", "ClusterTrust"]),
    ("oidc_provider_arn", "", ["is missing", "arn:aws:iam::", "ClusterTrust"]),
    ("oidc_provider_arn", PROVIDER_ARN.replace(ACCOUNT, "*"), ["holds a *", "arn:aws:iam::"]),
    ("oidc_provider_arn", f"arn:aws:iam::{ACCOUNT}:oidc-provider/*", ["holds a *", "arn:aws:iam::"]),
    ("oidc_provider_arn", f"arn:aws:iam::{ACCOUNT}:role/x", ["not the ARN of an OIDC provider"]),
    ("namespace", "*", ["namespace: given '*'", "one Kubernetes namespace", "such as 'test'"]),
    ("namespace", "te*", ["namespace: given 'te*'", "one Kubernetes namespace"]),
    ("namespace", "a--b", ["no default prefix", "'a-b/'"]),
    ("service_account_name", "*", ["service_account_name", "given '*'", "a * would trust them all"]),
    ("region", "*", ["region", "given '*'", "us-east-1"]),
    ("region", "us-east", ["region", "given 'us-east'", "us-east-1"]),
    ("role_name", "r" * 65, ["has 65 characters", "at most 64", "never cut"]),
    ("role_name", "a role", ["role_name", "given 'a role'", "letters, digits"]),
    ("namespace", "n" * 51, ["role_name has 65 characters", "at most 64", "set role_name"]),
    ("secret_prefix", "test", ["secret_prefix also covers 'test-other': given 'test'", "expected 'test/'"]),
    ("secret_prefix", "*", ["secret_prefix: given '*'"]),
    ("secret_prefix", "*/", ["secret_prefix: given '*/'"]),
    ("secret_prefix", "", ["secret_prefix: given ''", "such as 'test/'"]),
    ("secrets", ["prod/database-password"], ["outside the namespace's prefix", "a name under test/"]),
    ("secrets", ["*"], ["secrets, in full 'test/*': given '*'"]),
    ("kms_key_arns", ["alias/secrets"], ["kms_key_arns", "given 'alias/secrets'", "the ARN of a key"]),
    ("kms_key_arns", [f"arn:aws:kms:us-east-1:{ACCOUNT}:key/*"], ["kms_key_arns", "the ARN of a key"]),
    (
        "kms_key_arns",
        [f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1234abcd"],
        ["kms_key_arns", "is of another region", "a key of us-east-1"],
    ),
    (
        "kms_key_arns",
        [f"arn:aws-cn:kms:us-east-1:{ACCOUNT}:key/1234abcd"],
        ["kms_key_arns", "is of another partition", "a key of aws"],
    ),
    ("region", "cn-north-1", ["region is of the partition aws-cn", "a region of aws", "oidc_provider_arn"]),
    ("region", "us-gov-west-1", ["region is of the partition aws-us-gov", "a region of aws"]),
    ("policy_arns", ["arn:aws:iam::444455556666:policy/theirs"], ["policy_arns", "another account", ACCOUNT]),
    ("policy_arns", ["arn:aws-cn:iam::aws:policy/ReadOnlyAccess"], ["policy_arns", "another partition", "aws"]),
    ("policy_arns", [f"arn:aws:iam::{ACCOUNT}:policy/b"] * 2, ["policy_arns", "twice"]),
    ("permissions_boundary", "arn:aws:iam::444455556666:policy/b", ["permissions_boundary", "another account"]),
    ("app_containers", ["web, worker"], ["app_containers", "given 'web, worker'", "the name of one container"]),
    ("app_containers", ["Web"], ["app_containers", "given 'Web'"]),
    ("sidecar_image", "", ["sidecar_image", "given ''", "registry.example/secret-sidecar:0.1.0"]),
    ("sidecar_image", "my image", ["sidecar_image", "given 'my image'"]),
    ("sidecar_image", 3, ["sidecar_image", "given 3"]),
    ("endpoint_url", "10.78.0.1:4566", ["endpoint_url", "given '10.78.0.1:4566'", "http://"]),
    ("port", 8200.5, ["port", "given 8200.5"]),
    ("port", True, ["port", "given True"]),
    ("token_expiration_seconds", float("inf"), ["token_expiration_seconds", "given inf"]),
    ("irsa_annotation", "yes", ["irsa_annotation", "given 'yes'", "true or false"]),
    ("existing_service_account", "yes", ["existing_service_account"]),
    ("sidecar_resources", {"limits": "1Gi"}, ["sidecar_resources", "requests and limits"]),
    ("sidecar_user", 0, ["sidecar_user", "given 0", "a user other than root"]),
    ("sidecar_user", "nobody", ["sidecar_user", "given 'nobody'", "platform"]),
    ("sidecar_files", {"etc/ca": {"configMap": {"name": "ca"}}}, ["sidecar_files", "'etc/ca'", "an absolute path"]),
    ("sidecar_files", {"/etc/ca": {"configMap": None}}, ["sidecar_files", "the source of a volume"]),
    ("sidecar_files", {"/etc/ca": {"secret": "ca"}}, ["sidecar_files", "the source of a volume"]),
    ("labels", {"the team": "a"}, ["labels", "given 'the team'", "the name of a label, such as team"]),
    ("labels", {"team": "Team A"}, ["labels of team", "given 'Team A'", "up to 63 letters, digits, -, _ and ."]),
    ("labels", {"team": "a" * 64}, ["labels of team", "up to 63 letters"]),
    ("sidecar_files", {"/etc/ca": "ca"}, ["sidecar_files", "the source of a volume"]),
    ("sidecar_files", {"/etc/ca": {"hostPath": {"path": "/"}}}, ["sidecar_files", "hostPath"]),
    ("sidecar_files", {"/var/run/secrets/secret-access/aws": {"secret": {"secretName": "x"}}}, ["sidecar_files"]),
    ("sidecar_files", {"/run/secrets/secret-access/aws": CA}, ["sidecar_files", "given '/run/secrets", "the token"]),
    ("sidecar_files", {"/etc/../var/run/secrets/secret-access/aws": CA}, ["sidecar_files", "given '/etc/../var"]),
    ("sidecar_files", {"/var/run/secrets/secret-access/aws/token": CA}, ["sidecar_files", "the token"]),
    ("sidecar_files", {"/var/run/./secrets/secret-access": CA}, ["sidecar_files", "given '/var/run/./secrets"]),
    ("sidecar_files", {"/var": CA}, ["sidecar_files", "given '/var'", "the token"]),
    ("sidecar_files", {"/run": CA}, ["sidecar_files", "given '/run'", "the token"]),
    ("sidecar_files", {"/var/run": CA}, ["sidecar_files", "given '/var/run'", "the token"]),
    ("metrics_namespaces", "monitoring", ["metrics_namespaces", "expected a list"]),
    ("metrics_namespaces", ["*"], ["metrics_namespaces"]),
    ("sidecar_env", {"SECRETS_CACHE_TLL": "10"}, ["SECRETS_CACHE_TLL is unknown", "did you mean SECRETS_CACHE_TTL?"]),
    ("sidecar_env", {"SECRETS_PORT": "9000"}, ["sidecar_env", "'SECRETS_PORT'", "set by the component", "port"]),
    ("sidecar_env", {"SECRETS_PREFIX": "prod/"}, ["sidecar_env", "'SECRETS_PREFIX'", "secret_prefix"]),
    ("sidecar_env", {"AWS_ROLE_ARN": "arn"}, ["sidecar_env", "'AWS_ROLE_ARN'", "set by the component"]),
    ("sidecar_env", {"AWS_ACCESS_KEY_ID": "AKIA"}, ["sidecar_env", "'AWS_ACCESS_KEY_ID'", "no credentials"]),
    ("sidecar_env", {"VAULT_ADDR": "http://x"}, ["VAULT_ADDR is unknown"]),
    ("sidecar_env", {"SECRETS_TIMEOUT": 5}, ["sidecar_env", "texts by name"]),
    ("sidecar_env", {"HTTPS_PROXY": "http://ann:s3cr3t@proxy:3128"}, ["HTTPS_PROXY", "no user and no password"]),
    ("sidecar_env", {"SECRETS_TIMEOUT": "0"}, ["SECRETS_TIMEOUT", "given '0'", "more than 0 and at most 60"]),
    ("sidecar_env", {"SECRETS_EVENTS_INTERVAL": "0.0"}, ["SECRETS_EVENTS_INTERVAL", "more than 0"]),
    ("sidecar_env", {"SECRETS_CACHE_TTL": "\u0663"}, ["SECRETS_CACHE_TTL", "seconds, at most 3600"]),
    ("sidecar_resources", {"limits": {"memory": "\u0663Mi"}}, ["sidecar_resources of memory", "a quantity"]),
    ("region", "us-east-\u0661", ["region", "one region such as us-east-1"]),
    ("sidecar_env", {"AWS_ENDPOINT_URL_STS": "sts.example"}, ["AWS_ENDPOINT_URL_STS", "a URL such as"]),
    ("sidecar_env", {"AWS_ENDPOINT_URL_STS": "https://sts.example/path"}, ["AWS_ENDPOINT_URL_STS", "a URL such as"]),
    ("sidecar_env", {"https_proxy": "https://proxy:3128"}, ["https_proxy", "http://HOST:PORT"]),
    ("sidecar_env", {"https_proxy": "proxy:3128/path"}, ["https_proxy", "http://HOST:PORT"]),
    ("endpoint_url", "https://ann:s3cr3t@aws.example", ["endpoint_url", "no user and no password"]),
    ("sidecar_env", {"HTTPS_PROXY": "HTTP://ann:s3cr3t@proxy:3128"}, ["HTTPS_PROXY", "no user and no password"]),
    ("sidecar_env", {"HTTPS_PROXY": "//ann:s3cr3t@proxy:3128"}, ["HTTPS_PROXY", "no user and no password"]),
    ("sidecar_env", {"http_proxy": "http://s3cr3t@proxy:3128"}, ["http_proxy", "no user and no password"]),
    ("sidecar_env", {"http_proxy": "http://ann:s3/cr3t@proxy:3128"}, ["http_proxy", "no user and no password"]),
    (
        "sidecar_env",
        {"AWS_ENDPOINT_URL_STS": "https://ann:s3cr3t@sts.example"},
        ["AWS_ENDPOINT_URL_STS", "no user and no password"],
    ),
    ("access", "write", ["access", "given 'write'", "read or read_write"]),
    ("policy_arns", ["ReadOnlyAccess"], ["policy_arns", "given 'ReadOnlyAccess'", "the ARN of a managed policy"]),
    ("permissions_boundary", "boundary", ["permissions_boundary", "given 'boundary'", "the ARN of a managed policy"]),
    ("token_expiration_seconds", 60, ["token_expiration_seconds", "given 60", "from 600 to 86400"]),
    ("port", 8081, ["port", "given 8081", "for health"]),
    ("port", 80, ["port", "given 80", "1024 to 65535"]),
]


@pytest.mark.parametrize(("argument", "value", "message"), MISTAKES)
def test_a_mistake_stops_the_program_before_anything_is_made(argument: str, value: Any, message: list[str]) -> None:
    """With a plain value nothing at all is registered."""
    world = World()
    with pytest.raises(InvalidArgument) as error:
        run(aws_access(**{argument: value}), world)
    assert_all_in(message, error)
    assert world.asked == []


@pytest.mark.parametrize(("argument", "value", "message"), MISTAKES)
def test_a_mistake_in_an_output_fails_before_the_role_works(argument: str, value: Any, message: list[str]) -> None:
    """With an Output the deployment fails with the same message, and no pod can have got the identity."""
    world = World()
    with pytest.raises(InvalidArgument) as error:
        run(aws_access(**{argument: Later(value)}), world)
    assert_all_in(message, error)
    if argument in ("oidc_provider_arn", "namespace", "service_account_name", "role_name", "permissions_boundary"):
        assert world.of(ROLE) == []
    if argument in ("region", "secret_prefix", "kms_key_arns"):
        assert world.of("aws:iam/rolePolicy:RolePolicy") == []


def test_an_item_of_a_list_may_be_the_output() -> None:
    """An Output inside a list is checked too."""
    with pytest.raises(InvalidArgument, match="the ARN of a key"):
        run(aws_access(kms_key_arns=[Later("alias/secrets")]))


def test_a_provider_left_out_is_missed() -> None:
    """IRSA without an OIDC provider is named, whether the argument or the other stack's output is missing."""
    with pytest.raises(InvalidArgument, match="oidc_provider_arn is missing"):
        run(aws_access(oidc_provider_arn=None))
    with pytest.raises(InvalidArgument, match="oidc_provider_arn is missing"):
        run(aws_access(oidc_provider_arn=Later(None)))


def test_unknown_access_is_refused() -> None:
    """What may be done is one of two words."""
    with pytest.raises(InvalidArgument, match="given 'write', expected read or read_write"):
        run(aws_access(access="write"))


@pytest.mark.parametrize(
    ("issuer", "message"),
    [
        (ISSUER_HOST, ["issuer is a host", f"write https://{ISSUER_HOST}"]),
        (PROVIDER_ARN, ["issuer is an ARN", "existing_provider_arn"]),
        (f"http://{ISSUER_HOST}", ["issuer is plain http"]),
        (f"https://{ISSUER_HOST}/", ["issuer ends in /, as EKS's do not", f"write https://{ISSUER_HOST}"]),
        ("https://issuer.example/?a=b", ["issuer is not a URL"]),
        ("https://10.78.0.1:6443", ["issuer has a port", "443"]),
        ("https://*", ["issuer is not a URL"]),
        ("", ["issuer is missing"]),
    ],
)
@pytest.mark.parametrize("delay", [lambda value: value, Later])
def test_an_issuer_must_be_its_url(issuer: str, message: list[str], delay: Any) -> None:
    """A host, an ARN, a port or a closing slash in the issuer are named."""
    world = World()
    with pytest.raises(InvalidArgument) as error:
        run(cluster_trust(issuer=delay(issuer)), world)
    assert_all_in(message, error)
    assert world.of("aws:iam/openIdConnectProvider:OpenIdConnectProvider") == []


@pytest.mark.parametrize("delay", [lambda value: value, Later])
def test_an_existing_provider_must_be_the_issuers(delay: Any) -> None:
    """The provider of another cluster is not taken for this one's."""
    with pytest.raises(InvalidArgument, match="the provider of another issuer"):
        run(cluster_trust(issuer="https://other.example", existing_provider_arn=delay(PROVIDER_ARN)))


def test_an_existing_provider_must_accept_our_audience() -> None:
    """A provider without the audience would refuse every token, so it is named with the command that adds it."""
    world = World(found={PROVIDER_ARN: {"arn": PROVIDER_ARN, "clientIdLists": ["vault"]}})
    with pytest.raises(InvalidArgument) as error:
        run(cluster_trust(existing_provider_arn=PROVIDER_ARN), world)
    assert_all_in(["['vault']", "sts.amazonaws.com", "add-client-id-to-open-id-connect-provider"], error)


@pytest.mark.parametrize(
    ("annotations", "message"),
    [
        ({}, "has no annotation secret-access/role-arn: given None"),
        (None, "has no annotation secret-access/role-arn: given None"),
        ({ANNOTATION: "arn:aws:iam::111122223333:role/old"}, "names another identity in the annotation"),
    ],
)
def test_an_existing_service_account_needs_the_annotation(annotations: Mapping[str, str] | None, message: str) -> None:
    """The ServiceAccount is read, and one without the role's annotation fails with the command that adds it."""
    found: dict[str, Any] = {"metadata": {"name": "secret-access", "annotations": annotations}}
    world = World(found={"test/secret-access": found})
    with pytest.raises(InvalidArgument) as error:
        run(aws_access(existing_service_account=True), world)
    role = f"arn:aws:iam::{ACCOUNT}:role/secret-access-test"
    assert_all_in([message, f"expected {role}", "kubectl annotate --overwrite"], error)


def test_an_arn_is_taken_apart() -> None:
    """Partition, account and issuer come from the provider's ARN."""
    provider = checks.oidc_provider(
        "arn:aws-cn:iam::444455556666:oidc-provider/oidc.eks.cn-north-1.amazonaws.com.cn/id/A"
    )
    assert (provider.partition, provider.account_id) == ("aws-cn", "444455556666")
    assert provider.issuer == "oidc.eks.cn-north-1.amazonaws.com.cn/id/A"


@pytest.mark.parametrize(
    "issuer",
    [
        "https://westeurope.oic.prod-aks.azure.com/2d3a0b0e-1111-2222-3333-444455556666/0a1b2c3d-0000-1111-2222-333344445555/",
        "https://issuer.example/",
        "https://container.googleapis.com/v1/projects/example.com:shop/locations/europe-west1/clusters/blue",
    ],
)
@pytest.mark.parametrize("delay", [lambda value: value, Later])
def test_issuers_are_taken_as_they_spell_themselves(issuer: str, delay: Any) -> None:
    """AKS's end in a slash, and their tokens' `iss` does too: IAM compares them as text."""
    world = run(cluster_trust(issuer=delay(issuer)))
    assert world.one("aws:iam/openIdConnectProvider:OpenIdConnectProvider").inputs["url"] == issuer
    arn = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{issuer.removeprefix('https://')}"
    there = World(found={arn: {"arn": arn, "clientIdLists": ["sts.amazonaws.com"]}})
    run(cluster_trust(issuer=delay(issuer), existing_provider_arn=arn), there)
    trust = json.loads(run(aws_access(oidc_provider_arn=delay(arn))).one(ROLE).inputs["assumeRolePolicy"])
    assert f"{issuer.removeprefix('https://')}:sub" in trust["Statement"][0]["Condition"]["StringEquals"]


@pytest.mark.parametrize("name", ["app-config", "db-secret", "api-tokens", "my-secret", "team/api-tokens"])
def test_names_that_end_like_an_arn_are_taken(name: str) -> None:
    """The sidecar asks by name, and by its whole name alone, so that no such name is mistaken for another's ARN."""
    world = run(aws_access(secret_prefix="team/", secrets=[name]))
    env = {item["name"]: item.get("value") for item in world.outputs["test"]["sidecar"]["env"]}
    assert env["SECRETS_NAMES"] == name


@pytest.mark.parametrize(
    ("region", "partition"),
    [("us-east-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov"), ("eusc-de-east-1", "aws-eusc")],
)
def test_every_partition_has_its_regions(region: str, partition: str) -> None:
    """A region of the provider's own partition is taken."""
    arn = PROVIDER_ARN.replace("arn:aws:", f"arn:{partition}:")
    key = f"arn:{partition}:kms:{region}:{ACCOUNT}:key/1234abcd"
    world = run(aws_access(oidc_provider_arn=arn, region=region, kms_key_arns=[key]))
    assert f"arn:{partition}:secretsmanager:{region}:" in world.one("aws:iam/rolePolicy:RolePolicy").inputs["policy"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"sidecar_env": {"HTTPS_PROXY": "http://ann:s3cr3t@proxy:3128"}},
        {"sidecar_env": {"AWS_ENDPOINT_URL_STS": "https://ann:s3cr3t@sts.example"}},
        {"endpoint_url": "https://ann:s3cr3t@aws.example"},
    ],
)
def test_a_password_in_an_address_is_not_shown(wrong: dict[str, Any]) -> None:
    """The message stands in logs of Pulumi."""
    with pytest.raises(InvalidArgument) as error:
        run(aws_access(**wrong))
    assert "s3cr3t" not in str(error.value)


@pytest.mark.parametrize("name", ["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN"])
def test_the_value_of_a_credential_is_not_shown(name: str) -> None:
    """Only its name is."""
    with pytest.raises(InvalidArgument) as error:
        run(aws_access(sidecar_env={name: "s3cr3t"}))
    assert_all_in(["sidecar_env", name], error)
    assert "s3cr3t" not in str(error.value)


@pytest.mark.parametrize(
    ("irsa", "annotation", "message"),
    [
        (False, f"arn:aws:iam::{ACCOUNT}:role/secret-access-test", "would give a token for a role to every container"),
        (False, f"arn:aws:iam::{ACCOUNT}:role/other", "would give a token for a role to every container"),
        (True, None, f"has no annotation {EKS_ANNOTATION}"),
    ],
)
def test_an_existing_service_account_has_the_webhooks_annotation_only_where_asked_for(
    irsa: bool, annotation: str | None, message: str
) -> None:
    """The webhook's token is of the same ServiceAccount: whoever has it can become the role, whatever role it names."""
    annotations = {ANNOTATION: f"arn:aws:iam::{ACCOUNT}:role/secret-access-test"}
    if annotation:
        annotations[EKS_ANNOTATION] = annotation
    world = World(found={"test/secret-access": {"metadata": {"name": "secret-access", "annotations": annotations}}})
    with pytest.raises(InvalidArgument) as error:
        run(aws_access(existing_service_account=True, irsa_annotation=irsa), world)
    assert_all_in([message, "kubectl annotate"], error)


def test_a_kind_of_aws_endpoints_beside_another_server_stops_the_program() -> None:
    """The sidecar would refuse to start, after `up`."""
    world = World()
    with pytest.raises(InvalidArgument) as error:
        run(aws_access(endpoint_url="http://10.78.0.1:4566", sidecar_env={"AWS_USE_FIPS_ENDPOINT": "true"}), world)
    assert_all_in(["sidecar_env of AWS_USE_FIPS_ENDPOINT beside endpoint_url", "leave out one of them"], error)
    assert world.asked == []
