"""What a read ends with when there is no value: every error that the API promises."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest

from secret_sidecar.settings import Settings
from secret_sidecar.vaults.store import Secret
from tests.fakes import aws as fake_aws
from tests.fakes.aws import FakeAws, Reply
from tests.sidecar.conftest import StartSidecar
from tests.sidecar.support.caller import ask, ask_raw

pytestmark = pytest.mark.anyio


ERRORS = [
    ("AccessDeniedException", 403, "denied"),
    ("ResourceNotFoundException", 404, "not-found"),
    ("ThrottlingException", 429, "throttled"),
    ("TooManyRequestsException", 429, "throttled"),
    ("DecryptionFailure", 502, "bad-upstream-response"),
    ("NobodyKnowsException", 502, "bad-upstream-response"),
    ("InvalidRequestException", 502, "bad-upstream-response"),
    ("InternalServiceError", 503, "vault-unavailable"),
    ("ServiceUnavailable", 503, "vault-unavailable"),
    ("ValidationException", 400, "bad-name"),
    ("ExpiredTokenException", 503, "identity-unavailable"),
    ("UnrecognizedClientException", 503, "identity-unavailable"),
    ("InvalidSignatureException", 503, "identity-unavailable"),
]


UNDOCUMENTED = {"NobodyKnowsException", "InvalidRequestException"}  # with HTTP 500, a server's fault like any other


@pytest.mark.parametrize(
    ("code", "status", "slug", "vault_status"),
    [
        (*expected, vault_status)
        for expected in ERRORS
        for vault_status in (400, 403, 500)
        if vault_status < 500 or expected[0] not in UNDOCUMENTED
    ],
)
async def test_the_clouds_code_decides_the_answer(
    code: str,
    status: int,
    slug: str,
    vault_status: int,
    aws: FakeAws,
    start: StartSidecar,
    static_settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each error code has one answer, whatever HTTP status the cloud gave it."""
    monkeypatch.setattr("secret_sidecar.retry.FIRST_PAUSE", 0.0)
    sidecar = await start(static_settings)
    await sidecar.readiness.wait()
    aws.faults.extend([fake_aws.error(code, "no", vault_status)] * 4)
    got = await ask(sidecar.port, "/v1/secrets/database-password")
    assert (got.status, got.json["type"]) == (status, f"urn:secret-access:problem:{slug}")
    assert got.headers["content-type"] == "application/problem+json"
    assert got.headers["cache-control"] == "no-store"
    assert (got.json["code"], got.json["request_id"], got.json["backend"]) == (code, "request-1", "aws")
    assert got.json["name"] == "test/database-password"
    assert ("retry-after" in got.headers) == (status == 429)


