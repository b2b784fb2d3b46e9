"""OpenBao and a Kubernetes API server, both real: the cluster's own tokens lead to a namespace's own secrets."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from secret_sidecar.errors import VaultError
from secret_sidecar.settings import Settings
from secret_sidecar.vaults.hashicorp.store import VaultStore, open_store
from tests.integration.real_parts import ApiServer
from tests.sidecar.support.certificates import Authority
from tests.sidecar.vaults.hashicorp.openbao import OpenBao

pytestmark = pytest.mark.anyio

ISSUER = "https://127.0.0.1"


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """The loop that the sidecar runs on."""
    return "asyncio", {"use_uvloop": True}


@pytest.fixture(scope="module")
def bao(api_server: ApiServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenBao]:
    """A server that trusts the cluster's keys, with a role, a policy and a secret for each of two namespaces."""
    authority = Authority(folder := tmp_path_factory.mktemp("openbao"))
    cluster = yaml.safe_load(api_server.kubeconfig.read_text())["clusters"][0]["cluster"]
    ca = base64.b64decode(cluster["certificate-authority-data"]).decode()
    api_server.open_keys()
    with OpenBao.running(folder, authority) as running:
        running("POST", "sys/mounts/secret", {"type": "kv", "options": {"version": "2"}})
        running("POST", "sys/auth/jwt", {"type": "jwt"})
        keys = {"jwks_url": f"{cluster['server']}/openid/v1/jwks", "jwks_ca_pem": ca}
        running("POST", "auth/jwt/config", {**keys, "bound_issuer": ISSUER})
        for namespace in ("test", "prod"):
            api_server.client.request("POST", "/api/v1/namespaces", {"metadata": {"name": f"bao-{namespace}"}})
            accounts = f"/api/v1/namespaces/bao-{namespace}/serviceaccounts"
            api_server.client.request("POST", accounts, {"metadata": {"name": "app"}})
            running.policy(namespace, (f"secret/data/{namespace}/*", "read"))
            running.role(namespace, bound_subject=f"system:serviceaccount:bao-{namespace}:app")
            running.put(f"{namespace}/database-password", value=f"hunter2-{namespace}")
        yield running


@pytest.fixture
def store_of(bao: OpenBao, api_server: ApiServer, tmp_path: Path) -> Any:
    """Open the store of a namespace's pod, with a token that the API server made for it, at a role."""

    def make(namespace: str, role: str, audience: str = "vault") -> VaultStore:
        path = f"/api/v1/namespaces/bao-{namespace}/serviceaccounts/app/token"
        made = api_server.client.request("POST", path, {"spec": {"audiences": [audience], "expirationSeconds": 600}})
        file = tmp_path / f"{namespace}-{audience}"
        file.write_text(made["status"]["token"])
        environment = {
            "SECRETS_BACKEND": "vault",
            "SECRETS_NAMESPACE": namespace,
            "VAULT_ADDR": bao.url,
            "SECRETS_VAULT_ROLE": role,
            "SECRETS_VAULT_JWT_FILE": str(file),
        }
        return open_store(Settings.from_environment(environment, Path("/nonexistent")))

    return make


async def outcome(store: VaultStore, name: str) -> str:
    """A value, or the kind of error that came instead of it."""
    try:
        return (await store.get(name, asyncio.get_running_loop().time() + 60)).value
    except VaultError as error:
        return type(error).__name__
    finally:
        await store.close()


async def test_who_may_read_what(store_of: Any) -> None:
    """The whole matrix: own secrets, and refusals by OpenBao for all else."""
    seen = {
        f"{namespace} reads {prefix}": await outcome(store_of(namespace, namespace), f"{prefix}/database-password")
        for namespace in ("test", "prod")
        for prefix in ("test", "prod")
    }
    expected = {
        "test reads test": "hunter2-test",
        "test reads prod": "Denied",
        "prod reads test": "Denied",
        "prod reads prod": "hunter2-prod",
    }
    assert seen == expected, json.dumps(seen)


async def test_a_clusters_token_at_another_role_or_for_another_audience(store_of: Any) -> None:
    """The login is refused, so there is no identity."""
    assert await outcome(store_of("test", "prod"), "prod/database-password") == "IdentityUnavailable"
    assert await outcome(store_of("test", "test", "sts.amazonaws.com"), "test/database-password") == (
        "IdentityUnavailable"
    )
