"""Who reads from each vault: the one ServiceAccount that it trusts, with the cluster's own token, meant for the vault.

Each refusal has its control beside it: the same sidecar with the same settings, and a token that differs in one thing.
"""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from local import clouds, config
from local.cloud import Cloud
from tests.e2e.conftest import Environment
from tests.e2e.sidecar_outside import Sidecar, api_servers_key, sidecar_of, signed_anew, since, token_of

OWN = "test/database-password"
REFUSED = {"Denied", "IdentityUnavailable"}
"""By the vault, or where the token is exchanged; neither is a failure that passes."""


@pytest.fixture(scope="module", params=list(clouds.ALL.values()), ids=list(clouds.ALL))
def cloud(request: pytest.FixtureRequest) -> Cloud:
    """Each cloud of the laptop."""
    found: Cloud = request.param
    return found


@pytest.fixture(scope="module")
def sidecar(environment: Environment, cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Sidecar:
    """Test's own."""
    return sidecar_of(environment, cloud, "test", tmp_path_factory.mktemp(cloud.name))


@pytest.fixture(scope="module")
def token(environment: Environment, sidecar: Sidecar) -> str:
    """The right one, with which the sidecar reads."""
    found = token_of(environment, "test", sidecar.account, sidecar.audience)
    assert sidecar.read(found, OWN) == "read"
    return found


def test_a_forged_token_reads_nothing(sidecar: Sidecar, token: str) -> None:
    """The right claims under the right key id; signed by the API server's key they are accepted."""
    forger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    assert sidecar.read(signed_anew(token, forger), OWN) in REFUSED
    assert sidecar.read(signed_anew(token, api_servers_key()), OWN) == "read"


def test_a_foreign_token_reads_nothing(environment: Environment, sidecar: Sidecar) -> None:
    """Neither the default ServiceAccount of the same namespace, nor the one of prod that reads prod's."""
    assert sidecar.read(token_of(environment, "test", "default", sidecar.audience), OWN) in REFUSED
    assert sidecar.read(token_of(environment, "prod", sidecar.account, sidecar.audience), OWN) in REFUSED


def test_another_issuers_token_reads_nothing(sidecar: Sidecar, token: str) -> None:
    """Signed by the API server's key, and said to be of another cluster."""
    foreign = signed_anew(token, api_servers_key(), iss=f"{config.ISSUER}/another")
    assert sidecar.read(foreign, OWN) in REFUSED


def test_a_token_for_another_audience_reads_nothing(environment: Environment, sidecar: Sidecar) -> None:
    """A token that the API server would take is not for the vault, nor is one that is for every vault but this."""
    for audience in (config.ISSUER, f"{sidecar.audience}-other"):
        assert sidecar.read(token_of(environment, "test", sidecar.account, audience), OWN) in REFUSED


def test_an_expired_token_reads_nothing(sidecar: Sidecar, token: str) -> None:
    """Some minutes too old, which is more than any clock is said to be wrong; with ten minutes left it is accepted."""
    key = api_servers_key()
    old = {"iat": since(3600), "nbf": since(3600)}
    assert sidecar.read(signed_anew(token, key, **old, exp=since(900)), OWN) in REFUSED
    assert sidecar.read(signed_anew(token, key, **old, exp=since(-600)), OWN) == "read"


def test_no_token_reads_another_namespaces_secret(sidecar: Sidecar, token: str) -> None:
    """The identity is accepted, and refused what is not its own."""
    assert sidecar.read(token, "prod/database-password") == "Denied"
