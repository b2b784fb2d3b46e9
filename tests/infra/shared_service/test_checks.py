"""What stops a shared service before anything is made, in words that say what, given, expected and the fix."""

from typing import Any

import pytest

from secret_access import InvalidArgument
from tests.infra.components import shared_service
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
        ({"service_name": 5}, "service_name: given 5"),
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
        ({"certificate": {"secret": {"secretName": "t"}, "name": "tls"}}, "with nothing beside it"),
        ({"sidecar_env": {"SECRETS_CACHE_TTL": 10}}, "sidecar_env of 'SECRETS_CACHE_TTL': given 10"),
        ({"certificate": {"secret": "secrets-tls"}}, "certificate names no Secret"),
        ({"certificate": {"secret": None}}, "certificate names no Secret"),
        ({"certificate": {"secret": {"secretName": ""}}}, "certificate names no Secret"),
        ({"certificate": {"csi": "csi.cert-manager.io"}}, "certificate names no driver"),
        ({"certificate": {"csi": {}}}, "certificate names no driver"),
        ({"certificate": {"projected": "secrets-tls"}}, "certificate has no sources"),
        ({"certificate": {"projected": {"sources": []}}}, "certificate has no sources"),
        ({"certificate": {"projected": {"sources": {}}}}, "certificate has no sources"),
        ({"certificate": ["secrets-tls"]}, "certificate is no volume source"),
        ({"replicas": True}, "given True, expected a whole number, 2 or more"),
        ({"caller_namespaces": ["test", "test"]}, "twice"),
        ({"sidecar_resources": {"limits": "1Gi"}}, "sidecar_resources: given"),
        ({"sidecar_image": ""}, "sidecar_image: given ''"),
        ({"sidecar_env": {"SECRETS_CACHE_TLL": "10"}}, "SECRETS_CACHE_TLL is unknown"),
        ({"sidecar_env": {"SECRETS_TIMEOUT": "0"}}, "more than 0 and at most 60"),
        ({"sidecar_env": {"HTTPS_PROXY": "https://proxy:3128"}}, "http://HOST:PORT"),
        ({"sidecar_env": {"AZURE_CLIENT_SECRET": "s3cr3t"}}, "sidecar_env: AZURE_CLIENT_SECRET is unknown"),
        (
            {"sidecar_env": {"SECRETS_CACHE_TTL": "ten"}},
            "SECRETS_CACHE_TTL: given 'ten', expected seconds, at most 3600",
        ),
        ({"sidecar_env": {"HTTPS_PROXY": "http://ann:s3cr3t@proxy:3128"}}, "no user and no password"),
        ({"sidecar_env": {"AWS_ENDPOINT_URL_STS": "https://ann:s3cr3t@sts.example"}}, "no user and no password"),
        (
            {"sidecar_env": {"AWS_USE_FIPS_ENDPOINT": "true", "AWS_ENDPOINT_URL_STS": "https://sts.example"}},
            "sidecar_env of AWS_USE_FIPS_ENDPOINT beside AWS_ENDPOINT_URL_STS: given 'true', expected AWS's own",
        ),
        ({"sidecar_user": 0}, "sidecar_user: given 0"),
        (
            {"sidecar_env": {"SECRETS_PORT": "9000"}},
            "given 'SECRETS_PORT', expected variables that the component does not set",
        ),
        ({"sidecar_env": {"AWS_ROLE_ARN": "arn:…"}}, "given 'AWS_ROLE_ARN', expected no identity"),
        ({"sidecar_env": {"AWS_CONTAINER_AUTHORIZATION_TOKEN": "…"}}, "expected no identity"),
        ({"sidecar_env": {"AWS_WEB_IDENTITY_TOKEN_FILE": "/token"}}, "expected no identity"),
        ({"sidecar_env": {"SECRETS_AWS_REPLICA_REGIONS": "us-west-2"}}, "expected no identity and no settings of one"),
        ({"sidecar_env": {"AWS_REGION": "us-east-1"}}, "use the argument region of backend.aws"),
        ({"sidecar_env": {"AWS_ENDPOINT_URL": "http://a"}}, "use the argument endpoint_url of backend.aws"),
        ({"sidecar_env": {"SECRETS_SHARED_ROLE_ARN": "arn:…"}}, "use the argument role_arn of backend.aws"),
        ({"sidecar_env": {"SECRETS_TLS_CERT_FILE": "/crt"}}, "use the argument certificate"),
        ({"sidecar_env": {"SECRETS_ACCESS": "read_write"}}, "use the argument access"),
        ({"sidecar_env": {"SECRETS_SHARED_CALLERS": "0"}}, "given '0', expected a whole number from 1 to 999999"),
        ({"sidecar_env": {"SECRETS_SHARED_CALLERS": "1000000"}}, "given '1000000'"),
        ({"sidecar_env": {"GCP_TOKEN_FILE": "/token"}}, "GCP_TOKEN_FILE is unknown"),
        ({"sidecar_env": {"SECRETS_SHARED_SHUTDOWN_DELAY": "61"}}, "given '61', expected seconds, at most 60"),
        ({"access": "write"}, "access: given 'write', expected read or read_write"),
        ({"ca_config_map": "Secrets CA"}, "ca_config_map: given 'Secrets CA'"),
        ({"token_expiration_seconds": 60}, "token_expiration_seconds: given 60"),
        ({"image_pull_policy": "Sometimes"}, "image_pull_policy: given 'Sometimes'"),
        ({"image_pull_secrets": "registry"}, "image_pull_secrets: given 'registry'"),
        ({"sidecar_files": {"/etc/ca": "ca"}}, "sidecar_files: given 'ca'"),
        (
            {"sidecar_files": {"/var/run/secrets/secret-access/certificate": {"emptyDir": {}}}},
            "not at, in or above /var/run/secrets/secret-access/certificate",
        ),
        ({"sidecar_env": {"SECRETS_PREFIX": "test/"}}, "given 'SECRETS_PREFIX', expected no identity"),
    ],
)
def test_a_wrong_argument_stops_it(changed: dict[str, Any], said: str) -> None:
    """Each names the argument, the value and what to write instead."""
    assert said in refusal(**changed)


def test_what_is_known_later_stops_it_too() -> None:
    """Before the resource that needs it."""
    world = World()
    with pytest.raises(InvalidArgument, match="replicas"):
        run(shared_service(replicas=Later(1)), world)
    assert [asked for asked in world.asked if "Deployment" in asked.type] == []
