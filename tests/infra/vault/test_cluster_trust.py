"""What VaultClusterTrust asks of Vault."""

from typing import Any

import pytest

from secret_access import InvalidArgument
from tests.infra.engine import Later, World, run
from tests.infra.messages import assert_all_in
from tests.infra.vault.component import AUTH, ISSUER, vault_trust

CA = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
KEY = "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----\n"
BASE = {
    "type": "jwt",
    "path": "jwt",
    "description": f"Tokens of the cluster {ISSUER}",
    "boundIssuer": ISSUER,
    "jwtSupportedAlgs": ["RS256", "ES256", "ES384", "ES512"],
}


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, {"oidcDiscoveryUrl": ISSUER}),
        ({"ca_pem": CA}, {"oidcDiscoveryUrl": ISSUER, "oidcDiscoveryCaPem": CA}),
        (
            {"jwks_url": "https://10.0.0.1:6443/openid/v1/jwks", "ca_pem": CA},
            {"jwksUrl": "https://10.0.0.1:6443/openid/v1/jwks", "jwksCaPem": CA},
        ),
        ({"public_keys": [KEY]}, {"jwtValidationPubkeys": [KEY]}),
        ({"auth_path": "clusters/blue"}, {"oidcDiscoveryUrl": ISSUER, "path": "clusters/blue"}),
    ],
)
@pytest.mark.parametrize("delay", [lambda value: value, Later])
def test_the_keys_come_from_one_place(changed: dict[str, Any], expected: dict[str, Any], delay: Any) -> None:
    """The issuer, another URL, or the program; the issuer is compared in any case."""
    world = run(vault_trust(**{key: delay(value) for key, value in changed.items()}))
    auth = world.one(AUTH)
    assert (auth.name, auth.parent) == ("blue-auth", "blue")
    assert auth.inputs == {**BASE, **expected}
    assert world.outputs["blue"] == {"authPath": changed.get("auth_path", "jwt"), "issuer": ISSUER}


MISTAKES: list[tuple[dict[str, Any], list[str]]] = [
    ({"issuer": "oidc.example/id/blue"}, ["issuer is a host", "write https://oidc.example/id/blue"]),
    ({"issuer": "arn:aws:iam::111122223333:oidc-provider/x"}, ["issuer is an ARN", "openid-configuration"]),
    ({"issuer": ""}, ["issuer is missing", "any cluster"]),
    ({"issuer": "https://*"}, ["issuer holds a *"]),
    ({"issuer": f"{ISSUER}/.well-known/openid-configuration"}, ["the address of its keys", f"write {ISSUER}"]),
    ({"issuer": f"{ISSUER}?x=1"}, ["issuer", "given", "tokens carry in iss"]),
    ({"auth_path": "auth/jwt"}, ["begins with auth/", "write jwt"]),
    ({"auth_path": "jwt/"}, ["begins or ends with /", "write jwt"]),
    ({"auth_path": "auth_jwt_0a1b2c3d"}, ["is an accessor", "vault auth list"]),
    ({"auth_path": "clusters/*"}, ["holds a wildcard", "clusters/blue"]),
    ({"auth_path": ""}, ["auth_path", "given ''"]),
    ({"jwks_url": "10.0.0.1:6443/openid/v1/jwks"}, ["jwks_url", "given '10.0.0.1", "https://10.0.0.1:6443/openid"]),
    ({"jwks_url": "https://10.0.0.1:6443"}, ["jwks_url", "openid/v1/jwks"]),
    ({"ca_pem": "MIIB"}, ["ca_pem", "-----BEGIN CERTIFICATE-----"]),
    ({"ca_pem": KEY}, ["ca_pem", "certificates of authorities"]),
    ({"public_keys": KEY}, ["public_keys", "a list"]),
    ({"public_keys": []}, ["public_keys", "one key or more"]),
    ({"public_keys": [KEY, KEY]}, ["public_keys", "twice"]),
    ({"public_keys": ["ssh-rsa AAAA"]}, ["public_keys", "-----BEGIN PUBLIC KEY-----"]),
    ({"public_keys": [KEY], "jwks_url": "https://10.0.0.1:6443/keys"}, ["jwks_url beside public_keys"]),
    ({"public_keys": [KEY], "ca_pem": CA}, ["ca_pem beside public_keys"]),
    ({"vault_namespace": "/team/"}, ["vault_namespace", "write team"]),
]


