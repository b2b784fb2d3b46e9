"""SECRETS_MODE=shared: each caller is who the cloud says it is, and gets what the cloud gives it."""

from __future__ import annotations

import asyncio
import gc
import json
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from secret_sidecar.retry import TRIES
from secret_sidecar.server import Sidecar
from secret_sidecar.shared.callers import Caller
from secret_sidecar.shared.service import Shared
from secret_sidecar.vaults.exchange.token import LARGEST
from tests.fakes.aws import sts_error
from tests.fakes.aws_shared import SharedAws, part, token
from tests.sidecar.support.caller import ask_raw
from tests.sidecar.support.certificates import Authority
from tests.sidecar.support.reachable import texts
from tests.sidecar.support.shared_service import HOST, Service, certificate_of, settings_of
from tests.sidecar.support.waiting import until

pytestmark = pytest.mark.anyio

NAME = "/v1/secrets/database-password"


@pytest.fixture
async def aws() -> AsyncIterator[SharedAws]:
    """A fake AWS with a secret of each namespace."""
    secrets: dict[str, str | bytes] = {f"{n}/database-password": f"hunter2-{n}" for n in ("test", "prod")}
    fake = SharedAws(secrets=secrets)
    async with fake:
        yield fake


class Started:
    """Starts services."""

    def __init__(self, aws: SharedAws, authority: Authority, folder: Path) -> None:
        self.aws, self.authority, self.folder = aws, authority, folder
        self.sidecars: list[Sidecar] = []

    async def __call__(self, **more: Any) -> Service:
        settings = settings_of(self.aws, certificate_of(self.authority, self.folder), **more)
        sidecar = await Sidecar(settings).__aenter__()
        self.sidecars.append(sidecar)
        return Service(sidecar.port, _trust(self.authority))


def _trust(authority: Authority) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(authority.bundle))


@pytest.fixture
async def start(aws: SharedAws, authority: Authority, tmp_path: Path) -> AsyncIterator[Started]:
    """Services that end with the test."""
    started = Started(aws, authority, tmp_path)
    yield started
    for sidecar in started.sidecars:
        await sidecar.__aexit__()


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


async def test_the_caller_seen_longest_ago_goes_first(aws: SharedAws, start: Started) -> None:
    """There are never more than the setting says."""
    service = await start(shared_callers=2)
    one, two, three = (aws.know(token("test", number), "test") for number in (1, 2, 3))
    for given in (one, two, one, three, one, two):
        assert (await service.ask(NAME, given)).status == 200
        assert len(start.sidecars[0]._vault.callers) <= 2  # type: ignore[union-attr]
    assert [form["RoleSessionName"] for form in aws.assumed] == ["test.app-1", "test.app-2", "test.app-3", "test.app-2"]


async def test_who_is_being_answered_does_not_go(aws: SharedAws, start: Started) -> None:
    """Where all are, a new one waits."""
    service = await start(shared_callers=1)
    one, two = (aws.know(token("test", number), "test") for number in (1, 2))
    assert (await service.ask(NAME, one)).status == 200
    gate = asyncio.Event()
    aws.faults.append(gate)
    asking = asyncio.create_task(service.ask(NAME, one))
    await until(lambda: not aws.faults)
    got = await service.ask(NAME, two)
    assert (got.status, got.json["type"]) == (503, "urn:secret-access:problem:overloaded")
    gate.set()
    assert (await asking).status == 200


@pytest.mark.parametrize("what", ["credentials", "token"])
async def test_nobody_is_served_beyond_the_end(what: str, aws: SharedAws, start: Started) -> None:
    """When the credentials end, the token is exchanged anew; when the token does, that is a 401."""
    service = await start(cache_ttl=600.0)
    if what == "credentials":
        aws.lifetime = 2.0
    given = aws.know(token("test", lifetime=2.0 if what == "token" else 3600.0), "test")
    assert (await service.ask(NAME, given)).status == 200
    callers = start.sidecars[0]._vault.callers  # type: ignore[union-attr]
    await until(lambda: not len(callers))
    aws.lifetime = 3600.0
    expected = {"credentials": (200, 2), "token": (401, 2)}[what]
    assert ((await service.ask(NAME, given)).status, len(aws.assumed)) == expected


async def test_a_stream_ends_with_its_credentials(aws: SharedAws, start: Started) -> None:
    """It would go on looking with what has ended; its client connects again, with the token of then."""
    service = await start()
    aws.lifetime = 2.0
    got = await service.ask("/v1/events?names=database-password", aws.know(token("test"), "test"))
    assert (got.status, b"event: version" in got.body) == (200, True)


async def test_credentials_that_were_revoked_are_replaced(
    aws: SharedAws, start: Started, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the next request, which has the token again."""
    monkeypatch.setattr("secret_sidecar.vaults.exchange.caller_credentials.RENEWED_LATELY", 0.0)
    service = await start()
    given = aws.know(token("test"), "test")
    assert (await service.ask(NAME, given)).status == 200
    aws.keys.clear()
    got = await service.ask(NAME, given)
    assert (got.status, got.json["type"]) == (503, "urn:secret-access:problem:identity-unavailable")
    assert ((await service.ask(NAME, given)).status, len(aws.assumed)) == (200, 2)


async def test_who_has_gone_leaves_nothing(aws: SharedAws, start: Started) -> None:
    """Of thirty callers in turn, those beyond the limit are no longer in memory."""
    service = await start(shared_callers=2, cache_ttl=600.0)
    for number in range(30):
        assert (await service.ask(NAME, aws.know(token("test", number), "test"))).status == 200
    gc.collect()
    assert sum(isinstance(thing, Caller) for thing in gc.get_objects()) in {2, 3}


async def test_a_value_that_serves_no_more_leaves_the_memory(
    aws: SharedAws, start: Started, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each caller's, though its caller does not come again and is not let go of either."""
    monkeypatch.setattr("secret_sidecar.reading.freshness.SWEEP", 0.01)
    for cache_ttl in (600.0, 0.3):
        service = await start(cache_ttl=cache_ttl)
        for namespace in ("test", "prod"):
            assert (await service.ask(NAME, aws.know(token(namespace), namespace))).status == 200
    for_long, shortly = (sidecar._vault for sidecar in start.sidecars)
    assert isinstance(shortly, Shared)
    await until(lambda: not shortly.total.bytes)
    assert len(shortly.callers) == 2
    gc.collect()
    assert "hunter2" in texts(for_long)  # the search finds what there is
    assert "hunter2" not in texts(shortly)


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


async def test_nobody_unknown_fills_the_memory(start: Started) -> None:
    """A body is read before its caller is known, so its limit is little above a batch's."""
    service = await start()
    got = await service.ask("/v1/secrets:batchGet", None, method="POST", body={"names": ["x" * (130 << 10)]})
    assert (got.status, got.json["type"]) == (413, "about:blank")
    got = await service.ask("/v1/secrets:batchGet", None, method="POST", body={"names": ["x" * (120 << 10)]})
    assert got.status == 401
