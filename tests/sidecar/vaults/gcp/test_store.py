"""Secret Manager through the store: versions, aliases, states, bytes, and writes."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from local.google.policies import ROLES
from secret_names import InvalidName
from secret_sidecar.errors import (
    AlreadyExists,
    BadRequest,
    Deleted,
    Denied,
    Disabled,
    NotFound,
    ValueRefused,
)
from secret_sidecar.reading.freshness import Fresh
from secret_sidecar.reading.metrics import Metrics
from secret_sidecar.vaults.gcp.crc32c import crc32c
from secret_sidecar.vaults.gcp.store import GcpStore, open_store
from secret_sidecar.vaults.store import NewValue, Written
from tests.fakes.google import NUMBER, PROVIDER, FakeGoogle, Stored, members
from tests.sidecar.conftest import StartSidecar, soon
from tests.sidecar.support.caller import ask
from tests.sidecar.vaults.gcp.conftest import SUBJECT, Pod, binding

pytestmark = pytest.mark.anyio

OWN = "test/database-password"
WATCHER = "projects/my-project/roles/secretVersionWatcher"
(PRINCIPAL,) = members(PROVIDER, SUBJECT)


@pytest.fixture
async def store(pod: Pod) -> AsyncIterator[GcpStore]:
    """A store with the pod's identity."""
    store = open_store(pod.settings())
    yield store
    await store.close()


@pytest.fixture
def stored(google: FakeGoogle) -> Stored:
    """A secret with three versions, and an alias for the first."""
    google.secrets["test--database-password"] = Stored([b"one", b"two", b"three"], aliases={"prior": 1})
    return google.secrets["test--database-password"]


async def test_the_latest_version_is_read(stored: Stored, store: GcpStore) -> None:
    """Its number is the version, and the identity is the principal that a binding names."""
    secret = await store.get(OWN, soon())
    assert (secret.name, secret.value, secret.version, secret.encoding) == (OWN, "three", "3", None)
    assert secret.identity == PRINCIPAL
    stored.versions.append(b"four")
    assert (await store.get(OWN, soon())).value == "four"


async def test_a_version_is_read_by_its_number_or_its_alias(stored: Stored, store: GcpStore) -> None:
    """An alias is what a stage is elsewhere."""
    assert (await store.get(OWN, soon(), version="2")).value == "two"
    assert (await store.get(OWN, soon(), stage="prior")).version == "1"
    assert (await store.get(OWN, soon(), stage="latest")).version == "3"
    with pytest.raises(NotFound):
        await store.get(OWN, soon(), version="4")
    with pytest.raises(NotFound):
        await store.get(OWN, soon(), stage="next")


@pytest.mark.parametrize(
    ("version", "stage", "message"),
    [
        ("latest", None, "'latest': expected a version's number, such as '3'"),
        ("1:access", None, "expected a version's number"),
        ("٣", None, "expected a version's number"),
        ("", None, "expected a version's number"),
        (None, "1", "'1': expected a version's alias"),
        (None, "a/b", "expected a version's alias"),
        (None, "", "expected a version's alias"),
        ("1", "prior", "expected one of them"),
    ],
)
async def test_what_names_no_version_is_not_asked_for(
    version: str | None, stage: str | None, message: str, google: FakeGoogle, store: GcpStore
) -> None:
    """Nothing of it reaches a URL."""
    with pytest.raises(BadRequest, match=message):
        await store.get(OWN, soon(), version=version, stage=stage)
    assert google.server.asked == []


async def test_bytes_that_are_no_text_come_as_base64(google: FakeGoogle, store: GcpStore) -> None:
    """Secret Manager keeps bytes: what is UTF-8 is text."""
    secret = await store.get("test/key", soon())
    assert (secret.value, secret.encoding) == ("AAH+/w==", "base64")
    google.secrets["test--key"].versions.append("é漢\U0001f511\x00".encode())
    secret = await store.get("test/key", soon())
    assert (secret.value, secret.encoding) == ("é漢\U0001f511\x00", None)


