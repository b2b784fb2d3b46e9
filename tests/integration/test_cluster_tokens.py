"""Tokens of a real Kubernetes API server, exchanged at a fake Google and a fake Azure that have the cluster's keys.

The sidecar with one identity, and the shared mode, read a namespace's own secrets with them, and are refused others'.
"""

from __future__ import annotations

import base64
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
import yaml

from local.progress import wait_for
from secret_sidecar.server import Sidecar
from secret_sidecar.settings import Settings
from tests.fakes.issuer import Issuer
from tests.integration.real_parts import ApiServer
from tests.sidecar.shared.clouds import SIGNED, environment_of
from tests.sidecar.support.caller import ask
from tests.sidecar.support.certificates import Authority
from tests.sidecar.support.shared_service import HOST, Service

pytestmark = pytest.mark.anyio

NAMESPACES = ("cloud-test", "cloud-prod")
NOWHERE = Path("/nonexistent")
clouds = pytest.mark.parametrize("kind", SIGNED.values(), ids=SIGNED)


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """The loop that the sidecar runs on."""
    return "asyncio", {"use_uvloop": True}


class ClusterIssuer(Issuer):
    """The cluster's, as far as clouds know it: its url and its keys; it is the API server that signs."""

    def __init__(self, api_server: ApiServer) -> None:
        api_server.open_keys()
        cluster = yaml.safe_load(api_server.kubeconfig.read_text())["clusters"][0]["cluster"]
        ca = base64.b64decode(cluster["certificate-authority-data"]).decode()
        self._server, self._trust = cluster["server"], ssl.create_default_context(cadata=ca)
        self.url = self._fetch("/.well-known/openid-configuration")["issuer"]

    @property
    def jwks(self) -> dict[str, Any]:
        """What is found at the cluster's jwks_uri, by whoever asks."""
        return self._fetch("/openid/v1/jwks")

    def _fetch(self, path: str) -> dict[str, Any]:
        def fetch() -> dict[str, Any] | None:
            with suppress(HTTPError), urlopen(f"{self._server}{path}", context=self._trust) as answer:  # noqa: S310 — our own server
                document: dict[str, Any] = json.load(answer)
                return document
            return None  # the binding is not in force yet

        return wait_for(path, fetch)


@dataclass(frozen=True)
class Cluster:
    """The API server as whoever projects tokens asks it."""

    api_server: ApiServer
    issuer: ClusterIssuer

    def token(self, namespace: str, audience: str, account: str = "app") -> str:
        """A token of a ServiceAccount for an audience."""
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token"
        spec = {"spec": {"audiences": [audience], "expirationSeconds": 600}}
        made: str = self.api_server.client.request("POST", path, spec)["status"]["token"]
        return made


@pytest.fixture(scope="module")
def cluster(api_server: ApiServer) -> Cluster:
    """Two namespaces with a ServiceAccount each, and one more that nobody granted anything."""
    for namespace in NAMESPACES:
        api_server.client.request("POST", "/api/v1/namespaces", {"metadata": {"name": namespace}})
        for account in ("app", "other"):
            accounts = f"/api/v1/namespaces/{namespace}/serviceaccounts"
            api_server.client.request("POST", accounts, {"metadata": {"name": account}})
    return Cluster(api_server, ClusterIssuer(api_server))


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    """What ends with the test."""
    async with AsyncExitStack() as stack:
        yield stack


@pytest.fixture
def authority(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Authority:
    """Who signs certificates, and is trusted."""
    authority = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.bundle))
    return authority


async def served(environment: dict[str, str], stack: AsyncExitStack) -> Sidecar:
    """A sidecar in an environment."""
    settings = replace(Settings.from_environment(environment, NOWHERE), port=0, health_port=0)
    return await stack.enter_async_context(Sidecar(settings))


def alone(kind: Any, cloud: Any, namespace: str, token_file: Path) -> dict[str, str]:
    """The environment of a namespace's own sidecar."""
    given = {key: value for key, value in cloud.environment().items() if not key.startswith("SECRETS_SHARED_")}
    if kind is SIGNED["gcp"]:
        own = {"GCP_TOKEN_FILE": str(token_file)}
    else:
        own = {"AZURE_FEDERATED_TOKEN_FILE": str(token_file), "AZURE_CLIENT_ID": cloud.client(namespace)}
    return {**given, **own, "SECRETS_NAMESPACE": namespace}


@clouds
async def test_a_sidecar_reads_its_own(
    kind: Any, cluster: Cluster, authority: Authority, stack: AsyncExitStack, tmp_path: Path
) -> None:
    """The whole matrix, and tokens for another audience, or of another ServiceAccount, that lead nowhere."""
    cloud = kind(NAMESPACES, cluster.issuer, authority.server(HOST))
    await stack.enter_async_context(cloud.server)
    seen = {}
    for namespace in NAMESPACES:
        file = tmp_path / namespace
        file.write_text(cluster.token(namespace, cloud.audience))
        sidecar = await served(alone(kind, cloud, namespace, file), stack)
        for other in NAMESPACES:
            got = await ask(sidecar.port, f"/v1/secrets/{other}/database-password")
            seen[namespace, other] = got.json.get("value", got.json.get("code"))
    refused = "PERMISSION_DENIED" if kind is SIGNED["gcp"] else "ForbiddenByRbac"
    test, prod = NAMESPACES
    assert seen == {
        (test, test): f"{test}-0",
        (test, prod): refused,
        (prod, test): refused,
        (prod, prod): f"{prod}-0",
    }
    for wrong in (cluster.token(test, "vault"), cluster.token(test, cloud.audience, "other")):
        file = tmp_path / "wrong"
        file.write_text(wrong)
        sidecar = await served(alone(kind, cloud, test, file), stack)
        assert (await ask(sidecar.port, "/v1/secrets/database-password")).status in {403, 503}


@clouds
async def test_the_shared_mode_tells_callers_apart(
    kind: Any, cluster: Cluster, authority: Authority, stack: AsyncExitStack, tmp_path: Path
) -> None:
    """The same by one service; a policy that is wider turns its cell, and tokens of others' keys get nothing."""
    cloud = kind(NAMESPACES, cluster.issuer, authority.server(HOST))
    await stack.enter_async_context(cloud.server)
    sidecar = await served(environment_of(cloud, authority, tmp_path), stack)
    service = Service(sidecar.port, ssl.create_default_context(cafile=str(authority.bundle)))
    test, prod = NAMESPACES
    tokens = {namespace: cluster.token(namespace, cloud.audience) for namespace in NAMESPACES}

    async def statuses() -> list[int]:
        asked = [(reader, of) for reader in NAMESPACES for of in NAMESPACES]
        return [(await service.ask(f"/v1/secrets/{of}/database-password", tokens[who])).status for who, of in asked]

    assert await statuses() == [200, 403, 403, 200]
    got = await service.ask("/v1/secrets/database-password", tokens[test])
    assert got.json["value"] == f"{test}-0"
    assert [caller.claims.pod for caller in sidecar._vault.callers] == ["", ""]  # type: ignore[union-attr]
    cloud.widen(test)
    assert await statuses() == [200, 200, 403, 200]
    for wrong, status in (
        (cluster.token(prod, "vault"), {401}),
        (cluster.token(prod, cloud.audience, "other"), {403}),
        (Issuer(cluster.issuer.url).token(f"system:serviceaccount:{prod}:app", cloud.audience), {401}),
    ):
        got = await service.ask("/v1/secrets/database-password", wrong)
        assert got.status in status, got.body
