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

from secret_access import Access
from secret_access.vault import documents
from secret_sidecar.errors import Denied, VaultError
from secret_sidecar.settings import Settings
from secret_sidecar.vaults.hashicorp.store import VaultStore, open_store
from secret_sidecar.vaults.store import NewValue
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
            grant(running, namespace)
            subject = f"system:serviceaccount:bao-{namespace}:app"
            running("POST", f"auth/jwt/role/{namespace}", documents.role(subject, "vault", namespace, 600))
            running.put(f"{namespace}/database-password", value=f"hunter2-{namespace}")
        yield running


def grant(bao: OpenBao, namespace: str, access: Access = Access.READ, *, events: bool = False) -> None:
    """Write the policy that VaultSecretAccess makes."""
    policy = documents.secrets_policy("secret", f"{namespace}/", access, events=events)
    bao("PUT", f"sys/policies/acl/{namespace}", {"policy": documents.render(policy)})


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


def soon() -> float:
    """A deadline."""
    return asyncio.get_running_loop().time() + 60


async def test_what_a_component_grants_is_what_the_sidecar_needs(bao: OpenBao, store_of: Any) -> None:
    """Readiness and reading with `read` alone; events and writes only once they are granted."""
    store = store_of("test", "test")
    await store.probe("test/database-password", soon())
    assert (await store.get("test/database-password", soon())).value == "hunter2-test"
    with pytest.raises(Denied):
        await store.current_version("test/database-password", soon())
    with pytest.raises(Denied):
        await store.create("test/written", NewValue("a"), soon())
    try:
        grant(bao, "test", events=True)
        assert await store.current_version("test/database-password", soon()) == "1"
        grant(bao, "test", Access.READ_WRITE)
        assert (await store.create("test/written", NewValue("a"), soon())).version == "1"
        assert (await store.put("test/written", NewValue("b"), soon())).version == "2"
        await store.delete("test/written", soon())
        assert (await store.create("test/written", NewValue("c"), soon())).version == "3"
        with pytest.raises(Denied):
            await store.create("prod/written", NewValue("a"), soon())
    finally:
        grant(bao, "test")
        await store.close()


async def test_a_role_without_the_policy_default_tells_a_dead_token_from_a_refusal(
    bao: OpenBao, store_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The role may not look up its own token; Vault's words are enough."""
    monkeypatch.setattr("secret_sidecar.vaults.identity.refreshing.RENEWED_LATELY", 0.0)
    store = store_of("test", "test")
    assert (await store.get("test/database-password", soon())).value == "hunter2-test"
    bao("PUT", "sys/leases/revoke-prefix/auth/jwt/login", {"sync": True})
    assert (await store.get("test/database-password", soon())).value == "hunter2-test"
    bao("PUT", "sys/policies/acl/test", {"policy": '{"path": {}}'})
    try:
        with pytest.raises(Denied):
            await store.get("test/database-password", soon())
    finally:
        grant(bao, "test")
        await store.close()
