"""SECRETS_MODE=shared: each caller is who the cloud says it is, and gets what the cloud gives it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from secret_sidecar.retry import TRIES
from secret_sidecar.vaults.exchange.token import LARGEST
from tests.fakes.aws import sts_error
from tests.fakes.aws_shared import SharedAws, part, token
from tests.sidecar.shared.conftest import Started
from tests.sidecar.support.caller import ask_raw
from tests.sidecar.support.certificates import Authority
from tests.sidecar.support.shared_service import HOST, certificate_of

pytestmark = pytest.mark.anyio

NAME = "/v1/secrets/database-password"


async def test_each_caller_reads_as_itself(aws: SharedAws, start: Started) -> None:
    """The token names role, session and prefix; its credentials are obtained once and serve until they end."""
    service = await start()
    test, prod = aws.know(token("test"), "test"), aws.know(token("prod"), "prod")
    for given, namespace in ((test, "test"), (prod, "prod"), (test, "test")):
        got = await service.ask(NAME, given)
        assert (got.status, got.json["value"]) == (200, f"hunter2-{namespace}")
        assert got.json["name"] == f"{namespace}/database-password"
    other = await service.ask("/v1/secrets/prod/database-password", test)
    assert (other.status, other.json["code"]) == (403, "AccessDeniedException")
    assert [(a["RoleArn"].rpartition("/")[2], a["RoleSessionName"]) for a in aws.assumed] == [
        ("blue-test", "test.app-1"),
        ("blue-prod", "prod.app-1"),
    ]


async def test_many_at_once_are_exchanged_once(aws: SharedAws, start: Started) -> None:
    service = await start()
    given = aws.know(token("test"), "test")
    aws.sts_gate.clear()
    asking = [asyncio.create_task(service.ask(NAME, given)) for _ in range(8)]
    await aws.sts_asked.wait()
    aws.sts_gate.set()
    assert {got.status for got in await asyncio.gather(*asking)} == {200}
    assert len(aws.assumed) == 1


async def test_without_a_token_nobody_is_answered(aws: SharedAws, start: Started) -> None:
    """401 with a challenge, for every path, and nothing is called."""
    service = await start()
    await start.sidecars[0].readiness.wait()
    for path in (NAME, "/v1/secrets", "/openapi.json", "/nowhere"):
        got = await service.ask(path)
        assert (got.status, got.json["type"]) == (401, "urn:secret-access:problem:unauthenticated")
        assert got.headers["www-authenticate"] == 'Bearer realm="secret-sidecar"'
    assert (aws.assumed, aws.asked) == ([], [])


UNBOUND: Any = {"kubernetes.io": {}}
BAD = {
    "empty": "",
    "two parts": "aaaa.bbbb",
    "no base64": f"{part({})}.$$$$.{part({})}",
    "no JSON": f"{part({})}.{part(b'no')}.{part({})}",
    "no object": f"{part({})}.{part([])}.{part({})}",
    "deep": f"{part({})}.{part(b'[' * 5000)}.{part({})}",
    "too large": token("test", padding="x" * LARGEST),
    "no end": token("test", exp=None),
    "an end that is none": token("test", exp=True),
    "endless": token("test", exp=float("inf")),
    "expired": token("test", lifetime=-1000),
    "a person's": token("test", sub="alice"),
    "no text": token("test", sub=7),
    "no namespace": token("test", sub="system:serviceaccount::app"),
    "a wild one": token("test", sub="system:serviceaccount:*:app", **UNBOUND),
    "a path": token("test", sub="system:serviceaccount:test/../prod:app", **UNBOUND),
    "no account": token("test", sub="system:serviceaccount:test:"),
    "of two namespaces": token("test", sub="system:serviceaccount:prod:app"),
    "no prefix": token("a--b"),
}


@pytest.mark.parametrize("given", BAD.values(), ids=BAD)
async def test_what_no_cloud_could_take_costs_no_call(given: str, aws: SharedAws, start: Started) -> None:
    """401, and nothing of the token in the answer."""
    service = await start()
    got = await service.ask(NAME, given)
    assert (got.status, got.headers["www-authenticate"]) == (
        401,
        'Bearer realm="secret-sidecar", error="invalid_token"',
    )
    assert aws.assumed == []
    assert not any(piece in got.body.decode() for piece in given.split(".") if len(piece) > 8)


async def test_two_tokens_and_another_scheme_are_refused(start: Started) -> None:
    """It is ambiguous which one counts."""
    service = await start()
    for value in (f"Basic {token('test')}", f"Bearer {token('test')}, Bearer {token('prod')}", "Bearer"):
        assert (await service.ask(NAME, headers={"Authorization": value})).status == 401


@pytest.mark.parametrize("code", ["InvalidIdentityToken", "ExpiredTokenException", "IDPRejectedClaim"])
async def test_a_token_that_sts_does_not_take_is_a_401(code: str, aws: SharedAws, start: Started) -> None:
    """With the cloud's code, and for a while without another call."""
    service = await start()
    aws.sts_faults.append(sts_error(code))
    given = token("test")
    for _ in range(3):
        got = await service.ask(NAME, given)
        assert (got.status, got.json["code"], got.json["request_id"]) == (401, code, "request-1")
        assert got.headers["www-authenticate"] == 'Bearer realm="secret-sidecar", error="invalid_token"'
    assert len(aws.sts_faults) == 0
    assert aws.assumed == []