async def test_a_code_that_nobody_knows_with_a_servers_fault(
    aws: FakeAws, start: StartSidecar, static_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the code says nothing, the status does: HTTP 500 is the vault's fault."""
    monkeypatch.setattr("secret_sidecar.retry.FIRST_PAUSE", 0.0)
    sidecar = await start(static_settings)
    await sidecar.readiness.wait()
    aws.faults.extend([fake_aws.error("NobodyKnowsException", "no", 500)] * 4)
    got = await ask(sidecar.port, "/v1/secrets/database-password")
    assert (got.status, got.json["code"]) == (503, "NobodyKnowsException")


async def test_a_secret_marked_for_deletion_is_gone(
    aws: FakeAws, start: StartSidecar, static_settings: Settings
) -> None:
    """AWS calls it an invalid request; its message tells which."""
    aws.deleted.add("test/database-password")
    got = await ask((await start(static_settings)).port, "/v1/secrets/database-password")
    assert (got.status, got.json["code"]) == (410, "InvalidRequestException")


NO_ANSWERS = [
    Reply(200, b"<html>captive portal</html>", "text/html"),
    Reply(200, b"<html>captive portal</html>"),
    Reply(200, b"[]"),
    Reply(200, b"{}"),
    Reply(200, b'{"VersionId": "1"}'),
    Reply(200, b'{"VersionId": 1, "SecretString": "s3cr3t"}'),
    Reply(200, b'{"VersionId": "1", "SecretString": null}'),
    Reply(200, b'{"VersionId": "1", "SecretBinary": "s3cr3t!"}'),
    Reply(200, b'{"VersionId": "1", "SecretString": "s3cr3t", "Name": "prod/database-password"}'),
    Reply(200, b'{"VersionId": "1", "SecretString": "\xff"}'),
    Reply(200, b"[" * 500_000),
    Reply(200, b'{"VersionId": "1", "SecretString": "s3cr3t"', "application/json"),
    Reply(200, b'"' + b"x" * (1 << 20) + b'"'),
    Reply(302, b""),
    Reply(404, b"not found", "text/plain"),
    b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
    b"SSH-2.0-OpenSSH_9.2\r\n",
]


@pytest.mark.parametrize("fault", NO_ANSWERS, ids=lambda fault: repr(fault)[:60])
async def test_an_answer_that_is_no_answer_is_a_bad_gateway(
    fault: Reply | bytes,
    aws: FakeAws,
    start: StartSidecar,
    static_settings: Settings,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Nothing of it is in the answer or the log."""
    sidecar = await start(static_settings)
    await sidecar.readiness.wait()
    aws.faults.append(fault)
    got = await ask(sidecar.port, "/v1/secrets/database-password")
    assert (got.status, got.json["type"]) == (502, "urn:secret-access:problem:bad-upstream-response")
    assert b"s3cr3t" not in got.body
    assert "s3cr3t" not in caplog.text
    assert (await ask(sidecar.port, "/v1/secrets/database-password")).status == 200


@pytest.mark.parametrize(
    "fault",
    [
        None,
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"SecretString": "s3cr3t',
        Reply(503, b"<html>", "text/html"),
        fake_aws.error("InternalServiceError", "no", 500),
        fake_aws.error("ThrottlingException"),
    ],
    ids=lambda fault: repr(fault)[:60],
)
async def test_what_passes_is_tried_again(
    fault: Reply | bytes | None,
    aws: FakeAws,
    start: StartSidecar,
    static_settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A connection that breaks, a server's fault and throttling cost the caller time, not the value."""
    monkeypatch.setattr("secret_sidecar.retry.FIRST_PAUSE", 0.0)
    sidecar = await start(static_settings)
    await sidecar.readiness.wait()
    aws.faults.extend([fault, fault])
    got = await ask(sidecar.port, "/v1/secrets/database-password")
    assert (got.status, got.json["value"]) == (200, "hunter2-test")


async def test_half_an_answer_again_and_again_is_a_vault_that_is_not_available(
    aws: FakeAws, start: StartSidecar, static_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("secret_sidecar.retry.FIRST_PAUSE", 0.0)
    sidecar = await start(static_settings)
    await sidecar.readiness.wait()
    aws.faults.extend([b'HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"SecretString": "s3cr3t'] * 4)
    got = await ask(sidecar.port, "/v1/secrets/database-password")
    assert (got.status, b"s3cr3t" in got.body) == (503, False)


async def test_a_vault_that_refuses_connections_is_not_available(
    aws: FakeAws, start: StartSidecar, static_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The detail names the address that was tried."""
    monkeypatch.setattr("secret_sidecar.retry.FIRST_PAUSE", 0.0)
    sidecar = await start(static_settings)
    await aws.__aexit__()
    got = await ask(sidecar.port, "/v1/secrets/database-password")
    assert got.status == 503
    assert f"127.0.0.1:{aws.port}" in got.json["detail"]
    assert "code" not in got.json


async def test_a_vault_that_hangs_is_a_gateway_timeout(
    aws: FakeAws, start: StartSidecar, static_settings: Settings
) -> None:
    sidecar = await start(replace(static_settings, timeout=0.2))
    await sidecar.readiness.wait()
    aws.faults.extend([asyncio.Event()] * 2)  # over the connection that was kept, and over a new one
    got = await ask(sidecar.port, "/v1/secrets/database-password")
    assert (got.status, got.json["type"]) == (504, "urn:secret-access:problem:timed-out")


@pytest.mark.parametrize(
    ("path", "detail"),
    [
        ("prod%252Fdatabase-password", "prod%2Fdatabase-password"),
        ("a%00b", "secret name"),
        ("a%0Ab", "secret name"),
        ("%0A", "secret name"),
        ("a%20b", "secret name"),
        ("%FF", "not UTF-8"),
        ("%E2%82%AC", "secret name"),
        ("x" * 600, "secret name"),
        ("", "names no secret"),
        ("database-password?v=1", "'v': expected version or stage or key"),
        ("database-password?version=", "version: expected 1 to 512 characters"),
        ("database-password?version=1", "'1': expected 32 to 64 characters"),
        (f"database-password?stage={'x' * 257}", "expected 1 to 256 characters"),
        (f"database-password?version={'x' * 32}&stage=AWSCURRENT", "version and stage"),
        ("database-password?key=a&key=b", "'key' is given twice"),
        ("database-password?", None),
    ],
)
async def test_a_bad_request_is_told_what_was_expected(
    path: str, detail: str | None, aws: FakeAws, start: StartSidecar, static_settings: Settings
) -> None:
    """And the vault is not called; an empty query is ignored."""
    sidecar = await start(static_settings)
    await sidecar.readiness.wait()
    aws.asked.clear()
    got = await ask(sidecar.port, f"/v1/secrets/{path}")
    if detail is None:
        assert got.status == 200
        return
    assert (got.status, got.headers["content-type"]) == (400, "application/problem+json")
    assert detail in got.json["detail"]
    assert aws.asked == []


@pytest.mark.parametrize("path", ["/", "/v1/events/", "/v1%2Fsecrets/database-password", "/healthz", "/v1/secrets:x"])
async def test_an_unknown_path_is_a_problem_document(path: str, start: StartSidecar, static_settings: Settings) -> None:
    """The router's own errors look like all others; health is on another port."""
    got = await ask((await start(static_settings)).port, path)
    assert (got.status, got.headers["content-type"]) == (404, "application/problem+json")
    assert got.json == {"type": "about:blank", "title": "Not Found", "status": 404, "detail": "no such path"}


@pytest.mark.parametrize("method", ["PATCH", "OPTIONS"])
async def test_other_methods_are_not_allowed(method: str, start: StartSidecar, static_settings: Settings) -> None:
    """The answer says which are."""
    got = await ask((await start(static_settings)).port, "/v1/secrets/x", method)
    assert (got.status, got.headers["allow"]) == (405, "GET, HEAD")
    assert got.json["detail"] == "expected one of GET, HEAD"


async def test_javas_client_is_served(start: StartSidecar, static_settings: Settings) -> None:
    """It offers HTTP/2 on its first request, and goes on in HTTP/1.1 on the same connection."""
    sidecar = await start(static_settings)
    request = b"GET /v1/secrets/database-password HTTP/1.1\r\nHost: localhost\r\n"
    offer = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABk\r\n\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", sidecar.port)
    for headers in (offer, b"Connection: close\r\n\r\n"):
        writer.write(request + headers)
        assert await reader.readline() == b"HTTP/1.1 200 OK\r\n"
        assert b"hunter2-test" in await reader.readuntil(b"}")
    writer.close()
    await writer.wait_closed()


async def test_a_secret_does_not_show_itself() -> None:
    """Not in a representation, which may end up in a log."""
    assert "s3cr3t" not in repr(Secret("test/x", "s3cr3t", "1"))


async def test_what_is_no_http_gets_a_problem_document(start: StartSidecar, static_settings: Settings) -> None:
    """Even the parser's refusal is one."""
    sidecar = await start(static_settings)
    answer = await ask_raw(sidecar.port, b"GARBAGE\r\n\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert json.loads(body)["type"] == "urn:secret-access:problem:bad-request"


async def test_a_defect_shows_nothing_of_itself(
    start: StartSidecar,
    static_settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """An exception that nobody foresaw is a 500 without its text."""
    sidecar = await start(static_settings)
    await sidecar.readiness.wait()

    def broken(*_: object) -> None:
        raise RuntimeError("s3cr3t")

    monkeypatch.setattr("secret_sidecar.vaults.aws.store._secret", broken)
    got = await ask(sidecar.port, "/v1/secrets/database-password")
    assert got.status == 500
    assert got.json["detail"] == "see the sidecar's log"
    assert b"s3cr3t" not in got.body
    assert caplog.records[-1].exc_info is not None
