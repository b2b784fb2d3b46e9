"""Key Vault through the store: versions, metadata, what is disabled or deleted, and writes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from local.azure.directory import RoleAssignment, Vault, Version
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
from secret_sidecar.vaults.azure.store import AzureStore
from secret_sidecar.vaults.store import NewValue, Written
from tests.fakes.azure import FakeAzure
from tests.sidecar.conftest import StartSidecar, soon
from tests.sidecar.support.caller import ask
from tests.sidecar.vaults.azure.conftest import CLIENT, Pod

pytestmark = pytest.mark.anyio

OWN = "test/database-password"
IDENTITY = f"client {CLIENT} of tenant 11111111-1111-1111-1111-111111111111"


@pytest.fixture
def vault(azure: FakeAzure) -> Vault:
    """The pod's own vault."""
    return azure.vaults["localhost"]


@pytest.fixture
def versions(vault: Vault) -> list[Version]:
    """Versions of a secret, older and newer; in Key Vault's own order, by id, the newest is in the middle."""
    made = [Version(f"value-{number}", 1_000 + number, id=f"{number * 3 % 8:032x}") for number in range(1, 8)]
    assert [version.id for version in sorted(made, key=lambda version: version.id)][-1] != made[-1].id
    vault.secrets["test--database-password"] = made
    return made


def may_write(azure: FakeAzure) -> None:
    """Let the pod's client write."""
    scope = azure.vaults["localhost"].id
    azure.assignments.append(RoleAssignment(CLIENT, "Key Vault Secrets Officer", scope))


async def test_the_newest_version_is_read(versions: list[Version], vault: Vault, store: AzureStore) -> None:
    """Its id is the version, and the identity and Azure's own id of the call come with it."""
    secret = await store.get(OWN, soon())
    assert (secret.name, secret.value, secret.version, secret.encoding) == (OWN, "value-7", versions[-1].id, None)
    assert (secret.identity, secret.request_id) == (IDENTITY, "request-1")
    vault.add("test--database-password", "rotated")
    assert (await store.get(OWN, soon())).value == "rotated"


async def test_a_version_is_read_by_its_id(versions: list[Version], store: AzureStore) -> None:
    """Of a version that is not there, that is told."""
    assert (await store.get(OWN, soon(), version=versions[1].id)).value == "value-2"
    with pytest.raises(NotFound):
        await store.get(OWN, soon(), version="f" * 32)


@pytest.mark.parametrize(
    ("version", "stage", "message"),
    [
        ("1", None, "'1': expected a version's id, 32 hexadecimal digits"),
        ("", None, "expected a version's id"),
        ("versions", None, "expected a version's id"),
        ("../" + "f" * 29, None, "expected a version's id"),
        (None, "AWSCURRENT", "expected none, because Azure Key Vault has only versions"),
    ],
)
async def test_what_names_no_version_is_not_asked_for(
    version: str | None, stage: str | None, message: str, azure: FakeAzure, store: AzureStore
) -> None:
    """Nothing of it reaches a URL."""
    with pytest.raises(BadRequest, match=message):
        await store.get(OWN, soon(), version=version, stage=stage)
    assert azure.server.asked == []


async def test_the_current_version_is_the_one_made_last(
    versions: list[Version], azure: FakeAzure, store: AzureStore
) -> None:
    """All pages of the list are looked at, for it is in no order; no value is read."""
    assert await store.current_version(OWN, soon()) == versions[-1].id == (await store.get(OWN, soon())).version
    assert azure.server.asked.count("GET /secrets/test--database-password/versions") == 3
    azure.server.asked.clear()
    await store.current_version(OWN, soon())
    assert "GET /secrets/test--database-password" not in azure.server.asked


@pytest.mark.parametrize("place", ["0" * 32, "f" * 32], ids=["first", "last"])
async def test_two_versions_of_one_second(place: str, versions: list[Version], store: AzureStore) -> None:
    """Only the vault knows which of them is the current one, wherever it stands in the list, so it is asked."""
    last = versions[-1]
    versions.append(Version("value-8", last.created, id=place))
    assert await store.current_version(OWN, soon()) == place


async def test_there_is_no_current_version_of_what_is_not_there(store: AzureStore) -> None:
    """Key Vault's list is empty then."""
    with pytest.raises(NotFound):
        await store.current_version("test/missing", soon())


async def test_a_disabled_version_is_gone(versions: list[Version], store: AzureStore) -> None:
    """Key Vault calls it forbidden, and tells within; an earlier version can be read by its id."""
    versions[-1].enabled = False
    with pytest.raises(Disabled) as error:
        await store.get(OWN, soon())
    assert (error.value.code, error.value.request_id) == ("SecretDisabled", "request-1")
    with pytest.raises(Disabled):
        await store.current_version(OWN, soon())
    assert (await store.get(OWN, soon(), version=versions[0].id)).value == "value-1"
    versions[-1].enabled = True
    assert (await store.get(OWN, soon())).value == "value-7"


