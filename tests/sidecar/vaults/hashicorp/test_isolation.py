"""Who gets in, and what they may read: decided by a real OpenBao."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from secret_sidecar.errors import (
    CredentialsRefused,
    Denied,
    IdentityUnavailable,
)
from secret_sidecar.vaults.hashicorp.store import open_store
from tests.sidecar.conftest import StartSidecar, soon
from tests.sidecar.support.caller import ask
from tests.sidecar.vaults.hashicorp.conftest import SettingsOf, only_own_secrets, outcome
from tests.sidecar.vaults.hashicorp.openbao import Cluster, OpenBao

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("namespace", ["test", "prod"])
async def test_a_namespace_reads_its_own_secrets_and_no_others(namespace: str, settings_of: SettingsOf) -> None:
    """What does not exist is told apart from what is refused only where the role may know."""
    store = open_store(settings_of(namespace))
    other = {"test": "prod", "prod": "test"}[namespace]
    assert await outcome(store, f"{namespace}/database-password") == f"hunter2-{namespace}"
    assert await outcome(store, f"{namespace}/nothing") == "NotFound"
    assert await outcome(store, f"{other}/database-password") == "Denied"
    assert await outcome(store, f"{other}/nothing") == "Denied"
    assert await outcome(store, f"{namespace}-eu/nothing") == "Denied"
    await store.close()


async def test_a_widened_policy_turns_the_refusal(bao: OpenBao, settings_of: SettingsOf) -> None:
    """So it was the policy that refused, and nothing of ours."""
    store = open_store(settings_of())
    assert await outcome(store, "prod/database-password") == "Denied"
    bao.policy("test", ("secret/data/*", "read"))
    try:
        assert await outcome(store, "prod/database-password") == "hunter2-prod"
    finally:
        only_own_secrets(bao, "test")
    assert await outcome(store, "prod/database-password") == "Denied"
    await store.close()


async def test_a_refusal_says_who_was_refused(settings_of: SettingsOf) -> None:
    """The role, Vault's own words, and that the name may not exist."""
    store = open_store(settings_of())
    with pytest.raises(Denied) as denied:
        await store.get("prod/database-password", soon())
    assert str(denied.value) == (
        "Vault refused 'prod/database-password' to auth/jwt/role/test, or there is no such secret"
    )
    assert (denied.value.code, denied.value.identity) == ("permission denied", "auth/jwt/role/test")
    await store.close()


NOW = int(time.time())
REFUSED_TOKENS: dict[str, Callable[[Cluster], str]] = {
    "another namespace's": lambda cluster: cluster.token("prod"),
    "another account's": lambda cluster: cluster.token("test", account="default"),
    "for another audience": lambda cluster: cluster.token("test", audience="sts.amazonaws.com"),
    "expired": lambda cluster: cluster.token("test", iat=NOW - 9000, nbf=NOW - 9000, exp=NOW - 900),
    "not yet valid": lambda cluster: cluster.token("test", nbf=NOW + 9000, exp=NOW + 9900),
    "of another issuer": lambda cluster: cluster.token("test", iss="https://other.example"),
    "forged": lambda _: Cluster().token("test"),
    "no token": lambda _: "a.b.c",
}


@pytest.mark.parametrize("kind", REFUSED_TOKENS)
async def test_a_token_that_is_not_the_roles_gets_nothing(kind: str, cluster: Cluster, settings_of: SettingsOf) -> None:
    """A login that is refused is an identity that is not available, and nothing of the token is told."""
    token = REFUSED_TOKENS[kind](cluster)
    store = open_store(settings_of(token=token))
    with pytest.raises(IdentityUnavailable, match="Vault refused the login to auth/jwt/role/test: ") as refusal:
        await store.get("test/database-password", soon())
    assert type(refusal.value) is IdentityUnavailable
    assert refusal.value.code
    assert not any(part in str(refusal.value) for part in token.split(".") if len(part) > 1)
    await store.close()


async def test_a_role_or_a_mount_of_auth_that_is_not_there(settings_of: SettingsOf) -> None:
    """Vault tells the one, and hides the other."""
    for more in ({"SECRETS_VAULT_ROLE": "nobody"}, {"SECRETS_VAULT_AUTH_PATH": "nowhere"}):
        store = open_store(settings_of(**more))
        with pytest.raises(IdentityUnavailable, match="Vault refused the login to auth/"):
            await store.get("test/database-password", soon())
        await store.close()


async def test_the_api_answers_as_vault_decided(start: StartSidecar, settings_of: SettingsOf) -> None:
    """200, 403 with the identity and Vault's words, 404, and ready after the vault has answered."""
    sidecar = await start(replace(settings_of(), port=0, health_port=0))
    got = await ask(sidecar.port, "/v1/secrets/database-password")
    assert (got.status, got.json["value"], got.json["version"]) == (200, "hunter2-test", "1")
    got = await ask(sidecar.port, "/v1/secrets/prod/database-password")
    assert (got.status, got.json["backend"], got.json["identity"]) == (403, "vault", "auth/jwt/role/test")
    assert got.json["code"] == "permission denied"
    assert "or there is no such secret" in got.json["detail"]
    assert (await ask(sidecar.port, "/v1/secrets/nothing")).status == 404
    await sidecar.readiness.wait()


