"""What a request leaves behind is freed as its last reference goes: nothing has to be searched for.

Cycles would be found by Python's search in the end, but a search of everything is rare (server.py makes it rarer), and
until then they hold memory, connections, and now and then a value.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from types import CoroutineType, FrameType

import pytest

import secret_sidecar
from secret_sidecar.http_client.origin import Origin
from secret_sidecar.http_server.connection import Connection
from secret_sidecar.http_server.phase import Phase
from secret_sidecar.server import Sidecar
from secret_sidecar.settings import Settings
from secret_sidecar.vaults.aws.settings import AwsSettings
from tests.fakes.aws import FakeAws, Reply, sts_error
from tests.fakes.misbehaving import well
from tests.sidecar.conftest import StartSidecar
from tests.sidecar.support.caller import ask, ask_raw, send
from tests.sidecar.support.waiting import until
from tests.sidecar.test_failures import FAILURES, PATH, Failure, Other, other

pytestmark = pytest.mark.anyio

__all__ = ["other"]  # a fixture

SOURCE = str(secret_sidecar.__path__[0])
TIMES = 3
READERS = 12
"""More than may ask at once for one name, so that some share a call."""


@dataclass
class Found:
    """What a search found."""

    garbage: list[str]


def _name(found: object) -> str:
    """What a piece of garbage is called, if it is the sidecar's; empty if it is a test's."""
    code = found.f_code if isinstance(found, FrameType) else found.cr_code if isinstance(found, CoroutineType) else None
    if code is not None:
        return code.co_qualname if code.co_filename.startswith(SOURCE) else ""
    kind = type(found)
    return kind.__qualname__ if kind.__module__.startswith(("secret_sidecar", "httptools")) else ""


@contextmanager
def searched() -> Iterator[Found]:
    """Search for what was left behind in a block, and not before."""
    gc.collect()
    gc.disable()
    found = Found([])
    try:
        yield found
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        found.garbage = sorted({name for name in map(_name, gc.garbage) if name})
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("retry", "api.readiness", "vaults.identity.refreshing"):
        monkeypatch.setattr(f"secret_sidecar.{module}.FIRST_PAUSE", 0.0)
    monkeypatch.setattr("secret_sidecar.vaults.identity.refreshing.RENEWED_LATELY", 0.0)


async def _gone() -> None:
    """Wait until the callers have gone, as far as their connections know."""
    await until(
        lambda: not any(isinstance(there, Connection) and there.phase is not Phase.LOST for there in gc.get_objects())
    )


async def _reads(sidecar: Sidecar, name: str, statuses: set[int]) -> None:
    """Read at once, so that some calls are shared."""
    answers = await asyncio.gather(*(ask(sidecar.port, f"/v1/secrets/{name}") for _ in range(READERS)))
    assert {answer.status for answer in answers} == statuses


@pytest.mark.parametrize(
    ("name", "status"),
    [("database-password", 200), ("prod/database-password", 403), ("missing", 404), ("gone", 410), ("a%20b", 400)],
)
async def test_reads(aws: FakeAws, start: StartSidecar, role_settings: Settings, name: str, status: int) -> None:
    """Those that are served and those that are refused, alone, shared and in a batch."""
    aws.put("test/gone", "x")
    aws.deleted.add("test/gone")
    sidecar = await start(role_settings)
    await sidecar.readiness.wait()
    with searched() as found:
        for _ in range(TIMES):
            await _reads(sidecar, name, {status})
            assert (await send(sidecar.port, "/v1/secrets:batchGet", {"names": [name]})).status == 200
        await _gone()
    assert found.garbage == []


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: failure.what)
async def test_failures_of_the_vault(
    failure: Failure, aws: FakeAws, other: Other, start: StartSidecar, static_settings: Settings
) -> None:
    """Each of them, over TLS."""
    vault = static_settings.vault_as(AwsSettings)
    vault = replace(vault, endpoint_url=Origin.parse(other.url), ca_bundle=str(other.ours.bundle))
    await other.server.become(well(aws))
    sidecar = await start(replace(static_settings, vault=vault, timeout=failure.timeout))
    await sidecar.readiness.wait()
    await other.fail(failure)
    with searched() as found:
        await _reads(sidecar, "database-password", {failure.vault[0]})
        await other.server.become(well(aws))
        assert (await ask(sidecar.port, PATH)).status == 200
        await _gone()
    assert found.garbage == []


async def test_a_vault_that_does_not_listen(aws: FakeAws, start: StartSidecar, static_settings: Settings) -> None:
    sidecar = await start(static_settings)
    await sidecar.readiness.wait()
    with searched() as found:
        await aws.__aexit__()
        await _reads(sidecar, "database-password", {503})
        await _gone()
    assert found.garbage == []


@pytest.mark.parametrize(
    "fault", [sts_error("AccessDenied", 403), sts_error("InternalFailure", 500), Reply(200, b"<a><b></a>")]
)
async def test_an_identity_that_is_not_renewed(
    fault: Reply, aws: FakeAws, start: StartSidecar, role_settings: Settings
) -> None:
    """Credentials that are refused, while STS gives no others; and once it does."""
    sidecar = await start(role_settings)
    await sidecar.readiness.wait()
    with searched() as found:
        aws.sts_faults.extend([fault] * 99)
        aws.keys.clear()
        await _reads(sidecar, "database-password", {503})
        aws.sts_faults.clear()
        await _reads(sidecar, "database-password", {200})
        await _gone()
    assert found.garbage == []


@pytest.mark.parametrize(
    "request_",
    [
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 100 + b"\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 9999999\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\nGET / HTTP/9.9\r\n\r\n",
    ],
)
async def test_callers(request_: bytes, start: StartSidecar, static_settings: Settings) -> None:
    """Those whose requests are refused, and those that go away in the middle of them."""
    sidecar = await start(static_settings)
    await sidecar.readiness.wait()
    with searched() as found:
        for _ in range(TIMES):
            await ask_raw(sidecar.port, request_)
            _, writer = await asyncio.open_connection("127.0.0.1", sidecar.port)
            writer.write(request_[:10])
            await writer.drain()
            writer.transport.abort()
        await _gone()
    assert found.garbage == []


async def test_streams(aws: FakeAws, start: StartSidecar, static_settings: Settings) -> None:
    """Events that were listened to for a while."""
    sidecar = await start(replace(static_settings, events_interval=0.01))
    await sidecar.readiness.wait()
    with searched() as found:
        for _ in range(TIMES):
            reader, writer = await asyncio.open_connection("127.0.0.1", sidecar.port)
            writer.write(b"GET /v1/events?names=database-password,missing HTTP/1.1\r\nHost: localhost\r\n\r\n")
            await reader.readuntil(b"event: version")
            aws.put("test/database-password", "new")
            await reader.readuntil(b"event: version")
            writer.transport.abort()
            await _gone()
    assert found.garbage == []