@pytest.mark.parametrize(("state", "kind"), [("DISABLED", Disabled), ("DESTROYED", Deleted)])
async def test_a_version_that_is_not_enabled_is_gone(
    state: str, kind: type[Exception], stored: Stored, google: FakeGoogle, store: GcpStore
) -> None:
    """The latest is the newest, whatever its state; an earlier one can be read by number."""
    stored.states[3] = state
    google.bindings.append(binding(PRINCIPAL, "test--", "roles/secretmanager.viewer"))
    with pytest.raises(kind, match="this version of 'test/database-password'"):
        await store.get(OWN, soon())
    with pytest.raises(kind):
        await store.current_version(OWN, soon())
    assert (await store.get(OWN, soon(), version="2")).value == "two"
    del stored.states[3]
    assert (await store.get(OWN, soon())).value == "three"


@pytest.mark.parametrize("role", ["roles/secretmanager.viewer", WATCHER])
async def test_the_current_version_needs_a_permission_of_its_own(
    role: str, stored: Stored, google: FakeGoogle, store: GcpStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An accessor may not look at versions; a viewer may, or a role of that alone. The value is not read for it."""
    monkeypatch.setitem(ROLES, WATCHER, {"secretmanager.versions.get"})
    with pytest.raises(Denied):
        await store.current_version(OWN, soon())
    google.bindings.append(binding(PRINCIPAL, "test--", role))
    assert await store.current_version(OWN, soon()) == "3"
    assert not any("access" in request for request in google.server.asked)


async def test_an_accessors_values_are_kept_though_it_may_not_look(
    stored: Stored, google: FakeGoogle, store: GcpStore
) -> None:
    """But for the first look, which might be news; once it may not read either, nothing is served."""
    fresh = Fresh(store, Metrics(), ttl=600)
    cached = []
    for _ in range(4):
        cached.append((await fresh.get(OWN, soon())).cached)
        with pytest.raises(Denied):
            await fresh.current_version(OWN, soon())
    assert cached == [None, None, "fresh", "fresh"]
    google.bindings.clear()
    with pytest.raises(Denied):
        await fresh.get(OWN, soon(), version="3")
    with pytest.raises(Denied):
        await fresh.get(OWN, soon())


async def test_an_accessor_is_known_to_the_vault(google: FakeGoogle, store: GcpStore) -> None:
    """The probe reads no value, and a refusal of it is an answer."""
    for name in (OWN, "test/missing", "prod/database-password"):
        await store.probe(name, soon())
    assert not any("access" in request for request in google.server.asked)


async def test_writing(google: FakeGoogle, store: GcpStore) -> None:
    """A secret is created, given another value, and deleted for good, by whom a binding lets."""
    for write in (store.put(OWN, NewValue("x"), soon()), store.create("test/new", NewValue("x"), soon())):
        with pytest.raises(Denied):
            await write
    google.bindings.append({"role": "roles/secretmanager.admin", "members": [PRINCIPAL]})
    assert await store.create("test/new", NewValue("one"), soon()) == Written("1", PRINCIPAL)
    with pytest.raises(AlreadyExists):
        await store.create("test/new", NewValue("two"), soon())
    assert await store.put("test/new", NewValue("AAH+/w==", "base64"), soon()) == Written("2", PRINCIPAL)
    assert google.secrets["test--new"].versions == [b"one", b"\x00\x01\xfe\xff"]
    assert await store.delete("test/new", soon()) == Written(None, PRINCIPAL)
    for gone in (store.get("test/new", soon()), store.put("test/new", NewValue("x"), soon())):
        with pytest.raises(NotFound):
            await gone


async def test_creating_is_asked_of_the_project(google: FakeGoogle, store: GcpStore) -> None:
    """So a condition on the names of secrets, which lets new versions be written, lets none be created."""
    google.bindings.append(binding(PRINCIPAL, "test--", "roles/secretmanager.admin"))
    assert (await store.put(OWN, NewValue("x"), soon())).version == "2"
    with pytest.raises(Denied):
        await store.create("test/new", NewValue("x"), soon())


async def test_a_secret_that_has_no_version_yet_is_completed_by_put(google: FakeGoogle, store: GcpStore) -> None:
    """Creating takes two calls; what the first has left is no obstacle."""
    google.bindings.append({"role": "roles/secretmanager.admin", "members": [PRINCIPAL]})
    google.secrets["test--new"] = Stored()
    with pytest.raises(NotFound):
        await store.get("test/new", soon())
    assert (await store.put("test/new", NewValue("x"), soon())).version == "1"


@pytest.mark.parametrize(
    "value",
    [NewValue(""), NewValue("x" * 65537), NewValue("not base64!", "base64"), NewValue("\ud800")],
    ids=["empty", "too long", "no base64", "no text"],
)
async def test_a_value_that_cannot_be_kept_is_refused(value: NewValue, google: FakeGoogle, store: GcpStore) -> None:
    """The name is not blamed."""
    google.bindings.append({"role": "roles/secretmanager.admin", "members": [PRINCIPAL]})
    with pytest.raises(ValueRefused):
        await store.put(OWN, value, soon())


@pytest.mark.parametrize("name", ["test/DATABASE_PASSWORD", "test/a.b", "test/a--b", "Prod/x", "test//x"])
async def test_what_only_aws_can_spell_is_refused(name: str, store: GcpStore) -> None:
    """And the message says how a name is spelled."""
    with pytest.raises(InvalidName, match="expected lowercase letters and digits with single hyphens"):
        store.spelling.full_name(name, "")


async def test_a_name_of_the_vaults_own(google: FakeGoogle, store: GcpStore) -> None:
    """Read, looked at and written under the id that Secret Manager has."""
    google.bindings.append({"role": "roles/secretmanager.admin", "members": [PRINCIPAL]})
    google.secrets["test--DB_Password"] = Stored([b"old"])
    name = store.spelling.full_name("exact:test--DB_Password", "test/")
    assert (await store.get(name, soon())).value == "old"
    await store.put(name, NewValue("new"), soon())
    assert ((await store.get(name, soon())).value, await store.current_version(name, soon())) == ("new", "2")


async def test_the_whole_sidecar(pod: Pod, start: StartSidecar) -> None:
    """Over HTTP: ready, 200, and a 403 that names the principal and says that Google decided."""
    sidecar = await start(replace(pod.settings(), port=0, health_port=0))
    await sidecar.readiness.wait()
    own = await ask(sidecar.port, "/v1/secrets/database-password")
    assert own.json == {"name": OWN, "value": "hunter2-test", "version": "1"}
    foreign = await ask(sidecar.port, "/v1/secrets/prod/database-password")
    assert (foreign.status, foreign.json["code"], foreign.json["backend"]) == (403, "PERMISSION_DENIED", "gcp")
    assert foreign.json["identity"] == PRINCIPAL
    assert foreign.json["detail"].endswith(
        "or there is no such secret; if a role was just bound, it takes some minutes to act"
    )
    assert (await ask(sidecar.port, "/v1/secrets/A_b")).status == 400


@pytest.mark.parametrize(
    ("data", "checksum"),
    [
        (b"", 0),
        (b"123456789", 0xE3069283),
        (bytes(32), 0x8A9136AA),
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
        (bytes(range(31, -1, -1)), 0x113FDB5C),
    ],
)
def test_the_checksum(data: bytes, checksum: int) -> None:
    """The values of RFC 3720, appendix B.4."""
    assert crc32c(data) == checksum


@given(data=st.binary(max_size=40), length=st.integers(0, 5000), seed=st.integers(0, 255))
@example(b"", 65536, 1)
@example(b"\x01", 65535, 0)
def test_the_checksum_of_long_data_is_the_same_as_bit_by_bit(data: bytes, length: int, seed: int) -> None:
    """However it was folded, whatever its length."""
    data += bytes((number * number + seed) % 251 for number in range(length))
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    assert crc32c(data) == crc ^ 0xFFFFFFFF


async def test_a_value_that_arrives_damaged_is_not_given_away(google: FakeGoogle, store: GcpStore) -> None:
    """The checksum that it came with does not fit."""
    name = f"projects/{NUMBER}/secrets/test--database-password/versions/1"
    payload = {"data": base64.b64encode(b"hunter3").decode(), "dataCrc32c": str(crc32c(b"hunter2"))}
    with pytest.raises(Exception, match="CRC-32C") as error:
        await answered(google, store, {"name": name, "payload": payload})
    assert "hunter" not in str(error.value)
    payload["dataCrc32c"] = str(crc32c(b"hunter3"))
    assert await answered(google, store, {"name": name, "payload": payload}) == "hunter3"


async def answered(google: FakeGoogle, store: GcpStore, document: object) -> str:
    """Read while Secret Manager answers this."""
    from tests.fakes.server import Reply

    google.server.is_faulty = lambda path: "/secrets/" in path
    google.server.faults.append(Reply(document))
    return (await store.get(OWN, soon())).value
