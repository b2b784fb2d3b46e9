"""What users of Vault trip over is named where it is given: what, the value, the value expected, and the fix.

Each mistake is made twice, with the value known to the program and with an Output.
"""

from typing import Any

import pytest

from secret_access import InvalidArgument
from tests.infra.engine import Later, World, run
from tests.infra.messages import assert_all_in
from tests.infra.vault.component import POLICY, ROLE, vault_access

TOKEN = "/var/run/secrets/secret-access/vault"
FILES = {"/etc/tls": {"secret": {"secretName": "tls"}}}

MISTAKES: list[tuple[dict[str, Any], list[str]]] = [
    ({"address": ""}, ["address is missing", "https://vault.example:8200"]),
    ({"address": "vault.example:8200"}, ["address is a host", "write https://vault.example:8200"]),
    ({"address": "https://vault.example:8200/ui"}, ["address has a path", "write https://vault.example:8200"]),
    ({"address": "ftp://vault.example"}, ["address", "given 'ftp://vault.example'"]),
    ({"address": "https://*"}, ["address", "given 'https://*'"]),
    ({"mount": "secret/*"}, ["mount holds a wildcard", "given 'secret/*'", "secret or team/kv"]),
    ({"mount": "+/kv"}, ["mount holds a wildcard", "other engines"]),
    ({"mount": "secret/"}, ["mount begins or ends with /", "write secret"]),
    ({"mount": "secret/data"}, ["mount holds a part of its API's paths", "write secret"]),
    ({"mount": "sys"}, ["mount is a path of Vault's own", "vault secrets list"]),
    ({"mount": "auth/jwt"}, ["mount is a path of Vault's own"]),
    ({"mount": ""}, ["mount", "given ''"]),
    ({"mount": "{{identity.entity.name}}"}, ["mount", "given '{{identity"]),
    ({"auth_path": "auth/jwt"}, ["auth_path begins with auth/", "write jwt"]),
    ({"auth_path": "+"}, ["auth_path holds a wildcard"]),
    ({"role_name": "r" * 129}, ["has 129 characters", "at most 128", "never cut"]),
    ({"role_name": "Blue"}, ["capital letters", "write blue"]),
    ({"role_name": "default"}, ["a policy of Vault's own", "secret-access-test"]),
    ({"role_name": "root"}, ["a policy of Vault's own"]),
    ({"role_name": "a/b"}, ["role_name", "given 'a/b'"]),
    ({"role_name": "*"}, ["role_name", "given '*'"]),
    ({"audience": ""}, ["audience is empty", "leave it out for vault"]),
    ({"audience": "*"}, ["audience holds a *"]),
    ({"audience": "a b"}, ["audience", "given 'a b'"]),
    ({"audience": "https://kubernetes.default.svc.cluster.local"}, ["audience is the API server's"]),
    ({"audience": "https://kubernetes.default.svc"}, ["audience is the API server's"]),
    ({"token_ttl": 59}, ["token_ttl", "60 to 86400"]),
    ({"token_ttl": "1h"}, ["token_ttl", "given '1h'", "seconds"]),
    ({"vault_namespace": "root"}, ["vault_namespace", "leave it out"]),
    ({"vault_namespace": "team/"}, ["vault_namespace", "write team"]),
    ({"vault_namespace": "*"}, ["vault_namespace", "given '*'"]),
    ({"events": "yes"}, ["events", "true or false"]),
    ({"namespace": "*"}, ["namespace: given '*'", "one Kubernetes namespace"]),
    ({"service_account_name": "*"}, ["a * would trust them all"]),
    ({"secret_prefix": "test"}, ["also covers", "'test/'"]),
    ({"secret_prefix": "+/"}, ["secret_prefix: given '+/'"]),
    ({"secrets": ["prod/database-password"]}, ["outside the namespace's prefix"]),
    ({"secrets": ["exact:Legacy/*"]}, ["a pattern in a policy", "given 'exact:Legacy/*'"]),
    ({"secrets": ["exact:Legacy/+/key"]}, ["a pattern in a policy", "no segment +"]),
    ({"secrets": ["exact:{{identity.entity.id}}"]}, ["a pattern in a policy"]),
    ({"sidecar_env": {"VAULT_TOKEN": "s3cr3t"}}, ["VAULT_TOKEN", "no credentials"]),
    ({"sidecar_env": {"VAULT_ADDR": "https://x"}}, ["VAULT_ADDR", "use the argument address"]),
    ({"sidecar_env": {"SECRETS_VAULT_ROLE": "x"}}, ["SECRETS_VAULT_ROLE", "use the argument role_name"]),
    ({"sidecar_env": {"AWS_REGION": "x"}}, ["AWS_REGION is unknown"]),
    (
        {"sidecar_env": {"VAULT_CACERT": "/etc/ca/ca.crt"}},
        ["VAULT_CACERT in sidecar_env names a file that is neither", "sidecar_files"],
    ),
    (
        {"sidecar_env": {"VAULT_CLIENT_CERT": "/etc/tls/tls.crt"}, "sidecar_files": FILES},
        ["both VAULT_CLIENT_CERT and VAULT_CLIENT_KEY", "add VAULT_CLIENT_KEY"],
    ),
    (
        {"sidecar_env": {"VAULT_CLIENT_KEY": "/etc/tls-other/tls.key"}, "sidecar_files": FILES},
        ["VAULT_CLIENT_KEY in sidecar_env names a file that is neither", "below one of /etc/tls"],
    ),
    (
        {
            "address": "http://vault.example:8200",
            "sidecar_env": {"VAULT_CLIENT_CERT": "/etc/tls/tls.crt", "VAULT_CLIENT_KEY": "/etc/tls/tls.key"},
            "sidecar_files": FILES,
        },
        ["client certificate", "given 'http://vault.example:8200'", "https://"],
    ),
    ({"sidecar_files": {TOKEN: {"secret": {"secretName": "x"}}}}, ["sidecar_files", "the token"]),
]


