"""What stops a shared service before anything is made, in words that say what, given, expected and the fix."""

from typing import Any

import pytest

from secret_access import InvalidArgument, aws_backend, vault_backend
from tests.infra.components import ROLES, shared_service
from tests.infra.engine import Later, World, run


def refusal(**changed: Any) -> str:
    """The message, of which nothing was made."""
    world = World()
    with pytest.raises(InvalidArgument) as refused:
        run(shared_service(**changed), world)
    assert world.asked == []
    return str(refused.value)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"namespace": "*"}, "namespace"),
        ({"service_name": "Secrets"}, "service_name: given 'Secrets'"),
        ({"service_name": "2nd"}, "beginning with a letter"),
        ({"replicas": 1}, "given 1, expected a whole number, 2 or more"),
        ({"replicas": 2.5}, "given 2.5"),
        ({"caller_namespaces": []}, "given [], expected at least one namespace"),
        ({"caller_namespaces": None}, "given [], expected at least one namespace"),
        ({"caller_namespaces": ["*"]}, "caller_namespaces: "),
        ({"caller_namespaces": ["a--b"]}, "caller_namespaces: "),
        ({"metrics_namespaces": ["*"]}, "metrics_namespaces: "),
        ({"certificate": None}, "certificate is no volume source: given None"),
        ({"certificate": "secrets-tls"}, 'write {"secret": {"secretName": "secrets-tls"}}'),
        ({"certificate": {"secret": {"name": "secrets-tls"}}}, "certificate names no Secret"),
        ({"certificate": {"configMap": {"name": "secrets-tls"}}}, "certificate is none of secret, csi, projected"),
        ({"certificate": {"name": "tls", "secret": {"secretName": "t"}}}, "with nothing beside it"),
        ({"certificate": {"secret": "secrets-tls"}}, "certificate names no Secret"),
        ({"certificate": {"secret": None}}, "certificate names no Secret"),
        ({"certificate": {"csi": "csi.cert-manager.io"}}, "certificate names no driver"),
        ({"certificate": {"csi": {}}}, "certificate names no driver"),
        ({"certificate": {"projected": "secrets-tls"}}, "certificate has no sources"),
        ({"certificate": {"projected": {"sources": {}}}}, "certificate has no sources"),
        ({"certificate": ["secrets-tls"]}, "certificate is no volume source"),
        ({"replicas": True}, "given True, expected a whole number, 2 or more"),
        ({"caller_namespaces": ["test", "test"]}, "twice"),
        ({"resources": {"limits": "1Gi"}}, "resources: given"),
        ({"sidecar_image": ""}, "sidecar_image: given ''"),
        ({"env": {"SECRETS_CACHE_TLL": "10"}}, "SECRETS_CACHE_TLL is unknown"),
        ({"env": {"SECRETS_TIMEOUT": "0"}}, "more than 0 and at most 60"),
        ({"env": {"HTTPS_PROXY": "https://proxy:3128"}}, "http://HOST:PORT"),
        ({"env": {"AZURE_CLIENT_SECRET": "s3cr3t"}}, "env: AZURE_CLIENT_SECRET is unknown"),
        ({"env": {"SECRETS_CACHE_TTL": "ten"}}, "SECRETS_CACHE_TTL: given 'ten', expected seconds, at most 3600"),
        ({"env": {"HTTPS_PROXY": "http://ann:s3cr3t@proxy:3128"}}, "no user and no password"),
        ({"env": {"AWS_ENDPOINT_URL_STS": "https://ann:s3cr3t@sts.example"}}, "no user and no password"),
        (
            {"env": {"AWS_USE_FIPS_ENDPOINT": "true", "AWS_ENDPOINT_URL_STS": "https://sts.example"}},
            "env of AWS_USE_FIPS_ENDPOINT beside AWS_ENDPOINT_URL_STS: given 'true', expected AWS's own endpoints",
        ),
        ({"user": 0}, "user: given 0"),
        ({"env": {"SECRETS_PORT": "9000"}}, "given 'SECRETS_PORT', expected variables that the component does not set"),
        ({"env": {"AWS_ROLE_ARN": "arn:…"}}, "given 'AWS_ROLE_ARN', expected no identity"),
        ({"env": {"AWS_CONTAINER_AUTHORIZATION_TOKEN": "…"}}, "expected no identity"),
        ({"env": {"AWS_WEB_IDENTITY_TOKEN_FILE": "/token"}}, "expected no identity"),
        ({"env": {"AZURE_CLIENT_ID": "…"}}, "given 'AZURE_CLIENT_ID', expected no identity"),
        ({"env": {"SECRETS_PREFIX": "test/"}}, "given 'SECRETS_PREFIX', expected no identity"),
    ],
)
def test_a_wrong_argument_stops_it(changed: dict[str, Any], said: str) -> None:
    """Each names the argument, the value and what to write instead."""
    assert said in refusal(**changed)


def test_an_identity_in_the_backends_variables_stops_it() -> None:
    """A key in a Deployment would be in etcd, and everybody's."""
    backend = {"name": "aws", "audience": "sts.amazonaws.com", "env": {"AWS_ACCESS_KEY_ID": "AKIA"}}
    assert "given 'AWS_ACCESS_KEY_ID', expected no identity" in refusal(backend=backend)


def test_what_is_known_later_stops_it_too() -> None:
    """Before the resource that needs it."""
    world = World()
    with pytest.raises(InvalidArgument, match="replicas"):
        run(shared_service(replicas=Later(1)), world)
    assert [asked for asked in world.asked if "Deployment" in asked.type] == []


@pytest.mark.parametrize(
    ("arn", "said"),
    [
        (None, "role_arn is not a role's ARN: given None"),
        ("secret-access-blue-{namespace}", "role_arn is not a role's ARN"),
        ("arn:aws:iam::111122223333:role/{team}-{namespace}", "role_arn is not a role's ARN"),
        ("arn:aws:iam::111122223333:role/secret-access-blue", "has no {namespace}, so every caller would ask for the"),
        ("arn:aws:iam::111122223333:role/{service_account}", "has no {namespace}"),
        ("arn:aws:iam::*:role/{namespace}", "role_arn holds a *"),
    ],
)
def test_a_role_is_each_callers_own(arn: Any, said: str) -> None:
    """The template is a role's ARN with the namespace in it; the message shows one."""
    with pytest.raises(InvalidArgument) as refused:
        aws_backend(arn, "us-east-1")
    assert said in str(refused.value)
    assert ROLES in str(refused.value)


@pytest.mark.parametrize("name", ["{namespace}", "secret-access-{namespace}", "team/{namespace}.{service_account}"])
def test_templates_that_serve(name: str) -> None:
    """Any partition, path and order."""
    arn = f"arn:aws-cn:iam::111122223333:role/{name}"
    assert aws_backend(arn, "cn-north-1")["env"] == {"AWS_REGION": "cn-north-1", "SECRETS_SHARED_ROLE_ARN": arn}


def test_a_role_of_vault_is_each_callers_own() -> None:
    """As on AWS."""
    with pytest.raises(InvalidArgument, match="every caller would log in to the same role"):
        vault_backend("https://vault.example:8200", "reader", "vault")


def test_a_region_is_one() -> None:
    """As everywhere."""
    with pytest.raises(InvalidArgument, match="region"):
        aws_backend(ROLES, "*")


def test_a_region_of_another_partition_than_the_roles_is_refused() -> None:
    """No role of China's AWS exists in the other."""
    with pytest.raises(InvalidArgument, match="region is of the partition aws-cn"):
        aws_backend(ROLES, "cn-north-1")
