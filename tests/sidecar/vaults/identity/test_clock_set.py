"""A clock that is set while credentials are in use: by NTP after the boot, or as a machine wakes up."""

from __future__ import annotations

import pytest

from secret_sidecar.errors import IdentityUnavailable
from tests.fakes.aws import FakeAws
from tests.sidecar.conftest import AwsSource, Clock, soon

pytestmark = pytest.mark.anyio

HOURS = 3600.0


@pytest.fixture
def monotonic() -> Clock:
    """Seconds since the boot."""
    return Clock(7.0)


@pytest.mark.parametrize("step", [-2 * HOURS, 2 * HOURS, -1000.0])
async def test_credentials_that_are_refused_are_renewed(
    step: float, aws: FakeAws, source: AwsSource, clock: Clock, monotonic: Clock
) -> None:
    """They are as old as they are, whatever the clock says now."""
    first = await source.get(soon())
    clock.now += step
    monotonic.now += 6
    renewed = await source.renew(first, soon())
    assert renewed is not first
    assert len(aws.assumed) == 2


async def test_credentials_end_with_their_lifetime(
    aws: FakeAws, source: AwsSource, clock: Clock, monotonic: Clock
) -> None:
    """Though a clock that was set back says that there is time."""
    first = await source.get(soon())
    clock.now -= 2 * HOURS
    monotonic.now += HOURS - 20
    assert await source.get(soon()) is not first
    assert len(aws.assumed) == 2


async def test_after_a_failure_the_next_try_comes_in_time(
    aws: FakeAws, source: AwsSource, clock: Clock, monotonic: Clock
) -> None:
    """It does not wait for the clock to be where it was."""
    aws.tokens = set()
    with pytest.raises(IdentityUnavailable):
        await source.get(soon())
    clock.now -= 2 * HOURS
    monotonic.now += 1
    aws.tokens = {"token-1"}
    assert (await source.get(soon())).access_key == "ASIA0000000000000002"


async def test_a_machine_that_slept_renews_what_has_ended(
    aws: FakeAws, source: AwsSource, clock: Clock, monotonic: Clock
) -> None:
    """The clock that nobody sets may stand still meanwhile."""
    await source.get(soon())
    clock.now += 8 * HOURS
    monotonic.now += 1
    second = await source.get(soon())
    assert len(aws.assumed) == 2
    assert await source.get(soon()) is second
    assert len(aws.assumed) == 2