@pytest.mark.parametrize(("changed", "message"), MISTAKES)
def test_a_mistake_stops_the_program_before_anything_is_made(changed: dict[str, Any], message: list[str]) -> None:
    """With plain values nothing at all is registered."""
    world = World()
    with pytest.raises(InvalidArgument) as error:
        run(vault_access(**changed), world)
    assert_all_in(["VaultSecretAccess 'test'", *message], error)
    assert "s3cr3t" not in str(error.value)
    assert world.asked == []


@pytest.mark.parametrize(("changed", "message"), MISTAKES)
def test_a_mistake_in_an_output_fails_before_a_pod_has_the_role(changed: dict[str, Any], message: list[str]) -> None:
    """With Outputs the deployment fails with the same message."""
    world = World()
    later: dict[str, Any] = {key: Later(value) for key, value in changed.items()}
    with pytest.raises(InvalidArgument) as error:
        run(vault_access(**later), world)
    assert_all_in(message, error)
    if {"namespace", "service_account_name", "role_name", "auth_path", "audience", "token_ttl"} & changed.keys():
        assert world.of(ROLE) == []
    if {"mount", "secret_prefix", "role_name", "events", "secrets"} & changed.keys():
        assert world.of(POLICY) == []


def test_a_password_in_the_address_is_not_shown() -> None:
    with pytest.raises(InvalidArgument, match="no user and no password") as error:
        run(vault_access(address="https://ann:s3cr3t@vault.example"))
    assert "s3cr3t" not in str(error.value)


@pytest.mark.parametrize(
    ("argument", "values"),
    [
        ("address", ["http://10.78.0.1:8200", "https://[fd00::1]:8200/", "https://vault"]),
        ("mount", ["secret", "team/kv-v2", "a.b_c"]),
        ("auth_path", ["jwt", "clusters/blue"]),
        ("audience", ["vault", "https://vault.example:8200", "kubernetes-vault"]),
        ("role_name", ["a", "blue_1.2-x", "r" * 128]),
    ],
)
def test_what_vault_and_the_sidecar_accept_is_accepted(argument: str, values: list[str]) -> None:
    for value in values:
        assert run(vault_access(**{argument: value})).of(ROLE)
