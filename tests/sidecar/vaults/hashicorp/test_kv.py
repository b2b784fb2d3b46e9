"""Values, versions and writes on a real OpenBao."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import pytest

from secret_sidecar.api.json_field import pick
from secret_sidecar.errors import (
    AlreadyExists,
    BadRequest,
    Conflict,
    Deleted,
    Denied,
    NotFound,
    Throttled,
    Unavailable,
    ValueRefused,
)
from secret_sidecar.http_client.http import Client
from secret_sidecar.http_client.origin import Origin
from secret_sidecar.vaults.hashicorp.jwt_login import JwtLogin
from secret_sidecar.vaults.hashicorp.store import VaultStore, open_store
from secret_sidecar.vaults.identity.refreshing import Refreshing
from secret_sidecar.vaults.store import NewValue, Secret, Written
from tests.sidecar.conftest import soon
from tests.sidecar.vaults.hashicorp.conftest import SettingsOf, only_own_secrets
from tests.sidecar.vaults.hashicorp.openbao import Cluster, OpenBao

pytestmark = pytest.mark.anyio


@pytest.fixture
async def store(settings_of: SettingsOf) -> AsyncIterator[VaultStore]:
    """The store of namespace test."""
    opened = open_store(settings_of())
    yield opened
    await opened.close()


async def get(store: VaultStore, name: str, version: str | None = None) -> Secret:
    return await store.get(name, soon(), version=version)


@pytest.mark.parametrize(
    ("data", "value", "encoding"),
    [
        ({"value": "hunter2"}, "hunter2", None),
        ({"value": ""}, "", None),
        ({"value": "grüße\n☃\x00"}, "grüße\n☃\x00", None),
        ({"value": "AAH+/w==", "encoding": "base64"}, "AAH+/w==", "base64"),
        ({"value": "not base64", "encoding": "base64"}, '{"encoding":"base64","value":"not base64"}', None),
        ({"value": "x", "encoding": "gzip"}, '{"encoding":"gzip","value":"x"}', None),
        ({"value": {"a": 1}}, '{"value":{"a":1}}', None),
        ({"username": "app", "password": "päss"}, '{"password":"päss","username":"app"}', None),
        ({"port": 5432, "ratio": 1.5}, '{"port":5432,"ratio":1.5}', None),
        ({}, "{}", None),
    ],
    ids=lambda value: repr(value)[:50],
)
async def test_what_a_map_is_as_a_value(
    data: dict[str, Any], value: str, encoding: str | None, bao: OpenBao, store: VaultStore
) -> None:
    """The one text under `value`, bytes that are marked so, else the whole as JSON."""
    bao.put("test/map", **data)
    secret = await get(store, "test/map")
    assert (secret.name, secret.value, secret.encoding) == ("test/map", value, encoding)
    assert secret.request_id


@pytest.mark.parametrize("number", ["1e-7", "-0", "1e+21"])
async def test_a_number_in_a_map_is_not_rewritten(number: str, bao: OpenBao, store: VaultStore) -> None:
    """As Vault spells it (it keeps numbers with the precision that it has), so the value says, whole or a field."""
    bao.put_text("test/number", f'{{"n": {number}, "user": "app"}}')
    secret = await get(store, "test/number")
    assert secret.value == f'{{"n":{number},"user":"app"}}'
    assert (pick(secret, "n").value, pick(secret, "user").value) == (number, "app")


async def test_versions(bao: OpenBao, store: VaultStore) -> None:
    """Each by its number; the latest without one, and by the metadata alone."""
    for number in ("1", "2", "3"):
        bao.put("test/versions", value=f"v{number}")
        assert await store.current_version("test/versions", soon()) == number
    for number in ("1", "2", "3"):
        secret = await get(store, "test/versions", number)
        assert (secret.value, secret.version) == (f"v{number}", number)
    assert (await get(store, "test/versions")).version == "3"
    with pytest.raises(NotFound, match="or it has no such version"):
        await get(store, "test/versions", "4")


@pytest.mark.parametrize("version", ["0", "-1", "01", "x", "1.0", "1&list=true", "9" * 30, "¹"])
async def test_what_is_no_version(version: str, store: VaultStore) -> None:
    """Vault would take 0 and -1 for the latest; nothing of it reaches Vault."""
    with pytest.raises(BadRequest, match="expected a version's number, such as '3'"):
        await get(store, "test/versions", version)


async def test_vault_has_no_stages(store: VaultStore) -> None:
    with pytest.raises(BadRequest, match="stage 'AWSCURRENT': Vault has no stages"):
        await store.get("test/database-password", soon(), stage="AWSCURRENT")


async def test_deleted_and_destroyed_versions(bao: OpenBao, store: VaultStore) -> None:
    """Told apart from what never was; an older version is still read by its number."""
    for number in (1, 2, 3):
        bao.put("test/gone", value=f"v{number}")
    bao("PUT", "secret/destroy/test/gone", {"versions": [1]})
    await store.delete("test/gone", soon())
    for version in (None, "1", "3"):
        with pytest.raises(Deleted) as gone:
            await get(store, "test/gone", version)
        assert gone.value.request_id
    with pytest.raises(Deleted):
        await store.current_version("test/gone", soon())
    with pytest.raises(Deleted):
        await store.delete("test/gone", soon())
    with pytest.raises(Deleted):
        await store.put("test/gone", NewValue("v4"), soon())
    assert (await get(store, "test/gone", "2")).value == "v2"
    bao("PUT", "secret/undelete/test/gone", {"versions": [3]})
    assert (await get(store, "test/gone")).value == "v3"
    assert await store.current_version("test/gone", soon()) == "3"


async def test_versions_that_are_to_be_deleted_some_day(bao: OpenBao, store: VaultStore) -> None:
    bao("POST", "secret/metadata/test/some-day", {"delete_version_after": "1h"})
    with pytest.raises(NotFound):
        await store.current_version("test/some-day", soon())
    bao.put("test/some-day", value="v1")
    assert (await get(store, "test/some-day")).value == "v1"
    assert await store.current_version("test/some-day", soon()) == "1"


async def test_writing(store: VaultStore) -> None:
    """A new one once, then new versions; text and bytes come back as they were."""
    with pytest.raises(NotFound):
        await store.put("test/new", NewValue("v1"), soon())
    first = await store.create("test/new", NewValue("v1 ☃"), soon())
    assert (first.version, first.identity) == ("1", (await get(store, "test/new")).identity)
    assert first.request_id
    with pytest.raises(AlreadyExists, match="Vault has a secret 'test/new' already"):
        await store.create("test/new", NewValue("v1"), soon())
    assert (await get(store, "test/new")).value == "v1 ☃"
    assert (await store.put("test/new", NewValue("AAH+/w==", "base64"), soon())).version == "2"
    secret = await get(store, "test/new")
    assert (secret.value, secret.encoding, secret.version) == ("AAH+/w==", "base64", "2")
    assert await store.delete("test/new", soon()) == Written(None, first.identity)
    assert (await store.create("test/new", NewValue("v3"), soon())).version == "3"
    assert (await get(store, "test/new")).value == "v3"


async def test_deleting_what_is_not_there(store: VaultStore) -> None:
    """Vault itself would report nothing."""
    with pytest.raises(NotFound):
        await store.delete("test/nothing", soon())


@pytest.mark.parametrize("value", [NewValue("\ud800"), NewValue("not base64", "base64")])
async def test_a_value_that_cannot_be_kept(value: NewValue, store: VaultStore) -> None:
    """Vault would store something else, and not report it."""
    for write in (store.create, store.put):
        with pytest.raises(ValueRefused):
            await write("test/odd", value, soon())
    with pytest.raises(NotFound):
        await get(store, "test/odd")


async def test_writers_at_the_same_time(store: VaultStore) -> None:
    """Each gets a version of its own, and none is lost; of creators one wins."""
    created = await asyncio.gather(
        *(store.create("test/race", NewValue(f"c{n}"), soon()) for n in range(4)), return_exceptions=True
    )
    assert [made.version for made in created if isinstance(made, Written)] == ["1"]
    assert sum(isinstance(outcome, AlreadyExists) for outcome in created) == 3
    written = await asyncio.gather(
        *(store.put("test/race", NewValue(f"p{n}"), soon()) for n in range(4)), return_exceptions=True
    )
    versions = [outcome.version for outcome in written if isinstance(outcome, Written)]
    assert len(set(versions)) == len(versions) > 0
    assert all(isinstance(outcome, Written | Conflict) for outcome in written)
    values = [(await get(store, "test/race", version)).value for version in versions]
    assert values == [f"p{n}" for n, outcome in enumerate(written) if isinstance(outcome, Written)]


async def test_a_reader_may_not_write(bao: OpenBao, store: VaultStore) -> None:
    """The policy says so, and where metadata is not granted either, probing is content with the refusal."""
    bao.policy("test", ("secret/data/test/*", "read"))
    try:
        for refused in (
            store.create("test/refused", NewValue("v"), soon()),
            store.put("test/database-password", NewValue("v"), soon()),
            store.delete("test/database-password", soon()),
            store.current_version("test/database-password", soon()),
        ):
            with pytest.raises(Denied):
                await refused
        await store.probe("test/database-password", soon())
    finally:
        only_own_secrets(bao, "test")
    await store.probe("test/database-password", soon())
    await store.probe("test/nothing", soon())


async def test_a_rate_limit(bao: OpenBao, settings_of: SettingsOf, monkeypatch: pytest.MonkeyPatch) -> None:
    """Vault's quota is told after retries, with how long to wait where Vault says so."""
    monkeypatch.setattr("secret_sidecar.retry.FIRST_PAUSE", 0.0)
    bao("POST", "sys/mounts/limited", {"type": "kv", "options": {"version": "2"}})
    bao("POST", "sys/quotas/rate-limit/limited", {"rate": 1, "interval": "1h", "path": "limited/"})
    limited = open_store(settings_of(SECRETS_VAULT_MOUNT="limited", VAULT_TOKEN=bao.root))
    with pytest.raises(NotFound):
        await get(limited, "test/nothing")
    with pytest.raises(Throttled, match="Vault has had too many requests") as throttled:
        await get(limited, "test/nothing")
    assert throttled.value.code == 'request path "limited/data/test/nothing": rate limit quota exceeded'
    await limited.close()