async def test_a_role_that_does_not_trust_the_caller_is_a_403(aws: SharedAws, start: Started) -> None:
    """With the role and the cloud's code: a token of test that claims to be prod's gets no further."""
    service = await start()
    forged = token("prod")
    aws.know(forged, "test")
    for _ in range(2):
        got = await service.ask(NAME, forged)
        assert (got.status, got.json["type"]) == (403, "urn:secret-access:problem:denied")
        assert (got.json["code"], got.json["request_id"]) == ("AccessDenied", "request-1")
        assert got.json["identity"] == "arn:aws:iam::111122223333:role/blue-prod"
    assert len(aws.assumed) == 1


async def test_sts_that_fails_is_a_503(aws: SharedAws, start: Started) -> None:
    """A token is not called bad unless STS said so."""
    service = await start()
    aws.sts_faults.extend([sts_error("RegionDisabledException", 403)])
    got = await service.ask(NAME, aws.know(token("test"), "test"))
    assert (got.status, got.json["type"]) == (503, "urn:secret-access:problem:identity-unavailable")


async def test_an_issuer_that_sts_cannot_reach_is_not_the_callers_fault(aws: SharedAws, start: Started) -> None:
    """STS blames the token in its code, and says what it was in its message: 503 after retries, and no 401."""
    service = await start()
    no_key = sts_error("InvalidIdentityToken", message="Couldn't retrieve verification key from your identity provider")
    given = aws.know(token("test"), "test")
    aws.sts_faults.extend([no_key] * TRIES)
    got = await service.ask(NAME, given)
    assert (got.status, got.json["type"]) == (503, "urn:secret-access:problem:identity-unavailable")
    assert not aws.sts_faults


async def test_who_shows_bad_tokens_cannot_exhaust_sts(aws: SharedAws, start: Started) -> None:
    """New bad tokens of one address are limited; admitted callers are still served."""
    service = await start()
    known = aws.know(token("test"), "test")
    assert (await service.ask(NAME, known)).status == 200
    answers = [(await service.ask(NAME, token("prod", number))).status for number in range(40)]
    assert answers == [401] * 32 + [503] * 8
    assert len(aws.assumed) == 33
    assert (await service.ask(NAME, known)).status == 200


async def test_audit_lines_name_the_caller(aws: SharedAws, start: Started, capsys: pytest.CaptureFixture[str]) -> None:
    """By the subject of the token that the cloud took."""
    service = await start()
    for namespace in ("test", "prod"):
        await service.ask("/v1/secrets/test/database-password", aws.know(token(namespace), namespace))
    await start.sidecars[0].__aexit__()
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"audit"' in line]
    assert [(line["caller"], line["status"]) for line in lines] == [
        ("system:serviceaccount:test:app", 200),
        ("system:serviceaccount:prod:app", 403),
    ]


async def test_only_tls_and_only_its_own_names(aws: SharedAws, start: Started) -> None:
    """Plain HTTP gets nothing; another Host, and a forwarded request, a 421."""
    service = await start()
    given = aws.know(token("test"), "test")
    plain = f"GET {NAME} HTTP/1.1\r\nHost: {HOST}\r\nAuthorization: Bearer {given}\r\n\r\n".encode()
    assert b"hunter2" not in await ask_raw(service.port, plain)
    for host, status in (
        ("secrets.platform.svc:8080", 200),
        ("SECRETS.platform.svc", 200),
        ("127.0.0.1", 421),
        ("x", 421),
    ):
        assert (await service.ask(NAME, given, headers={"Host": host})).status == status
    got = await service.ask(NAME, given, headers={"X-Forwarded-For": "10.0.0.1"})
    assert (got.status, len(aws.assumed)) == (421, 1)


async def test_the_certificate_may_change(start: Started, aws: SharedAws, authority: Authority, tmp_path: Path) -> None:
    """New connections get the new one, and while the files are broken, the one before."""
    service = await start()
    given = aws.know(token("test"), "test")
    path = certificate_of(authority, tmp_path)
    certificates = start.sidecars[0]._certificates
    assert certificates is not None

    async def serial() -> str:
        _, writer = await asyncio.open_connection(HOST, service.port, ssl=service.trust, server_hostname=HOST)
        found = writer.get_extra_info("peercert")["serialNumber"]
        writer.close()
        return str(found)

    certificates.refresh()
    first = await serial()
    path.write_text("broken")
    certificates.refresh()
    assert await serial() == first
    certificate_of(authority, tmp_path)
    certificates.refresh()
    assert await serial() != first
    assert (await service.ask(NAME, given)).status == 200
