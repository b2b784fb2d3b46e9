"""Many secrets in one request: what could be read is served, what could not is told by name."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest

from secret_sidecar.api import batch
from secret_sidecar.api.memory_budget import BUDGET
from secret_sidecar.settings import Settings
from tests.fakes import aws as fake_aws
from tests.fakes.aws import FakeAws
from tests.sidecar.conftest import StartSidecar
from tests.sidecar.support.caller import ask, send
from tests.sidecar.support.waiting import until

pytestmark = pytest.mark.anyio

PATH = "/v1/secrets:batchGet"
FIRST, SECOND = "1" * 32, "2" * 32


def asked_for(aws: FakeAws) -> list[str]:
    """The names whose values the vault was asked for."""
    return [name for action, name in aws.asked if action == "GetSecretValue"]


async def test_what_failed_is_told_by_name_and_the_rest_is_served(
    aws: FakeAws, start: StartSidecar, static_settings: Settings
) -> None:
    """Each problem is the document that a read of that name alone would have given; the order is kept."""
    aws.deleted.add("test/key")
    sidecar = await start(static_settings)
    names = ["missing", "database-password", "prod/database-password", "b a d", "key", "test/x%2Fy"]
    got = await send(sidecar.port, PATH, {"names": names})
    assert (got.status, got.headers["cache-control"]) == (200, "no-store")
    assert got.json["secrets"] == [{"name": "test/database-password", "value": "hunter2-test", "version": "version-1"}]
    assert [(problem["name"], problem["status"]) for problem in got.json["errors"]] == [
        ("test/missing", 404),
        ("prod/database-password", 403),
        ("b a d", 400),
        ("test/key", 410),
        ("test/x%2Fy", 400),
    ]
    alone = await ask(sidecar.port, "/v1/secrets/prod/database-password")
    assert got.json["errors"][1] == alone.json


async def test_a_name_asked_for_twice_is_read_once(
    aws: FakeAws, start: StartSidecar, static_settings: Settings
) -> None:
    """In any spelling."""
    sidecar = await start(static_settings)
    names = ["database-password", "test/database-password", {"name": "database-password"}, "missing", "missing"]
    got = await send(sidecar.port, PATH, {"names": names})
    assert (len(got.json["secrets"]), len(got.json["errors"])) == (1, 1)
    assert sorted(asked_for(aws)) == ["test/database-password", "test/missing"]


async def test_fields_of_a_secret_come_from_one_call(
    aws: FakeAws, start: StartSidecar, static_settings: Settings
) -> None:
    """So a user and a password always belong together; other versions are other calls."""
    aws.put("test/database", '{"user": "a", "password": "s3cr3t"}', FIRST)
    aws.put("test/database", '{"user": "b", "password": "t4ci7"}', SECOND)
    sidecar = await start(static_settings)
    name = "database"
    names = [
        {"name": name, "key": "user"},
        {"name": name, "key": "password"},
        {"name": name, "key": "host"},
        {"name": name, "key": "user", "stage": "AWSPREVIOUS"},
        {"name": name, "key": "user", "version": FIRST},
    ]
    got = await send(sidecar.port, PATH, {"names": names})
    full = {"name": "test/database"}
    assert got.json["secrets"] == [
        {**full, "key": "user", "value": "b", "version": SECOND},
        {**full, "key": "password", "value": "t4ci7", "version": SECOND},
        {**full, "key": "user", "value": "a", "version": FIRST, "stage": "AWSPREVIOUS"},
        {**full, "key": "user", "value": "a", "version": FIRST},
    ]
    (problem,) = got.json["errors"]
    assert (problem["status"], problem["name"], problem["key"]) == (404, "test/database", "host")
    assert len(asked_for(aws)) == 3


async def test_calls_are_made_side_by_side_but_not_all_at_once(
    aws: FakeAws, start: StartSidecar, static_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every read waits until as many as may be under way are: more never are."""
    monkeypatch.setattr(batch, "SIDE_BY_SIDE", 3)
    sidecar = await start(static_settings)
    await sidecar.readiness.wait()
    store, under_way, most, full = sidecar._store, 0, 0, asyncio.Event()
    get = store.get

    async def counted(name: str, deadline: float, **selection: str | None) -> object:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        if under_way == 3:
            full.set()
        await full.wait()
        try:
            return await get(name, deadline, **selection)
        finally:
            under_way -= 1

    monkeypatch.setattr(store, "get", counted)
    got = await send(sidecar.port, PATH, {"names": [f"name-{number}" for number in range(12)]})
    assert ([problem["status"] for problem in got.json["errors"]], most) == ([404] * 12, 3)


