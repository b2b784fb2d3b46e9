"""The failure matrix: what goes wrong at the vault or the identity service, and the documented answer to it.

After each the sidecar serves again, as soon as it can. More about single answers is in test_read_errors.py.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from secret_sidecar.api.readiness import Readiness
from secret_sidecar.http_client.origin import Origin
from secret_sidecar.server import Sidecar
from secret_sidecar.settings import Settings
from secret_sidecar.vaults.aws.settings import AwsSettings
from tests.fakes import aws as fake_aws
from tests.fakes.aws import FakeAws, sts_error
from tests.fakes.misbehaving import Handler, Misbehaving, forever, greet, hang, hang_up, reset, send, well
from tests.sidecar.conftest import StartSidecar, rewrite
from tests.sidecar.support.caller import ask
from tests.sidecar.support.certificates import Authority
from tests.sidecar.test_process import Run, run

pytestmark = pytest.mark.anyio

__all__ = ["run"]  # a fixture

PATH = "/v1/secrets/database-password"
MEBIBYTE = b"x" * (1 << 20)
JSON = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
IDENTITY = (503, "identity-unavailable")
VAULT = (503, "vault-unavailable")
ODD = (502, "bad-upstream-response")
TIME = (504, "timed-out")

Certificate = Callable[[Authority, Authority], ssl.SSLContext]


@dataclass(frozen=True)
class Failure:
    """What the other side does, and what is answered if that is the vault, and if it is the identity service."""

    what: str
    handler: Handler
    vault: tuple[int, str]
    identity: tuple[int, str]
    certificate: Certificate | None = None
    plain: bool = False
    timeout: float = 60
    tries: int = 4
    """How often the other side is asked; 0 where the deadline decides."""


FAILURES = [
    Failure("hangs", hang, TIME, IDENTITY, timeout=0.3, tries=0),
    Failure("hangs up", hang_up, VAULT, IDENTITY),
    Failure("resets", reset, VAULT, IDENTITY),
    Failure("resets in the middle", send(JSON + b"Content-Length: 99\r\n\r\n{"), VAULT, IDENTITY),
    Failure("half a head", send(b"HTTP/1.1 200 OK\r\nContent-"), VAULT, IDENTITY),
    Failure("half a chunk", send(JSON + b"Transfer-Encoding: chunked\r\n\r\nff\r\n{"), VAULT, IDENTITY),
    Failure("20 MB", send(JSON + b"Content-Length: 20971520\r\n\r\n", *[MEBIBYTE] * 20), ODD, IDENTITY, tries=1),
    Failure(
        "chunks without end",
        forever(JSON + b"Transfer-Encoding: chunked\r\n\r\n", b"100000\r\n" + MEBIBYTE + b"\r\n"),
        ODD,
        IDENTITY,
        tries=1,
    ),
    Failure("headers without end", forever(JSON, b"X-More: 0123456789abcdef\r\n" * 100), ODD, IDENTITY, tries=1),
    Failure("interim answers without end", forever(b"", b"HTTP/1.1 103 x\r\n\r\n" * 100), ODD, IDENTITY, tries=1),
    Failure(
        "a byte now and then",
        forever(JSON + b"Content-Length: 1000\r\n\r\n", b" ", 0.01),
        TIME,
        IDENTITY,
        timeout=0.3,
        tries=0,
    ),
    Failure(
        "redirects",
        send(b"HTTP/1.1 307 x\r\nLocation: https://localhost:%d/\r\nContent-Length: 0\r\n\r\n" % 1),
        ODD,
        IDENTITY,
        tries=1,
    ),
    Failure(
        "a login page",
        send(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nContent-Type: text/html\r\n\r\n<html>"),
        ODD,
        IDENTITY,
        tries=1,
    ),
    Failure("no HTTP", send(b"220 mail.example ESMTP\r\n"), ODD, IDENTITY, tries=1),
    Failure("a certificate of nobody known", hang, VAULT, IDENTITY, lambda _, other: other.server(), tries=0),
    Failure("an expired certificate", hang, VAULT, IDENTITY, lambda ours, _: ours.server(days=-1), tries=0),
    Failure("another's certificate", hang, VAULT, IDENTITY, lambda ours, _: ours.server("elsewhere"), tries=0),
    Failure("no TLS", greet, VAULT, IDENTITY, plain=True, tries=0),
]
by_name = pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: failure.what)


@dataclass
class Other:
    """The other side, and the authorities that sign for it, or should not."""

    server: Misbehaving
    ours: Authority
    unknown: Authority

    @property
    def url(self) -> str:
        """Where it is."""
        return f"https://localhost:{self.server.port}"

    async def fail(self, failure: Failure) -> None:
        """Misbehave from now on."""
        tls = failure.certificate(self.ours, self.unknown) if failure.certificate else None
        await self.server.become(failure.handler, tls, plain=failure.plain)
        self.server.connections = 0


@pytest.fixture
async def other(tmp_path: Path) -> AsyncIterator[Other]:
    """A server that misbehaves."""
    for folder in ("ours", "unknown"):
        (tmp_path / folder).mkdir()
    ours = Authority(tmp_path / "ours")
    async with Misbehaving(ours.server()) as server:
        yield Other(server, ours, Authority(tmp_path / "unknown"))


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tries follow each other at once, and so does the next exchange after one that failed."""
    for module in ("retry", "api.readiness", "vaults.identity.refreshing"):
        monkeypatch.setattr(f"secret_sidecar.{module}.FIRST_PAUSE", 0.0)