async def test_a_sealed_vault(bao: OpenBao, store: VaultStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not available, and serves again once it is unsealed."""
    monkeypatch.setattr("secret_sidecar.retry.FIRST_PAUSE", 0.0)
    await get(store, "test/database-password")
    bao("PUT", "sys/seal")
    try:
        with pytest.raises(Unavailable, match="Vault is not available: Vault is sealed") as sealed:
            await get(store, "test/database-password")
        assert sealed.value.code == "Vault is sealed"
    finally:
        bao.unseal()
    await asyncio.to_thread(wait_until_active, bao)
    assert (await get(store, "test/database-password")).value == "hunter2-test"


def wait_until_active(bao: OpenBao) -> None:
    """Mounting everything again takes it a moment."""
    while bao("GET", "sys/health?standbyok=true&sealedcode=200").get("sealed"):
        time.sleep(0.02)


async def test_a_token_is_replaced_ahead_of_its_end(bao: OpenBao, cluster: Cluster) -> None:
    """By a new login while the old one serves; the lease tells when that is."""
    now = time.time()
    clock = [now]
    logins = []

    def token() -> str:
        logins.append(clock[0])
        return cluster.token("test")

    client = Client(Origin.parse(bao.url))
    source = Refreshing(JwtLogin(client, "jwt", "test", "", token), 60, lambda: clock[0])
    first = await source.get(soon())
    assert first.expires is not None
    assert 3590 < first.expires - now <= 3610
    assert "token" not in repr(first)
    clock[0] = now + 2600
    assert await source.get(soon()) is first
    clock[0] = now + 2800
    assert await source.get(soon()) is first
    task = source._task
    assert task is not None
    second = await task
    assert second.token != first.token
    assert await source.get(soon()) is second
    assert logins == [now, now + 2800]
    await source.close()


@pytest.mark.parametrize(
    "own", ["Db_Password.v2", "My App/key", "a?b#c", "a:b@c;d=e+f&g", "~'\"<>[]{}|^`", "(*)!$", "a.../..b", "x" * 500]
)
async def test_a_name_of_vaults_own(own: str, bao: OpenBao, store: VaultStore) -> None:
    """Made, read and looked at; Vault lists it under that very name, so nothing of it was taken for something else."""
    name = store.spelling.full_name(f"exact:test/{own}", "test/")
    assert name == f"exact:test/{own}"
    await store.create(name, NewValue("s3cr3t"), soon())
    assert (await get(store, name)).value == "s3cr3t"
    assert await store.current_version(name, soon()) == "1"
    folder, _, last = own.rpartition("/")
    listed = bao("LIST", f"secret/metadata/test/{quote(folder)}")["data"]["keys"]
    assert last in listed
    await store.delete(name, soon())


async def test_what_is_no_portable_name(store: VaultStore) -> None:
    """It never reaches Vault, whose paths it would change."""
    for name in ("test/../prod/database-password", "test/A", "test/a?version=1", "/test", "test//a", "test/a%2Fb"):
        with pytest.raises(ValueError, match="secret name"):
            store.spelling.full_name(name, "")