async def test_one_deadline_holds_for_all(
    aws: FakeAws, start: StartSidecar, static_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names that waited behind a call that hangs get a 504, and the vault is not called for them."""
    monkeypatch.setattr(batch, "SIDE_BY_SIDE", 1)
    sidecar = await start(replace(static_settings, timeout=0.2))
    await sidecar.readiness.wait()
    aws.faults.extend([asyncio.Event()] * 2)  # over the connection that was kept, and over a new one
    got = await send(sidecar.port, PATH, {"names": ["a", "b", "c"]})
    assert [problem["status"] for problem in got.json["errors"]] == [504, 504, 504]
    assert asked_for(aws) == []


@pytest.mark.parametrize(
    ("document", "detail"),
    [
        ([], "not a JSON object"),
        ({}, "1 to 100 names"),
        ({"names": []}, "1 to 100 names"),
        ({"names": ["a"] * 101}, "1 to 100 names"),
        ({"names": "a"}, "1 to 100 names"),
        ({"names": [1]}, "expected each to be a name"),
        ({"names": [None]}, "expected each to be a name"),
        ({"names": [{"key": "a"}]}, "expected each to be a name"),
        ({"names": [{"name": "a", "kee": "b"}]}, "'kee': expected one of version, stage, key"),
        ({"names": [{"name": "a", "key": 1}]}, "key: expected"),
        ({"names": [{"name": "a", "key": ""}]}, "key: expected"),
        ({"names": ["a"], "name": "b"}, "'name': expected no members but names"),
    ],
    ids=repr,
)
async def test_a_body_that_is_not_as_described_is_a_bad_request(
    document: object, detail: str, aws: FakeAws, start: StartSidecar, static_settings: Settings
) -> None:
    """The detail says what was expected, and the vault is not called."""
    got = await send((await start(static_settings)).port, PATH, document)
    assert (got.status, got.json["type"]) == (400, "urn:secret-access:problem:bad-request")
    assert detail in got.json["detail"]
    assert asked_for(aws) == []


@pytest.mark.parametrize(
    ("body", "media_type", "status"),
    [
        (b"{", "application/json", 400),
        (b"\xff", "application/json", 400),
        (b"[" * 60_000, "application/json", 400),
        (b'{"names": ["a"]}', "text/plain", 415),
        (b'{"names": ["a"]}', None, 415),
        (b'{"names": ["a"]}', "Application/JSON; charset=utf-8", 200),
        (b" " * (batch.MAX_BODY + 1), "application/json", 413),
        (json.dumps({"names": ["a"]}).encode().ljust(batch.MAX_BODY), "application/json", 200),
    ],
    ids=lambda value: repr(value)[:30],
)
async def test_a_body_is_json_and_bounded(
    body: bytes, media_type: str | None, status: int, start: StartSidecar, static_settings: Settings
) -> None:
    """And marked as JSON, which no web page can send to localhost unasked."""
    headers = {"Content-Type": media_type} if media_type else {}
    got = await ask((await start(static_settings)).port, PATH, "POST", headers, body=body)
    assert got.status == status
    assert got.headers["content-type"] == ("application/json" if status == 200 else "application/problem+json")


async def test_only_post_asks_for_many(start: StartSidecar, static_settings: Settings) -> None:
    """And without a query."""
    sidecar = await start(static_settings)
    got = await ask(sidecar.port, PATH)
    assert (got.status, got.headers["allow"]) == (405, "POST")
    assert (await send(sidecar.port, f"{PATH}?key=a", {"names": ["a"]})).status == 400


async def test_a_defect_is_a_500_for_all(
    start: StartSidecar, static_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unexpected exception is not hidden among expected failures."""
    sidecar = await start(static_settings)
    await sidecar.readiness.wait()

    def broken(*_: object) -> None:
        raise RuntimeError("s3cr3t")

    monkeypatch.setattr("secret_sidecar.vaults.aws.store._secret", broken)
    got = await send(sidecar.port, PATH, {"names": ["database-password", "key"]})
    assert (got.status, b"s3cr3t" in got.body) == (500, False)


async def test_throttling_of_some_is_no_matter_of_the_others(
    aws: FakeAws, start: StartSidecar, static_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that stays throttled has its 429 in the list."""
    monkeypatch.setattr("secret_sidecar.retry.FIRST_PAUSE", 0.0)
    monkeypatch.setattr(batch, "SIDE_BY_SIDE", 1)
    sidecar = await start(static_settings)
    await sidecar.readiness.wait()
    aws.faults.extend([fake_aws.error("ThrottlingException")] * 4)
    got = await send(sidecar.port, PATH, {"names": ["key", "database-password"]})
    assert [problem["status"] for problem in got.json["errors"]] == [429]
    assert [secret["name"] for secret in got.json["secrets"]] == ["test/database-password"]


async def test_as_many_as_have_a_turn_are_answered_at_a_time(
    aws: FakeAws, start: StartSidecar, static_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next one's names are asked for once there is no other."""
    monkeypatch.setattr(batch, "TURNS", 1)
    sidecar = await start(static_settings)
    await sidecar.readiness.wait()
    store, asked, gate = sidecar._store, [], asyncio.Event()
    get = store.get

    async def held(name: str, deadline: float, **selection: str | None) -> object:
        asked.append(name)
        await gate.wait()
        return await get(name, deadline, **selection)

    monkeypatch.setattr(store, "get", held)
    both = [asyncio.create_task(send(sidecar.port, PATH, {"names": [name]})) for name in ("key", "database-password")]
    await until(lambda: sidecar.metrics.requests_under_way == 2)
    assert len(asked) == 1
    gate.set()
    assert [len(got.json["secrets"]) for got in await asyncio.gather(*both)] == [1, 1]


async def test_one_without_a_turn_before_its_deadline_asks_for_nothing(
    aws: FakeAws, start: StartSidecar, static_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of its names gets a 504."""
    monkeypatch.setattr(batch, "TURNS", 0)
    sidecar = await start(replace(static_settings, timeout=0.1))
    await sidecar.readiness.wait()
    got = await send(sidecar.port, PATH, {"names": ["key", "database-password"]})
    assert [problem["status"] for problem in got.json["errors"]] == [504, 504]
    assert asked_for(aws) == []


async def test_what_finds_no_room_is_told_by_name(
    aws: FakeAws, start: StartSidecar, static_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rest is served, in as many parts as needed, and then the memory is free again."""
    monkeypatch.setattr(BUDGET, "most", 3500)
    monkeypatch.setattr(batch, "PART", 1)
    sidecar = await start(static_settings)
    for name in ("test/a", "test/b"):
        aws.put(name, "x" * 1000)
    for _ in range(2):
        got = await send(sidecar.port, PATH, {"names": ["a", "b"]})
        assert [secret["value"] for secret in got.json["secrets"]] == ["x" * 1000]
        assert [(error["name"], error["status"]) for error in got.json["errors"]] == [("test/b", 503)]
        assert got.json["errors"][0]["type"].endswith(":overloaded")
    got = await send(sidecar.port, PATH, {"names": ["a", "key", "database-password"]})
    assert (len(got.json["secrets"]), got.json["errors"], BUDGET.used) == (3, [], 0)
