"""A machine whose clock is wrong: AWS refuses its signatures, tells the time, and takes the next one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from secret_sidecar.errors import CredentialsRefused
from secret_sidecar.settings import Settings
from secret_sidecar.vaults.aws.settings import AwsSettings
from secret_sidecar.vaults.aws.sources import open_source
from secret_sidecar.vaults.aws.store import open_store
from secret_sidecar.vaults.store import NewValue
from tests.fakes.aws import FakeAws
from tests.sidecar.conftest import StartSidecar, soon
from tests.sidecar.support.caller import ask
from tests.sidecar.support.waiting import until

pytestmark = pytest.mark.anyio

NAME = "test/database-password"
MINUTE = 60.0
OFF = [10 * MINUTE, -10 * MINUTE, 6 * 60 * MINUTE, -6 * 60 * MINUTE]


@pytest.fixture
def off(aws: FakeAws) -> Callable[[float], None]:
    """Set the fake's clock so many seconds ahead of ours."""
    aws.dates = True

    def off(seconds: float) -> None:
        aws.clock = lambda: time.time() + seconds

    return off


@pytest.mark.parametrize("seconds", OFF)
async def test_a_clock_that_is_off_costs_one_call(
    seconds: float, off: Callable[[float], None], aws: FakeAws, static_settings: Settings
) -> None:
    """The first is refused and signed anew by AWS's own time, and so are those after it, writes too."""
    off(seconds)
    store = open_store(replace(static_settings, access="read_write"))
    assert (await store.get(NAME, soon())).value == "hunter2-test"
    assert len(aws.asked) == 2
    await store.get(NAME, soon())
    await store.put(NAME, NewValue("new"), soon())
    assert (await store.get(NAME, soon())).value == "new"
    assert len(aws.asked) == 5
    await store.close()


@pytest.mark.parametrize("seconds", OFF)
async def test_reads_side_by_side_are_all_signed_anew(
    seconds: float, off: Callable[[float], None], static_settings: Settings
) -> None:
    """Also those that are refused when another one has corrected the clock already."""
    store = open_store(static_settings)
    for ahead in (seconds, 0.0):
        off(ahead)
        secrets = await asyncio.gather(*(store.get(NAME, soon()) for _ in range(8)))
        assert [secret.value for secret in secrets] == ["hunter2-test"] * 8
    await store.close()


async def test_a_clock_that_is_set_right_later_is_followed(
    off: Callable[[float], None], aws: FakeAws, static_settings: Settings
) -> None:
    """The correction is of the clock as it was."""
    store = open_store(static_settings)
    for seconds in (10 * MINUTE, 0.0, -20 * MINUTE, 0.0):
        off(seconds)
        before = len(aws.asked)
        assert (await store.get(NAME, soon())).value == "hunter2-test"
        assert (await store.get(NAME, soon())).value == "hunter2-test"
        assert len(aws.asked) == before + 3
    await store.close()


@pytest.mark.parametrize("seconds", OFF)
async def test_a_pod_whose_clock_is_off_becomes_ready_and_reads(
    seconds: float, off: Callable[[float], None], aws: FakeAws, role_settings: Settings, start: StartSidecar
) -> None:
    """Its credentials are exchanged once, however far away AWS says that their end is."""
    off(seconds)
    sidecar = await start(role_settings)
    await until(lambda: sidecar.readiness.is_ready)
    for _ in range(3):
        assert (await ask(sidecar.port, "/v1/secrets/database-password")).status == 200
    assert len(aws.assumed) == 1


@pytest.mark.parametrize("seconds", OFF)
async def test_credentials_end_by_this_machines_clock(
    seconds: float, off: Callable[[float], None], role_settings: Settings
) -> None:
    """In an hour, whatever time AWS thinks it will be then."""
    off(seconds)
    source = open_source(role_settings)
    credentials = await source.get(soon())
    assert credentials.expires == pytest.approx(time.time() + 3600, abs=30)
    await source.close()


async def test_a_signature_that_is_wrong_for_another_reason_is_not_signed_again(
    off: Callable[[float], None], aws: FakeAws, static_settings: Settings
) -> None:
    """The Date says that the clock is right."""
    off(0.0)
    assert isinstance(static_settings.vault, AwsSettings)
    store = open_store(replace(static_settings, vault=replace(static_settings.vault, secret_access_key="wrong")))
    with pytest.raises(CredentialsRefused, match="InvalidSignatureException"):
        await store.get(NAME, soon())
    assert len(aws.asked) == 1
    await store.close()


async def test_a_clock_that_nobody_corrects_is_told_as_it_was(
    off: Callable[[float], None], aws: FakeAws, static_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once more, and no more than that, though the other side's time changes with each answer."""
    off(0.0)
    hours = iter(range(1, 9))
    aws.clock = lambda: time.time() + 3600 * next(hours, 0)
    store = open_store(static_settings)
    with pytest.raises(CredentialsRefused, match="InvalidSignatureException"):
        await store.get(NAME, soon())
    assert len(aws.asked) == 2
    await store.close()
