"""Writing, where it is granted: every answer that the API promises, through a vault that checks signatures."""

from __future__ import annotations

import asyncio
import base64
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secret_sidecar.api.memory_budget import BUDGET
from secret_sidecar.api.writes import _is_base64
from secret_sidecar.settings import Settings
from secret_sidecar.vaults.store import NewValue
from tests.fakes import aws as fake_aws
from tests.fakes.aws import FakeAws, Reply
from tests.sidecar.conftest import StartSidecar
from tests.sidecar.support.caller import ask, send
from tests.sidecar.support.waiting import until

pytestmark = pytest.mark.anyio

NAME = "/v1/secrets/database-password"


@pytest.fixture
def settings(static_settings: Settings) -> Settings:
    """A sidecar that may write."""
    return replace(static_settings, access="read_write")


async def test_a_secret_is_made_changed_and_deleted(aws: FakeAws, start: StartSidecar, settings: Settings) -> None:
    """Each answer tells the version, by which a read finds the value."""
    port = (await start(settings)).port
    made = await send(port, "/v1/secrets/new", {"value": "one"})
    assert (made.status, made.json["name"], made.headers["location"]) == (201, "test/new", "/v1/secrets/test/new")
    assert made.headers["cache-control"] == "no-store"
    changed = await send(port, "/v1/secrets/new", {"value": "two"}, "PUT")
    assert (changed.status, changed.json["name"]) == (200, "test/new")
    read = await ask(port, "/v1/secrets/new")
    assert (read.json["value"], read.json["version"]) == ("two", changed.json["version"])
    earlier = await ask(port, f"/v1/secrets/new?version={made.json['version']}")
    assert earlier.json["value"] == "one"
    deleted = await ask(port, made.headers["location"], "DELETE")
    assert (deleted.status, deleted.body, deleted.headers["cache-control"]) == (204, b"", "no-store")
    assert (await ask(port, "/v1/secrets/new")).status == 410