@by_name
async def test_the_vault_fails(
    failure: Failure, aws: FakeAws, other: Other, start: StartSidecar, static_settings: Settings
) -> None:
    """Each failure has its answer, with nothing of what was sent in it; then all is well again."""
    vault = static_settings.vault_as(AwsSettings)
    vault = replace(vault, endpoint_url=Origin.parse(other.url), ca_bundle=str(other.ours.bundle))
    await other.server.become(well(aws))
    sidecar = await start(replace(static_settings, vault=vault, timeout=failure.timeout))
    await sidecar.readiness.wait()
    await other.fail(failure)
    got = await ask(sidecar.port, PATH)
    assert (got.status, got.json["type"].rpartition(":")[2]) == failure.vault
    assert "code" not in got.json
    assert b"xxx" not in got.body
    if failure.tries:
        assert other.server.connections == failure.tries
    await other.server.become(well(aws))
    await recovers(sidecar, failure)


@by_name
async def test_the_identity_service_fails(
    failure: Failure, aws: FakeAws, other: Other, start: StartSidecar, role_settings: Settings
) -> None:
    """The same for STS: the answer says that it is the identity that is missing."""
    sts, vault = Origin.parse(other.url), role_settings.vault_as(AwsSettings)
    vault = replace(vault, endpoint_url_sts=sts, ca_bundle=str(other.ours.bundle))
    await other.fail(failure)
    sidecar = await start(replace(role_settings, vault=vault, timeout=failure.timeout))
    got = await ask(sidecar.port, PATH)
    assert (got.status, got.json["type"].rpartition(":")[2]) == failure.identity
    await other.server.become(well(aws))
    await sidecar.readiness.wait()
    await recovers(sidecar, failure)


async def recovers(sidecar: Sidecar, failure: Failure) -> None:
    """The first read is served; where reads have a part of a second, the first that a busy machine answers in it."""
    async with asyncio.timeout(60):
        while (status := (await ask(sidecar.port, PATH)).status) != 200:
            assert failure.timeout < 1, status


async def test_a_redirect_is_not_followed(
    other: Other, start: StartSidecar, static_settings: Settings, tmp_path: Path
) -> None:
    """Signed requests go to the vault alone."""
    async with Misbehaving(other.ours.server()) as elsewhere:
        location = f"Location: https://localhost:{elsewhere.port}/\r\n".encode()
        await other.server.become(send(b"HTTP/1.1 302 x\r\n" + location + b"Content-Length: 0\r\n\r\n"))
        vault = static_settings.vault_as(AwsSettings)
        vault = replace(vault, endpoint_url=Origin.parse(other.url), ca_bundle=str(other.ours.bundle))
        sidecar = await start(replace(static_settings, vault=vault))
        assert (await ask(sidecar.port, PATH)).status == 502
        assert elsewhere.connections == 0


