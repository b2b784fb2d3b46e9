"""Which version of a secret, and which field of it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secret_sidecar.api.json_field import pick
from secret_sidecar.settings import Settings
from secret_sidecar.vaults.store import Secret
from tests.fakes.aws import FakeAws
from tests.sidecar.conftest import StartSidecar
from tests.sidecar.support.caller import ask

pytestmark = pytest.mark.anyio

FIRST, SECOND = "1" * 32, "2" * 32


@pytest.fixture
def aws(aws: FakeAws) -> FakeAws:
    """One secret has two versions, another several fields."""
    aws.put("test/rotated", "old", FIRST)
    aws.put("test/rotated", "new", SECOND)
    fields = {"user": "app", "port": 5432, "tls": True, "none": None, "hosts": ["a", "é"], "price": 1.5, "": "empty"}
    aws.put("test/database", json.dumps(fields), FIRST)
    return aws


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", {"value": "new", "version": SECOND}),
        (f"version={FIRST}", {"value": "old", "version": FIRST}),
        (f"version={SECOND}", {"value": "new", "version": SECOND}),
        ("stage=AWSPREVIOUS", {"value": "old", "version": FIRST, "stage": "AWSPREVIOUS"}),
        ("stage=AWSCURRENT", {"value": "new", "version": SECOND, "stage": "AWSCURRENT"}),
    ],
)
async def test_a_version_is_found_by_id_and_by_label(
    query: str, expected: dict[str, str], start: StartSidecar, static_settings: Settings
) -> None:
    """The answer says which version it is; what was asked for by its label is repeated."""
    got = await ask((await start(static_settings)).port, f"/v1/secrets/rotated?{query}")
    assert (got.status, got.json) == (200, {"name": "test/rotated", **expected})
    assert got.headers["etag"] == f'"{expected["version"]}"'


@pytest.mark.parametrize("query", [f"version={'3' * 32}", "stage=AWSPENDING"])
async def test_a_version_that_is_not_there_is_not_found(
    query: str, start: StartSidecar, static_settings: Settings
) -> None:
    """The problem repeats what was asked for."""
    got = await ask((await start(static_settings)).port, f"/v1/secrets/rotated?{query}")
    part, _, value = query.partition("=")
    assert (got.status, got.json["type"], got.json[part]) == (404, "urn:secret-access:problem:not-found", value)
    assert f"no {part} '{value}'" in got.json["detail"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("user", "app"),
        ("port", "5432"),
        ("tls", "true"),
        ("none", "null"),
        ("hosts", '["a", "\\u00e9"]'),
        ("price", "1.5"),
    ],
)
async def test_a_field_is_text_whatever_it_holds(
    key: str, value: str, start: StartSidecar, static_settings: Settings
) -> None:
    """Text as it is, all else as JSON text."""
    got = await ask((await start(static_settings)).port, f"/v1/secrets/database?key={key}")
    assert got.json == {"name": "test/database", "key": key, "value": value, "version": FIRST}


async def test_a_field_of_an_earlier_version(aws: FakeAws, start: StartSidecar, static_settings: Settings) -> None:
    aws.put("test/database", '{"user": "next"}', SECOND)
    got = await ask((await start(static_settings)).port, "/v1/secrets/database?key=user&stage=AWSPREVIOUS")
    assert (got.json["value"], got.json["version"]) == ("app", FIRST)


async def test_a_field_that_the_caller_has_is_not_sent_again(start: StartSidecar, static_settings: Settings) -> None:
    """The ETag is the version of the whole; a field that is not there is missing all the same."""
    sidecar = await start(static_settings)
    has = {"If-None-Match": f'"{FIRST}"'}
    assert (await ask(sidecar.port, "/v1/secrets/database?key=user", headers=has)).status == 304
    assert (await ask(sidecar.port, "/v1/secrets/database?key=users", headers=has)).status == 404


async def test_a_field_that_is_missing(start: StartSidecar, static_settings: Settings) -> None:
    """It has a problem of its own, for the secret is there; none of its fields is named."""
    got = await ask((await start(static_settings)).port, "/v1/secrets/database?key=pass")
    assert (got.status, got.json["type"]) == (404, "urn:secret-access:problem:no-such-key")
    assert (got.json["name"], got.json["key"]) == ("test/database", "pass")
    assert b"user" not in got.body


@pytest.mark.parametrize(
    "value",
    ["s3cr3t", '"s3cr3t"', '["s3cr3t"]', '{"s3cr3t": NaN}', '{"s3cr3t": 1e999}', '{"s3cr3t"', "[" * 60_000, b"{}", "1"],
    ids=lambda value: repr(value)[:20],
)
async def test_a_secret_that_is_no_json_object_has_no_fields(
    value: str | bytes, aws: FakeAws, start: StartSidecar, static_settings: Settings
) -> None:
    """Nothing of it is in the answer."""
    aws.secrets["test/plain"] = value
    got = await ask((await start(static_settings)).port, "/v1/secrets/plain?key=a")
    assert (got.status, got.json["type"]) == (422, "urn:secret-access:problem:not-an-object")
    assert b"s3cr3t" not in got.body


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(fields=st.dictionaries(st.text(), json_values, min_size=1))
def test_any_field_comes_back(fields: dict[str, object]) -> None:
    """Its JSON text means what it meant."""
    secret = Secret("test/x", json.dumps(fields), "1")
    for key, field in fields.items():
        picked = pick(secret, key).value
        assert picked == field if isinstance(field, str) else json.loads(picked) == field


async def test_the_declared_names_cost_no_call(aws: FakeAws, start: StartSidecar, static_settings: Settings) -> None:
    """In full, in their order; without any, none."""
    sidecar = await start(replace(static_settings, names=("test/b", "prod/a")))
    await sidecar.readiness.wait()
    aws.asked.clear()
    got = await ask(sidecar.port, "/v1/secrets")
    assert (got.status, got.json, got.headers["cache-control"]) == (200, {"names": ["test/b", "prod/a"]}, "no-store")
    assert (await ask((await start(static_settings)).port, "/v1/secrets")).json == {"names": []}
    assert (await ask(sidecar.port, "/v1/secrets?x=1")).status == 400
    assert not [name for action, name in aws.asked if action == "GetSecretValue"]
