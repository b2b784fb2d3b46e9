"""Sharing and bounds as callers of the API see them: a full queue, and a value that changes while many read it."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from secret_sidecar.reading import coalescing
from secret_sidecar.settings import Settings
from tests.fakes.aws import FakeAws
from tests.sidecar.conftest import StartSidecar
from tests.sidecar.support.caller import ask
from tests.sidecar.support.waiting import until

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("secret_sidecar.retry.FIRST_PAUSE", 0.0)


async def test_the_api_says_that_it_is_overloaded(aws: FakeAws, start: StartSidecar, static_settings: Settings) -> None:
    """503 with Retry-After, and served again once there is room."""
    sidecar = await start(static_settings)
    await sidecar.readiness.wait()
    calls = sidecar._store.store.calls  # type: ignore[attr-defined]
    calls._most_calls, calls._most_waiting = 1, 0
    held, asked = asyncio.Event(), asyncio.Event()

    class Signalling(asyncio.Event):
        async def wait(self) -> Any:
            asked.set()
            return await held.wait()

    aws.faults.append(Signalling())
    first = asyncio.create_task(ask(sidecar.port, "/v1/secrets/database-password"))
    await asked.wait()
    got = await ask(sidecar.port, "/v1/secrets/key")
    assert (got.status, got.json["type"]) == (503, "urn:secret-access:problem:overloaded")
    assert got.headers["retry-after"] == "1"
    assert (got.json["name"], "code" in got.json) == ("test/key", False)
    held.set()
    assert (await first).status == 200
    assert (await ask(sidecar.port, "/v1/secrets/key")).status == 200


async def test_twenty_readers_share_calls(
    aws: FakeAws, start: StartSidecar, static_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through the API: far fewer calls than readers, and all are served."""
    monkeypatch.setattr(coalescing, "PATIENCE", 60.0)  # no reader comes late
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(24))
    sidecar = await start(replace(static_settings, timeout=60))
    await sidecar.readiness.wait()
    aws.asked.clear()
    held = asyncio.Event()

    class Late(asyncio.Event):
        async def wait(self) -> Any:
            return await held.wait()

    aws.faults.extend([Late()] * 4)
    reading = [asyncio.create_task(ask(sidecar.port, "/v1/secrets/database-password")) for _ in range(20)]
    calls = sidecar._store.store.calls  # type: ignore[attr-defined]
    await until(lambda: calls.waiting + calls.under_way == 20)
    held.set()
    assert {got.status for got in await asyncio.gather(*reading)} == {200}
    assert len(aws.asked) < 12


async def test_a_value_that_changes_under_load_is_never_older_than_its_request(
    aws: FakeAws, start: StartSidecar, static_settings: Settings
) -> None:
    """Two dozen readers, a writer that never rests: each answer is what was current when it was asked for, or later."""
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(24))
    sidecar = await start(replace(static_settings, timeout=60))
    calls = sidecar._store.store.calls  # type: ignore[attr-defined]
    calls._at_once = 1  # so that much is shared
    name = "test/database-password"
    aws.secrets[name] = "0"
    done = asyncio.Event()

    async def write() -> None:
        while not done.is_set():
            aws.secrets[name] = aws.versions[name] = str(int(str(aws.secrets[name])) + 1)
            await asyncio.sleep(0.0005)

    async def read() -> None:
        for _ in range(15):
            current = int(str(aws.secrets[name]))
            got = await ask(sidecar.port, "/v1/secrets/database-password")
            assert int(got.json["value"]) >= current
            assert got.json["version"] == got.json["value"]

    writer = asyncio.create_task(write())
    await asyncio.gather(*(read() for _ in range(24)))
    done.set()
    await writer
    assert calls.spared > 0
