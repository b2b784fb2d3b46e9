"""The shared mode in front of a real OpenBao: each caller logs in to its own namespace's role."""

from __future__ import annotations

import ssl
from dataclasses import replace
from pathlib import Path

import pytest

from secret_sidecar.errors import SettingsError
from secret_sidecar.server import Sidecar
from secret_sidecar.settings import Settings
from tests.sidecar.conftest import StartSidecar
from tests.sidecar.support.certificates import Authority
from tests.sidecar.support.shared_service import HOST, Service, certificate_of
from tests.sidecar.support.waiting import until
from tests.sidecar.vaults.hashicorp.openbao import Cluster, OpenBao

pytestmark = pytest.mark.anyio

NAME = "/v1/secrets/database-password"


@pytest.fixture
def environment(bao: OpenBao, tmp_path: Path) -> dict[str, str]:
    """What a shared service in front of the server is given."""
    path = str(certificate_of(Authority(tmp_path), tmp_path))
    return {
        "SECRETS_MODE": "shared",
        "SECRETS_BACKEND": "vault",
        "SECRETS_TLS_CERT_FILE": path,
        "SECRETS_TLS_KEY_FILE": path,
        "SECRETS_SHARED_HOSTS": HOST,
        "SECRETS_SHARED_VAULT_ROLE": "{namespace}",
        "VAULT_ADDR": bao.url,
        "SECRETS_CACHE_TTL": "600",
    }


@pytest.fixture
async def service(environment: dict[str, str], start: StartSidecar, tmp_path: Path) -> Service:
    """The service, ready."""
    settings = Settings.from_environment(environment, Path("/nonexistent"))
    sidecar = await start(replace(settings, port=0, health_port=0))
    await sidecar.readiness.wait()
    return Service(sidecar.port, ssl.create_default_context(cafile=str(tmp_path / "ca.pem")))


async def test_mutual_tls_in_shared_mode(
    bao: OpenBao,
    authority: Authority,
    cluster: Cluster,
    environment: dict[str, str],
    start: StartSidecar,
    tmp_path: Path,
) -> None:
    """The service shows its own certificate; the token is each caller's all the same."""
    authority.server("client")
    pem = str(authority.bundle.parent / "client-1.pem")
    mutual = {"VAULT_ADDR": bao.mutual_tls_url, "VAULT_CACERT": str(authority.bundle)}
    shown = {"VAULT_CLIENT_CERT": pem, "VAULT_CLIENT_KEY": pem}
    settings = Settings.from_environment({**environment, **mutual, **shown}, Path("/nonexistent"))
    sidecar = await start(replace(settings, port=0, health_port=0))
    await until(lambda: sidecar.readiness.is_ready)
    service = Service(sidecar.port, ssl.create_default_context(cafile=str(tmp_path / "ca.pem")))
    assert (await service.ask(NAME, cluster.token("test"))).json["value"] == "hunter2-test"


async def test_each_caller_reads_as_itself(service: Service, cluster: Cluster) -> None:
    """Its own, and of others what Vault lets it: nothing."""
    for _ in range(2):
        for namespace, other in (("test", "prod"), ("prod", "test")):
            token = cluster.token(namespace)
            got = await service.ask(NAME, token)
            assert (got.status, got.json["value"]) == (200, f"hunter2-{namespace}")
            got = await service.ask(f"/v1/secrets/{other}/database-password", token)
            assert (got.status, got.json["identity"]) == (403, f"auth/jwt/role/{namespace}")


@pytest.mark.parametrize(
    "keys",
    [
        {"jwks_url": "http://127.0.0.1:9/keys", "skip_jwks_validation": True},
        {"oidc_discovery_url": "http://127.0.0.1:9", "skip_jwks_validation": True},
    ],
    ids=["keys", "discovery"],
)
async def test_an_issuer_that_vault_cannot_reach_is_not_the_callers_fault(
    keys: dict[str, object],
    bao: OpenBao,
    environment: dict[str, str],
    cluster: Cluster,
    start: StartSidecar,
    tmp_path: Path,
) -> None:
    """Vault answers 400, as to a bad token: 503 after retries, and no 401."""
    bao("POST", "sys/auth/unreachable", {"type": "jwt"})
    try:
        bao("POST", "auth/unreachable/config", keys)
        bao.role("test", "unreachable")
        settings = Settings.from_environment(
            {**environment, "SECRETS_VAULT_AUTH_PATH": "unreachable"}, Path("/nonexistent")
        )
        sidecar = await start(replace(settings, port=0, health_port=0))
        trust = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
        got = await Service(sidecar.port, trust).ask(NAME, cluster.token("test"))
    finally:
        bao("DELETE", "sys/auth/unreachable")
    assert (got.status, got.json["type"]) == (503, "urn:secret-access:problem:identity-unavailable")


async def test_a_token_that_vault_does_not_take(service: Service, cluster: Cluster) -> None:
    """401 for one that is not the cluster's, or meant for others; 403 where the role is not for it."""
    for token in (Cluster().token("test"), cluster.token("test", audience="other"), cluster.token("test", iss="other")):
        got = await service.ask(NAME, token)
        assert (got.status, got.json["identity"]) == (401, "auth/jwt/role/test"), got.body
        assert got.json["code"]
    for token in (cluster.token("test", account="default"), cluster.token("nobody")):
        got = await service.ask(NAME, token)
        assert got.status == 403, got.body
        assert got.json["code"]


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("SECRETS_SHARED_VAULT_ROLE", "", "SECRETS_SHARED_VAULT_ROLE is not set: expected each caller's role"),
        ("SECRETS_SHARED_VAULT_ROLE", "test", "SECRETS_SHARED_VAULT_ROLE='test': expected a role's name"),
        ("VAULT_TOKEN", "s.token", "VAULT_TOKEN is set: expected no identity of its own"),
    ],
)
def test_what_is_wrong_is_told(variable: str, value: str, message: str, environment: dict[str, str]) -> None:
    """Before anything is served."""
    with pytest.raises(SettingsError, match=message):
        Sidecar(Settings.from_environment({**environment, variable: value}, Path("/nonexistent")))