async def test_values_that_are_being_written_have_a_bound_in_memory(
    aws: FakeAws, start: StartSidecar, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond it, a write is refused before the vault is asked; afterwards there is room again."""
    monkeypatch.setattr(BUDGET, "most", 3500)
    sidecar = await start(settings)
    await sidecar.readiness.wait()  # whose call would meet the fault
    port, hanging = sidecar.port, asyncio.Event()
    aws.faults.append(hanging)
    first = asyncio.create_task(send(port, "/v1/secrets/a", {"value": "x" * 1000}))
    await until(lambda: bool(BUDGET.used) or first.done())
    refused = await send(port, "/v1/secrets/b", {"value": "x" * 1000})
    assert (refused.status, refused.json["type"]) == (503, "urn:secret-access:problem:overloaded")
    assert (refused.json["name"], refused.headers["retry-after"]) == ("test/b", "1")
    hanging.set()
    assert (await first).status == 201
    assert BUDGET.used == 0
    assert (await send(port, "/v1/secrets/b", {"value": "x" * 1000})).status == 201


async def test_a_binary_value_is_written_as_such(aws: FakeAws, start: StartSidecar, settings: Settings) -> None:
    """What is in base64 here is in base64 at the vault."""
    port = (await start(settings)).port
    got = await send(port, "/v1/secrets/key", {"value": "/wA=", "encoding": "base64"}, "PUT")
    assert (got.status, aws.secrets["test/key"]) == (200, b"\xff\x00")


@pytest.mark.parametrize(
    ("method", "path", "status", "slug"),
    [
        ("POST", NAME, 409, "already-exists"),
        ("PUT", "/v1/secrets/missing", 404, "not-found"),
        ("DELETE", "/v1/secrets/missing", 404, "not-found"),
        ("POST", "/v1/secrets/prod/new", 403, "denied"),
        ("PUT", "/v1/secrets/prod/database-password", 403, "denied"),
        ("DELETE", "/v1/secrets/prod/database-password", 403, "denied"),
        ("POST", "/v1/secrets/key", 410, "deleted"),
        ("PUT", "/v1/secrets/key", 410, "deleted"),
        ("DELETE", "/v1/secrets/b%20d", 400, "bad-name"),
    ],
)
async def test_what_cannot_be_written_is_told(
    method: str, path: str, status: int, slug: str, aws: FakeAws, start: StartSidecar, settings: Settings
) -> None:
    """As for reads, with the cloud's own code, and nothing is changed."""
    aws.deleted.add("test/key")
    before = dict(aws.secrets)
    got = await send((await start(settings)).port, path, {"value": "s3cr3t"}, method)
    assert (got.status, got.json["type"]) == (status, f"urn:secret-access:problem:{slug}")
    assert ("code" in got.json) == (status != 400)
    assert (b"s3cr3t" in got.body, aws.secrets) == (False, before)


async def test_deleting_what_is_marked_already_is_no_error(
    aws: FakeAws, start: StartSidecar, settings: Settings
) -> None:
    """The state is the requested one, whoever caused it."""
    port = (await start(settings)).port
    assert [(await ask(port, NAME, "DELETE")).status for _ in range(2)] == [204, 204]


@pytest.mark.parametrize("fault", [None, b"HTTP/1.1 200 OK\r\nContent-Le", fake_aws.error("InternalServiceError")])
async def test_a_write_that_was_tried_again_has_happened_once(
    fault: Reply | bytes | None,
    aws: FakeAws,
    start: StartSidecar,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """AWS did it, and its answer was lost: the retry has the same token."""
    monkeypatch.setattr("secret_sidecar.retry.FIRST_PAUSE", 0.0)
    sidecar = await start(settings)
    await sidecar.readiness.wait()
    perform = aws.perform
    lost: list[tuple[str, str]] = []

    def once_lost(action: str, asked: dict[str, str]) -> Reply:
        answer = perform(action, asked)
        if action not in {"GetSecretValue", *(known for known, _ in lost)}:
            lost.append((action, asked.get("ClientRequestToken", "")))
            aws.faults.append(fault)
            return Reply(503, b"", "text/html")
        return answer

    monkeypatch.setattr(aws, "perform", once_lost)
    made = await send(sidecar.port, "/v1/secrets/new", {"value": "one"})
    assert (made.status, made.json["version"]) == (201, lost[0][1])
    changed = await send(sidecar.port, "/v1/secrets/new", {"value": "two"}, "PUT")
    assert (changed.status, changed.json["version"]) == (200, lost[1][1])
    assert aws.history["test/new"] == {made.json["version"]: "one"}
    assert (await ask(sidecar.port, "/v1/secrets/new", "DELETE")).status == 204
    assert [action for action, _ in lost] == ["CreateSecret", "PutSecretValue", "DeleteSecret"]


@pytest.mark.parametrize(
    ("code", "status", "slug"),
    [
        ("AccessDeniedException", 403, "denied"),
        ("DecryptionFailure", 502, "bad-upstream-response"),
        ("EncryptionFailure", 502, "bad-upstream-response"),
        ("ExpiredTokenException", 503, "identity-unavailable"),
        ("InternalServiceError", 503, "vault-unavailable"),
        ("InvalidParameterException", 400, "bad-value"),
        ("InvalidRequestException", 409, "conflict"),
        ("LimitExceededException", 507, "quota-exceeded"),
        ("NobodyKnowsException", 502, "bad-upstream-response"),
        ("ResourceExistsException", 409, "already-exists"),
        ("ResourceNotFoundException", 404, "not-found"),
        ("ThrottlingException", 429, "throttled"),
        ("ValidationException", 400, "bad-value"),
    ],
)
async def test_the_clouds_code_decides_the_answer(
    code: str,
    status: int,
    slug: str,
    aws: FakeAws,
    start: StartSidecar,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("secret_sidecar.retry.FIRST_PAUSE", 0.0)
    sidecar = await start(settings)
    await sidecar.readiness.wait()
    aws.faults.extend([fake_aws.error(code, "still has replica regions: you can't delete it")] * 4)
    got = await send(sidecar.port, NAME, {"value": "s3cr3t"}, "PUT")
    assert (got.status, got.json["type"], got.json["code"]) == (status, f"urn:secret-access:problem:{slug}", code)
    assert (b"s3cr3t" in got.body, got.json["name"]) == (False, "test/database-password")


@pytest.mark.parametrize("reply", [Reply(200, b"{}"), Reply(200, b"[]"), Reply(200, b"<html>", "text/html")], ids=repr)
async def test_an_answer_without_a_version_is_odd(
    reply: Reply, aws: FakeAws, start: StartSidecar, settings: Settings
) -> None:
    """It is not known then what was written."""
    sidecar = await start(settings)
    await sidecar.readiness.wait()
    aws.faults.append(reply)
    assert (await send(sidecar.port, NAME, {"value": "x"}, "PUT")).status == 502


@pytest.mark.parametrize(
    ("document", "slug", "detail"),
    [
        ({}, "bad-request", "value: expected text"),
        ({"value": None}, "bad-request", "value: expected text"),
        ({"value": {"a": 1}}, "bad-request", "value: expected text"),
        ({"value": "x", "encoding": ["base64"]}, "bad-request", "encoding: expected base64"),
        ({"value": "x", "encoding": "hex"}, "bad-request", "encoding: expected base64"),
        ({"value": "x", "encoding": "base64"}, "bad-request", "value: expected base64"),
        ({"value": "x", "ttl": 5}, "bad-request", "'ttl': expected no members but value, encoding"),
        (["x"], "bad-request", "not a JSON object"),
        ({"value": ""}, "bad-value", "0 bytes"),
        ({"value": "", "encoding": "base64"}, "bad-value", "0 bytes"),
        ({"value": "é" * 32769}, "bad-value", "65538 bytes"),
    ],
    ids=lambda value: repr(value)[:40],
)
@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_a_value_that_is_none_is_told_what_was_expected(
    method: str, document: object, slug: str, detail: str, aws: FakeAws, start: StartSidecar, settings: Settings
) -> None:
    """And the vault is not called."""
    sidecar = await start(settings)
    await sidecar.readiness.wait()
    aws.asked.clear()
    got = await send(sidecar.port, NAME, document, method)
    assert (got.status, got.json["type"]) == (400, f"urn:secret-access:problem:{slug}")
    assert (detail in got.json["detail"], aws.asked) == (True, [])


async def test_the_largest_value_fits_however_it_is_spelled(
    aws: FakeAws, start: StartSidecar, settings: Settings
) -> None:
    """65536 bytes, as text, as escapes and in base64."""
    port = (await start(settings)).port
    largest = "é" * 32768
    for method, value, encoding in (
        ("POST", largest, None),
        ("PUT", base64.b64encode(bytes(65536)).decode(), "base64"),
        ("PUT", "x" * 65536, None),
    ):
        got = await send(port, "/v1/secrets/large", {"value": value, "encoding": encoding}, method)
        assert got.status in {200, 201}
    controls = "\x00" * 65536
    for value, body in (
        (largest, json.dumps({"value": largest}, ensure_ascii=False)),
        (controls, json.dumps({"value": controls, "encoding": None}, indent=4)),
        ("x" * 65536, '{"value": "%s"}' % ("\\u0078" * 65536)),
    ):
        headers = {"Content-Type": "application/json"}
        got = await ask(port, "/v1/secrets/large", "PUT", headers, body=body.encode())
        assert (got.status, aws.secrets["test/large"]) == (200, value)


async def test_a_body_is_marked_as_json_and_bounded(start: StartSidecar, settings: Settings) -> None:
    """Half a mebibyte is more than any vault keeps."""
    port = (await start(settings)).port
    assert (await ask(port, NAME, "PUT", {"Content-Type": "text/plain"}, body=b'{"value": "x"}')).status == 415
    assert (await send(port, NAME, {"value": "x" * (512 << 10)}, "PUT")).status == 413
    assert (await send(port, f"{NAME}?key=a", {"value": "x"}, "PUT")).status == 400


async def test_without_the_grant_there_are_no_writes(
    aws: FakeAws, start: StartSidecar, static_settings: Settings, settings: Settings
) -> None:
    """405 names the setting that enables them, and which methods there are: the vault is not asked."""
    before = dict(aws.secrets)
    reader = await start(static_settings)
    for method in ("POST", "PUT", "DELETE"):
        got = await send(reader.port, NAME, {"value": "x"}, method)
        assert (got.status, got.headers["allow"]) == (405, "GET, HEAD")
        assert got.json["detail"] == (
            f"{method} writes, which is not enabled here: expected one of GET, HEAD, or SECRETS_ACCESS=read_write "
            "in the sidecar's environment (`access: read_write` in a stack's file)"
        )
    assert (aws.secrets, aws.deleted) == (before, set())
    writer = await start(settings)
    got = await ask(writer.port, NAME, "PATCH")
    assert (got.status, got.headers["allow"]) == (405, "DELETE, GET, HEAD, POST, PUT")
    assert (await ask(writer.port, NAME)).status == (await ask(writer.port, NAME, "HEAD")).status == 200


async def test_the_cloud_decides_over_the_setting(aws: FakeAws, start: StartSidecar, settings: Settings) -> None:
    """The setting enables writes, and IAM may still deny them."""
    aws.may_write = False
    got = await send((await start(settings)).port, NAME, {"value": "x"}, "PUT")
    assert (got.status, got.json["code"]) == (403, "AccessDeniedException")
    assert "PutSecretValue" in got.json["detail"]


async def test_a_caller_that_goes_away_in_its_body_is_no_defect(
    aws: FakeAws, start: StartSidecar, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is written of half a value."""
    sidecar = await start(settings)
    _, writer = await asyncio.open_connection("127.0.0.1", sidecar.port)
    writer.write(f"PUT {NAME} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n".encode())
    writer.write(b'Content-Length: 20\r\n\r\n{"value"')
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    assert (await ask(sidecar.port, NAME)).json["value"] == "hunter2-test"
    assert "internal error" not in caplog.text


@given(st.binary())
def test_base64_is_that_of_rfc_4648(data: bytes) -> None:
    """With its padding, and nothing else in it."""
    text = base64.b64encode(data).decode()
    assert _is_base64(text)
    assert not _is_base64(f"{text}\n")
    assert not _is_base64(f"{text}=")


def test_a_new_value_does_not_show_itself() -> None:
    """Not in a representation, which may end up in a log."""
    assert "s3cr3t" not in repr(NewValue("s3cr3t"))
