"""Which version of a secret, and which field of it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import NoReturn
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secret_sidecar.api.json_field import pick
from secret_sidecar.errors import NotAnObject
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
        ("hosts", '["a", "\\u00e9"]'),  # as it was written
        ("price", "1.5"),
    ],
)
async def test_a_field_is_text_whatever_it_holds(
    key: str, value: str, start: StartSidecar, static_settings: Settings
) -> None:
    """Text as it is, all else as JSON text."""
    got = await ask((await start(static_settings)).port, f"/v1/secrets/database?key={key}")
    assert got.json == {"name": "test/database", "key": key, "value": value, "version": FIRST}


@pytest.mark.parametrize(
    "text",
    ["1.10", "12345678901234567890.12", "-0", "1e400", "-1E-400", "1" * 5000, '{"a": 1.10,"a" :[ ] }', "[1.0,\t-0]"],
    ids=lambda text: text[:24],
)
async def test_a_field_is_the_json_text_that_the_vault_has(
    text: str, aws: FakeAws, start: StartSidecar, static_settings: Settings
) -> None:
    """No number is rewritten; one that Python cannot hold spoils neither its own field nor the others."""
    aws.put("test/numbers", f' {{"user" : "app", "n" :{text} , "last": true}}\n', FIRST)
    sidecar = await start(static_settings)
    for key, value in (("n", text), ("user", "app"), ("last", "true")):
        got = await ask(sidecar.port, f"/v1/secrets/numbers?key={key}")
        assert (got.status, got.json["value"]) == (200, value)


async def test_a_byte_order_mark_is_no_part_of_the_object(
    aws: FakeAws, start: StartSidecar, static_settings: Settings
) -> None:
    """Some editors put one first, and RFC 8259 section 8.1 lets parsers ignore it."""
    aws.put("test/marked", '\ufeff{"user": "app"}', FIRST)
    assert (await ask((await start(static_settings)).port, "/v1/secrets/marked?key=user")).json["value"] == "app"


@pytest.mark.parametrize("text", ['{"a": 1, "a": 2}', '{"\\u0061": 2}', '{"b": {"a": 1}, "a": 2}'])
def test_a_field_is_found_as_json_means_it(text: str) -> None:
    """The last of equal names counts, escapes are undone, and what is deeper is another field."""
    assert pick(Secret("test/x", text, "1"), "a").value == "2"


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
    [
        "s3cr3t",
        '"s3cr3t"',
        '["s3cr3t"]',
        '{"s3cr3t": NaN}',
        '{"a": "s3cr3t", "b": [-Infinity]}',
        '{"s3cr3t"',
        '{"a": "s3cr3t"',
        '{"a": "s3cr3t",}',
        '{"a": "s3cr3t" "b": 1}',
        '{"a": "s3cr3t"} {}',
        '{"a": "s3cr3t", b: 1}',
        '{"a": "s3cr3t", "b" 1}',
        '{"a": "s3cr3t", "b": 01}',
        '{"a": "s3cr3t", "b": "\n"}',
        '\ufeff\ufeff{"a": "s3cr3t"}',
        "[" * 60_000,
        '{"a": ' + "[" * 60_000,
        b"{}",
        "1",
        "{",
        "",
        " ",
    ],
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


json_texts = st.text('{}[]",:\\ \n\ufeff\u00a0a0-1.eEtrufalsn', max_size=30)
json_texts |= st.dictionaries(st.text(), json_values).map(json.dumps)


@given(text=json_texts, at=st.integers(0), more=st.text('{}[]",:\\ \n0-.eN', max_size=2))
def test_what_is_an_object_is_decided_as_pythons_parser_does(text: str, at: int, more: str) -> None:
    """Two parsers, one verdict: whatever is cut out of or put into a text."""
    at %= len(text) + 1
    text = text[:at] + more + text[at + 1 :]
    try:
        expected = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        expected = None
    if not isinstance(expected, dict):
        with pytest.raises(NotAnObject):
            pick(Secret("test/x", text, "1"), "a")
        return
    for key, field in expected.items():
        picked = pick(Secret("test/x", text, "1"), key).value
        assert picked == field if isinstance(field, str) else json.loads(picked) == field


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


@pytest.mark.parametrize(
    "query", ["key=%ff", "version=%C3", "stage=%e2%82", "key=user%ED%A0%80", "%ff=1"], ids=lambda query: query
)
async def test_escapes_that_are_no_utf_8_are_a_bad_request(
    query: str, start: StartSidecar, static_settings: Settings
) -> None:
    """Nobody is answered about another field than the one that was asked for."""
    got = await ask((await start(static_settings)).port, f"/v1/secrets/database?{query}")
    assert (got.status, got.json["type"]) == (400, "urn:secret-access:problem:bad-request")
    assert "no UTF-8" in got.json["detail"]
    got = await ask((await start(static_settings)).port, f"/v1/events?names=database&{query}")
    assert "no UTF-8" in got.json["detail"]


async def test_a_field_may_be_called_anything(aws: FakeAws, start: StartSidecar, static_settings: Settings) -> None:
    """Letters of any script, signs, the replacement character."""
    keys = ["é", "\ufffd", "a b", "a+b", "100%", "😀", "a;b", "a&b=c"]
    aws.put("test/odd", json.dumps({key: f"of {key}" for key in keys}), FIRST)
    sidecar = await start(static_settings)
    for key in keys:
        got = await ask(sidecar.port, f"/v1/secrets/odd?key={quote(key)}")
        assert got.json["value"] == f"of {key}"


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