@pytest.mark.parametrize(("changed", "message"), MISTAKES)
@pytest.mark.parametrize("delay", [lambda value: value, Later])
def test_a_mistake_is_named_and_nothing_is_made(changed: dict[str, Any], message: list[str], delay: Any) -> None:
    """Plain or known later."""
    world = World()
    with pytest.raises(InvalidArgument) as error:
        run(vault_trust(**{key: delay(value) for key, value in changed.items()}), world)
    assert_all_in(["VaultClusterTrust 'blue'", *message], error)
    assert world.of(AUTH) == []


def test_a_private_key_is_refused_and_not_shown() -> None:
    """It would be in Pulumi's state and in Vault."""
    for name, value in (("ca_pem", f"{CA}-----BEGIN PRIVATE KEY-----\ns3cr3t\n"), ("public_keys", ["s3cr3t"])):
        given = value if name == "ca_pem" else ["-----BEGIN RSA PRIVATE KEY-----\ns3cr3t\n"]
        with pytest.raises(InvalidArgument, match=f"{name} holds a private key") as error:
            run(vault_trust(**{name: given}))
        assert "s3cr3t" not in str(error.value)


@pytest.mark.parametrize("name", ["ca_pem", "public_keys"])
@pytest.mark.parametrize(
    "given",
    [
        "-----BEGIN PRIVATE KEY-----\ns3cr3t\n-----END PRIVATE KEY-----",
        "s3cr3t",
        '{"kty": "RSA", "d": "s3cr3t"}',
        b"s3cr3t",
        {"key": "s3cr3t"},
        [b"s3cr3t"],
        ["s3cr3t"],
    ],
)
def test_what_may_be_a_private_key_in_another_form_is_not_shown(name: str, given: Any) -> None:
    """A text where a list is expected, a key without its header, a key of another format."""
    with pytest.raises(InvalidArgument, match=f"{name}.*, expected .*; ") as error:
        run(vault_trust(**{name: given}))
    assert "s3cr3t" not in str(error.value)


def test_an_issuer_is_taken_as_it_spells_itself() -> None:
    """Vault compares text: AKS's end in /, and a private one may have a port or no TLS that a CA knows."""
    for issuer in ("https://aks.example/1/2/", "https://10.78.0.1:6443", "https://kubernetes.default.svc"):
        assert run(vault_trust(issuer=issuer)).one(AUTH).inputs["boundIssuer"] == issuer


def test_vaults_own_namespace_is_the_providers() -> None:
    """Else JWT auth would be mounted where no role is."""
    run(vault_trust({"namespace": "team"}, vault_namespace="team"))
    world = World()
    with pytest.raises(InvalidArgument, match="vault_namespace is not that of the Pulumi provider"):
        run(vault_trust({"namespace": "other"}, vault_namespace="team"), world)
    assert world.of(AUTH) == []
    with pytest.raises(InvalidArgument, match=r"vault_namespace is left out.*write vault_namespace: other"):
        run(vault_trust({"namespace": "other"}), world)
    assert world.of(AUTH) == []


@pytest.mark.parametrize("preview", [True, False])
@pytest.mark.parametrize("provider", [None, {}])
def test_without_a_namespace_the_trust_is_in_the_root(provider: dict[str, Any] | None, preview: bool) -> None:
    """A preview shows where, also where it does not know what the provider has."""
    assert run(vault_trust(provider), World(preview=preview)).one(AUTH).inputs["path"] == "jwt"