async def test_key_vault_does_not_tell_upper_from_lower_case(vault: Vault, store: AzureStore) -> None:
    """A secret that somebody made as Test--Key answers to test/key; we ask for nothing else."""
    vault.add("Test--Key", "value")
    assert (await store.get("test/key", soon())).value == "value"


async def test_writing(azure: FakeAzure, vault: Vault, store: AzureStore) -> None:
    """A secret is created, given another value, and deleted so that it can be recovered, by whom a role lets."""
    for write in (store.put(OWN, NewValue("x"), soon()), store.create("test/new", NewValue("x"), soon())):
        with pytest.raises(Denied):
            await write
    may_write(azure)
    first = await store.create("test/new", NewValue("one"), soon())
    assert first == Written((await store.get("test/new", soon())).version, IDENTITY, "request-1")
    with pytest.raises(AlreadyExists):
        await store.create("test/new", NewValue("two"), soon())
    second = await store.put("test/new", NewValue("two"), soon())
    assert second.version != first.version
    assert (second.identity, second.request_id) == (IDENTITY, "request-1")
    assert (await store.get("test/new", soon())).value == "two"
    assert await store.delete("test/new", soon()) == Written(None, IDENTITY, "request-1")
    for gone in (store.get("test/new", soon()), store.put("test/new", NewValue("x"), soon())):
        with pytest.raises(NotFound):
            await gone
    with pytest.raises(Deleted, match="recover it, or purge it") as error:
        await store.create("test/new", NewValue("x"), soon())
    assert error.value.code == "ObjectIsDeletedButRecoverable"
    assert "test--new" in vault.deleted


@pytest.mark.parametrize("value", [NewValue("AAH+/w==", "base64"), NewValue("x" * 26_000), NewValue("\ud800")])
async def test_a_value_that_cannot_be_kept_is_refused(value: NewValue, azure: FakeAzure, store: AzureStore) -> None:
    """Key Vault keeps text, and no more than 25 KB; the name is not blamed."""
    may_write(azure)
    with pytest.raises(ValueRefused):
        await store.put(OWN, value, soon())


async def test_a_reader_is_known_to_the_vault(azure: FakeAzure, store: AzureStore) -> None:
    """The probe reads no value, and a refusal of it is an answer, unless it is for where we are."""
    await store.probe(OWN, soon())
    await store.probe("test/missing", soon())
    azure.assignments.clear()
    await store.probe(OWN, soon())
    assert not any(request.endswith("password") for request in azure.server.asked)
    azure.vaults["localhost"].firewall = "ForbiddenByFirewall"
    with pytest.raises(Denied):
        await store.probe(OWN, soon())


@pytest.mark.parametrize("name", ["test/DATABASE_PASSWORD", "test/a.b", "test/a--b", "Prod/x", "test//x"])
async def test_what_only_aws_can_spell_is_refused(name: str, store: AzureStore) -> None:
    """And the message says how a name is spelled."""
    with pytest.raises(InvalidName, match="expected lowercase letters and digits with single hyphens"):
        store.spelling.full_name(name, "")


async def test_a_name_of_the_vaults_own(vault: Vault, azure: FakeAzure, store: AzureStore) -> None:
    """Read, looked at and written under the name that Key Vault has, in whichever case."""
    may_write(azure)
    vault.add("Prod-Db--", "old")
    name = store.spelling.full_name("exact:Prod-Db--", "test/")
    assert (await store.get(name, soon())).value == "old"
    written = await store.put(name, NewValue("new"), soon())
    assert (await store.get(name, soon(), version=written.version)).value == "new"
    assert name == store.spelling.full_name("exact:PROD-DB--", "test/") == "exact:prod-db--"


async def test_the_whole_sidecar(pod: Pod, start: StartSidecar) -> None:
    """Over HTTP: ready, 200, and 403s that tell a denial from a firewall."""
    sidecar = await start(replace(pod.settings(), port=0, health_port=0))
    await sidecar.readiness.wait()
    own = await ask(sidecar.port, "/v1/secrets/database-password")
    assert (own.status, own.json["name"], own.json["value"]) == (200, OWN, "hunter2-test")
    scope = f"{pod.azure.assignments[0].scope}/secrets/test--database-password"
    pod.azure.assignments[0] = RoleAssignment(CLIENT, "Key Vault Secrets User", scope)
    foreign = await ask(sidecar.port, "/v1/secrets/prod/database-password")
    assert (foreign.status, foreign.json["code"], foreign.json["backend"]) == (403, "ForbiddenByRbac", "azure")
    assert (foreign.json["identity"], foreign.json["request_id"]) == (IDENTITY, "request-1")
    assert (
        "or there is no such secret; if a role was just assigned, it takes some minutes to act"
        in (foreign.json["detail"])
    )
    pod.azure.vaults["localhost"].firewall = "ForbiddenByFirewall"
    walled = await ask(sidecar.port, "/v1/secrets/database-password")
    assert (walled.status, walled.json["code"]) == (403, "ForbiddenByFirewall")
    assert "allow it in the vault's firewall" in walled.json["detail"]