async def test_a_token_that_was_revoked_is_replaced_at_once(
    bao: OpenBao, settings_of: SettingsOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Vault says no more than that permission is denied; whether it is the token, only a look at it tells."""
    monkeypatch.setattr("secret_sidecar.vaults.identity.refreshing.RENEWED_LATELY", 0.0)
    store = open_store(settings_of())
    assert await outcome(store, "test/database-password") == "hunter2-test"
    bao("PUT", "sys/leases/revoke-prefix/auth/jwt/login", {"sync": True})
    assert await outcome(store, "test/database-password") == "hunter2-test"
    bao("PUT", "sys/leases/revoke-prefix/auth/jwt/login", {"sync": True})
    assert await outcome(store, "prod/database-password") == "Denied"
    await store.close()


async def test_an_access_that_was_taken_away_is_a_refusal_at_once(bao: OpenBao, settings_of: SettingsOf) -> None:
    """The token lives on, the policy does not."""
    store = open_store(settings_of())
    assert await outcome(store, "test/database-password") == "hunter2-test"
    bao.policy("test", ("secret/data/nothing", "read"))
    try:
        assert await outcome(store, "test/database-password") == "Denied"
    finally:
        only_own_secrets(bao, "test")
    await store.close()


async def test_a_given_token(bao: OpenBao, settings_of: SettingsOf) -> None:
    """VAULT_TOKEN goes before a role; one that Vault does not know is no identity."""
    made = bao("POST", "auth/token/create", {"policies": ["prod"], "ttl": "1h"})["auth"]["client_token"]
    store = open_store(settings_of(VAULT_TOKEN=made))
    assert await outcome(store, "prod/database-password") == "hunter2-prod"
    assert await outcome(store, "test/database-password") == "Denied"
    await store.close()
    store = open_store(settings_of(VAULT_TOKEN="s.unknown"))
    with pytest.raises(CredentialsRefused, match="did not accept the token of VAULT_TOKEN") as refusal:
        await store.get("test/database-password", soon())
    assert "s.unknown" not in str(refusal.value)
    await store.close()


async def test_a_laptops_login(
    bao: OpenBao, settings_of: SettingsOf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What `vault login` left is used, and read anew when it has ended."""
    monkeypatch.setattr("secret_sidecar.vaults.identity.refreshing.RENEWED_LATELY", 0.0)
    file = tmp_path / ".vault-token"
    file.write_text(bao("POST", "auth/token/create", {"policies": ["test"]})["auth"]["client_token"])
    store = open_store(settings_of(SECRETS_VAULT_ROLE="", SECRETS_VAULT_JWT_FILE="", HOME=str(tmp_path)))
    assert await outcome(store, "test/database-password") == "hunter2-test"
    bao("PUT", "sys/leases/revoke-prefix/auth/token/create", {"sync": True})
    assert await outcome(store, "test/database-password") == "CredentialsRefused"
    file.write_text(bao("POST", "auth/token/create", {"policies": ["test"]})["auth"]["client_token"] + "\n")
    assert await outcome(store, "test/database-password") == "hunter2-test"
    await store.close()


async def test_vaults_own_namespaces(bao: OpenBao, cluster: Cluster, settings_of: SettingsOf) -> None:
    """Each has mounts, roles and policies of its own; without its name, or with another's, nothing is found there."""
    bao("POST", "sys/namespaces/team")
    bao("POST", "sys/mounts/team-kv", {"type": "kv", "options": {"version": "2"}}, "team")
    bao.trust(cluster, "clusters/one", "team")
    bao.policy("test", ("team-kv/data/test/*", "read"), namespace="team")
    bao.role("test", "clusters/one", "team")
    bao.put("test/database-password", "team", "team-kv", value="hunter2-team")
    more = {"SECRETS_VAULT_AUTH_PATH": "clusters/one", "SECRETS_VAULT_MOUNT": "team-kv"}
    store = open_store(settings_of(VAULT_NAMESPACE="team", **more))
    secret = await store.get("test/database-password", soon())
    assert (secret.value, secret.identity) == ("hunter2-team", "team/auth/clusters/one/role/test")
    await store.close()
    for namespace in ({}, {"VAULT_NAMESPACE": "nowhere"}):
        store = open_store(settings_of(**more, **namespace))
        with pytest.raises(IdentityUnavailable):
            await store.get("test/database-password", soon())
        await store.close()


@pytest.fixture
def issuer(cluster: Cluster) -> Iterator[str]:
    """A server that publishes the cluster's keys, as its API server does."""
    url = ""

    class Discovery(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            configuration = {
                "issuer": url,
                "jwks_uri": f"{url}/openid/v1/jwks",
                "id_token_signing_alg_values_supported": ["RS256"],
            }
            body = json.dumps(cluster.jwks if self.path.endswith("jwks") else configuration).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Discovery) as server:
        url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield url
        server.shutdown()
        thread.join()


async def test_keys_found_at_the_clusters_issuer(
    bao: OpenBao, cluster: Cluster, issuer: str, settings_of: SettingsOf
) -> None:
    """As on a cluster whose issuer Vault can reach: nothing is copied, and a forged token is refused still."""
    bao("POST", "sys/auth/discovered", {"type": "jwt"})
    bao("POST", "auth/discovered/config", {"oidc_discovery_url": issuer, "bound_issuer": issuer})
    bao.role("test", "discovered")
    store = open_store(settings_of(token=cluster.token("test", iss=issuer), SECRETS_VAULT_AUTH_PATH="discovered"))
    assert await outcome(store, "test/database-password") == "hunter2-test"
    await store.close()
    forged = Cluster().token("test", iss=issuer)
    store = open_store(settings_of(token=forged, SECRETS_VAULT_AUTH_PATH="discovered"))
    assert await outcome(store, "test/database-password") == "IdentityUnavailable"
    await store.close()