async def test_one_process_survives_them_all(run: Run, aws: FakeAws, other: Other) -> None:
    """One after the other, with the pauses of real life."""
    await other.server.become(well(aws))
    sidecar = await run(
        AWS_ENDPOINT_URL_SECRETS_MANAGER=other.url,
        AWS_CA_BUNDLE=str(other.ours.bundle),
    )
    await sidecar.until("ready")
    for failure in FAILURES:
        await other.fail(failure)
        got = await ask(sidecar.port, PATH)
        assert (got.status, got.json["type"].rpartition(":")[2]) == failure.vault, failure.what
        await other.server.become(well(aws))
        assert (await ask(sidecar.port, PATH)).status == 200, failure.what
    sidecar.process.terminate()
    assert await sidecar.end() == 0


async def test_credentials_that_expire_mid_flight_are_renewed(
    aws: FakeAws, start: StartSidecar, role_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("secret_sidecar.vaults.identity.refreshing.RENEWED_LATELY", 0.0)
    sidecar = await start(role_settings)
    await sidecar.readiness.wait()
    aws.faults.append(fake_aws.error("ExpiredTokenException"))
    assert (await ask(sidecar.port, PATH)).status == 200
    assert len(aws.assumed) == 2


async def test_credentials_that_expire_and_cannot_be_renewed(
    aws: FakeAws, start: StartSidecar, role_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The vault's refusal, while those that it refuses are the only ones; served again once there are others."""
    monkeypatch.setattr("secret_sidecar.vaults.identity.refreshing.RENEWED_LATELY", 0.0)
    sidecar = await start(role_settings)
    await sidecar.readiness.wait()
    aws.keys.clear()
    aws.tokens = set()
    got = await ask(sidecar.port, PATH)
    assert (got.status, got.json["type"].rpartition(":")[2]) == IDENTITY
    assert got.json["code"] == "UnrecognizedClientException"
    aws.tokens = {"token-1"}
    assert (await ask(sidecar.port, PATH)).status == 200


@pytest.mark.parametrize("content", [None, b"", b"two tokens", b"\xff"])
async def test_a_token_file_that_vanishes(
    content: bytes | None, aws: FakeAws, start: StartSidecar, role_settings: Settings, token_file: Path
) -> None:
    """Valid credentials serve on; once they have expired the answer names the file, and nothing of what was in it."""
    sidecar = await start(role_settings)
    await sidecar.readiness.wait()
    rewrite(token_file, content)
    assert (await ask(sidecar.port, PATH)).status == 200
    source = sidecar._store.store.store.store._source  # type: ignore[attr-defined]
    now = source._clock() + 3601
    source._clock = lambda: now
    got = await ask(sidecar.port, PATH)
    assert (got.status, got.json["type"].rpartition(":")[2]) == IDENTITY
    assert f"token file {token_file}" in got.json["detail"]
    rewrite(token_file, b"token-1")
    assert (await ask(sidecar.port, PATH)).status == 200


async def test_an_exchange_that_the_deadline_cuts_short_answers_its_last_cause(
    aws: FakeAws, start: StartSidecar, role_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """STS failed, and then hung: that it failed is what a caller can act on."""

    async def ask_nothing(_: Readiness) -> None:
        """Leave the exchange to the read, which might come after readiness' own."""

    monkeypatch.setattr(Readiness, "run", ask_nothing)
    aws.sts_faults.extend([sts_error("ServiceUnavailable", 503), *(asyncio.Event() for _ in range(5))])
    sidecar = await start(replace(role_settings, timeout=2))
    got = await ask(sidecar.port, PATH)
    assert (got.status, got.json["type"].rpartition(":")[2]) == IDENTITY
    assert got.json["code"] == "ServiceUnavailable"
