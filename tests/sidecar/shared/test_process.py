"""The shared mode as a process: `python -m secret_sidecar` with files and variables, as its pods run it."""

from __future__ import annotations

import asyncio
import json
import signal
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.issuer import Issuer
from tests.sidecar.shared.clouds import CLOUDS, AwsCloud, environment_of
from tests.sidecar.support.caller import ask
from tests.sidecar.support.certificates import Authority
from tests.sidecar.support.process import Process, running
from tests.sidecar.support.shared_service import HOST, Service

pytestmark = pytest.mark.anyio

NAME = "/v1/secrets/database-password"


@dataclass(frozen=True)
class Pod:
    """A service that runs, and the cloud that it asks."""

    cloud: Any
    process: Process
    service: Service


@asynccontextmanager
async def pod(kind: Any, authority: Authority, issuer: Issuer, folder: Path, **more: str) -> AsyncIterator[Pod]:
    """Run a service until it has served, or the test has ended."""
    cloud = kind(("test", "prod"), issuer, authority.server(HOST))
    async with cloud.server:
        own = {"SSL_CERT_FILE": str(authority.bundle), "SECRETS_SHARED_SHUTDOWN_DELAY": "0", **more}
        variables = {**environment_of(cloud, authority, folder), **own}
        async with running(variables) as process:
            await process.until("ready")
            yield Pod(cloud, process, Service(process.port, ssl.create_default_context(cafile=str(authority.bundle))))


@pytest.mark.parametrize("kind", CLOUDS.values(), ids=CLOUDS)
async def test_it_serves_each_caller_and_ends(kind: Any, authority: Authority, issuer: Issuer, tmp_path: Path) -> None:
    """Exit code 0; no token and no value is in its log, and who was admitted and who was not is."""
    async with pod(kind, authority, issuer, tmp_path) as running:
        tokens = {namespace: running.cloud.token(namespace) for namespace in ("test", "prod")}
        bad = f"{running.cloud.token('test', 2)[:-8]}AAAAAAAA"
        for namespace, other in (("test", "prod"), ("prod", "test")):
            got = await running.service.ask(NAME, tokens[namespace])
            assert (got.status, got.json["value"]) == (200, f"{namespace}-0")
            got = await running.service.ask(f"/v1/secrets/{other}/database-password", tokens[namespace])
            assert got.status == 403
        assert (await running.service.ask(NAME, bad)).status == 401
        assert (await running.service.ask(NAME)).status == 401
        assert b"secret_sidecar_callers 2" in (await ask(running.process.health_port, "/metrics")).body
        running.process.process.terminate()
        assert await running.process.end() == 0
    log = running.process.lines
    assert log[0]["message"] == "serving"
    assert [line["message"] for line in log[-2:]] == ["stopping", "stopped"]
    audit = [(line["caller"].split(":")[2], line["status"]) for line in log if line["message"] == "audit"]
    assert sorted(audit) == [("prod", 200), ("prod", 403), ("test", 200), ("test", 403)]
    messages = [line["message"] for line in log]
    assert (messages.count("caller admitted"), messages.count("caller not admitted")) == (2, 1)
    text = json.dumps(log)
    for token in (*tokens.values(), bad):
        assert not any(piece in text for piece in token.split(".")[1:])
    assert not any(value in text for value in ("test-0", "prod-0", running.cloud.access()))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_what_is_in_flight_is_answered_before_the_end(
    number: int, authority: Authority, issuer: Issuer, tmp_path: Path
) -> None:
    """The token is exchanged only after the signal, and the caller still gets its value; streams end."""
    async with pod(AwsCloud, authority, issuer, tmp_path) as running:
        aws = running.cloud.fake
        other = running.cloud.token("prod")
        assert (await running.service.ask(NAME, other)).status == 200
        stream = asyncio.create_task(running.service.ask("/v1/events?names=database-password", other))
        await running.process.until("audit")
        aws.sts_asked.clear()
        aws.sts_gate.clear()
        reading = asyncio.create_task(running.service.ask(NAME, running.cloud.token("test")))
        await aws.sts_asked.wait()
        async with asyncio.timeout(30):
            asked = ""
            while "requests_in_flight 2" not in asked:
                asked = (await ask(running.process.health_port, "/metrics")).body.decode()
        running.process.process.send_signal(number)
        await running.process.until("stopping")
        aws.sts_gate.set()
        assert (await reading).json["value"] == "test-0"
        assert (await stream).status == 200
        assert await running.process.end() == 0


async def test_it_lets_its_callers_go_before_it_ends(authority: Authority, issuer: Issuer, tmp_path: Path) -> None:
    """Until nobody is routed to it any more, everybody is answered, and told to ask elsewhere next; then it ends."""
    async with pod(AwsCloud, authority, issuer, tmp_path, SECRETS_SHARED_SHUTDOWN_DELAY="60") as running:
        token = running.cloud.token("test")
        kept = await running.service.ask(NAME, token)
        assert "connection" not in kept.headers
        running.process.process.send_signal(signal.SIGTERM)
        await running.process.until("stopping")
        for _ in range(2):
            got = await running.service.ask(NAME, token)
            assert (got.status, got.headers["connection"]) == (200, "close")
        assert (await ask(running.process.health_port, "/readyz")).status == 200
        running.process.process.send_signal(signal.SIGTERM)  # a second one is a hurry
        assert await running.process.end() == 0


@pytest.mark.parametrize(("number", "delay"), [(signal.SIGTERM, "0.01"), (signal.SIGINT, "60")])
async def test_it_ends_by_itself_after_the_delay_and_at_once_for_a_person(
    number: int, delay: str, authority: Authority, issuer: Issuer, tmp_path: Path
) -> None:
    async with pod(AwsCloud, authority, issuer, tmp_path, SECRETS_SHARED_SHUTDOWN_DELAY=delay) as running:
        running.process.process.send_signal(number)
        async with asyncio.timeout(30):
            assert await running.process.end() == 0


async def test_without_its_certificate_it_does_not_start(
    authority: Authority, issuer: Issuer, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """One line says why."""
    with pytest.raises(AssertionError, match="no 'ready' in the log"):
        async with pod(AwsCloud, authority, issuer, tmp_path, SECRETS_TLS_KEY_FILE="/nonexistent"):
            pass
    errors = capfd.readouterr().err
    assert "SECRETS_TLS_KEY_FILE='/nonexistent': No such file or directory; expected" in errors
    assert errors.count("\n") == 1
