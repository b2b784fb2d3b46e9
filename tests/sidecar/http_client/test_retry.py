"""Trying again: while it may help and there is time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secret_sidecar import retry
from secret_sidecar.errors import Denied, Throttled, TimedOut, Unavailable, VaultError
from secret_sidecar.retry import full_jitter, retrying
from tests.sidecar.conftest import soon

pytestmark = pytest.mark.anyio


def failing_with(*errors: VaultError) -> tuple[Callable[[], Awaitable[str]], list[VaultError]]:
    """An attempt that meets these errors one after the other and then succeeds, and the list of what is left."""
    left = list(errors)

    async def attempt() -> str:
        if left:
            raise left.pop(0)
        return "done"

    return attempt, left


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "FIRST_PAUSE", 0.0)


async def test_what_passes_is_tried_again() -> None:
    attempt, _ = failing_with(Throttled("1"), Unavailable("2"), Throttled("3"))
    assert await retrying(attempt, soon()) == "done"


async def test_the_fourth_failure_is_the_answer() -> None:
    attempt, left = failing_with(*(Throttled(str(n)) for n in range(5)))
    with pytest.raises(Throttled, match="3"):
        await retrying(attempt, soon())
    assert len(left) == 1


async def test_a_decision_is_not_asked_for_twice() -> None:
    attempt, left = failing_with(Denied("no"), Denied("no"))
    with pytest.raises(Denied):
        await retrying(attempt, soon())
    assert len(left) == 1


async def test_no_pause_goes_beyond_the_deadline() -> None:
    """Cut short, the answer is the cause, at once."""
    attempt, left = failing_with(Throttled("cause"), Throttled("another"))
    with pytest.raises(Throttled, match="cause"):
        await retrying(attempt, asyncio.get_running_loop().time())
    assert len(left) == 1


async def test_cut_short_the_answer_is_the_last_cause() -> None:
    """A try that runs into the deadline after a failure answers that failure."""
    deadline = asyncio.get_running_loop().time() + 0.05
    tries = 0

    async def attempt() -> str:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise Throttled("cause")
        await asyncio.sleep(deadline - asyncio.get_running_loop().time() + 0.01)
        raise TimedOut("time is up")

    with pytest.raises(Throttled, match="cause"):
        await retrying(attempt, deadline)


async def test_what_the_cloud_said_goes_before_an_attempt_without_an_answer() -> None:
    """A caller can act on it; of two that the cloud said, the later one counts."""
    silent = Unavailable("no answer from it in 0.1 seconds")
    attempt, _ = failing_with(Throttled("1", code="A"), silent, Throttled("2", code="B"), silent)
    with pytest.raises(Throttled, match="2"):
        await retrying(attempt, soon())


async def test_without_another_cause_the_answer_is_that_the_time_was_up() -> None:
    attempt, _ = failing_with(TimedOut("time is up"))
    with pytest.raises(TimedOut):
        await retrying(attempt, soon())


@given(st.integers(1, 500))
def test_pauses_are_random_below_a_bound_that_doubles(failures: int) -> None:
    """So that many callers spread, up to a longest pause."""
    assert 0 <= full_jitter(failures, 0.1, 1.0) <= min(1.0, 0.1 * 2 ** min(failures - 1, 10))
