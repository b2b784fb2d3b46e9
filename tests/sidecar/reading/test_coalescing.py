"""Calls that are bounded and shared: how many are made, for whom, and what those who wait get."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secret_sidecar.errors import Denied, Overloaded, Throttled, TimedOut, Unavailable
from secret_sidecar.reading import coalescing
from secret_sidecar.reading.coalescing import SharedCalls
from secret_sidecar.retry import retrying
from tests.sidecar.conftest import soon
from tests.sidecar.support.waiting import until

pytestmark = pytest.mark.anyio


class Held:
    """Calls that end when the test says so."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, asyncio.Future[str]]] = []

    async def __call__(self, key: str, _: float) -> str:
        """Wait for the test."""
        future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.calls.append((key, future))
        return await future

    def answer(self, number: int, value: str) -> None:
        """End a call."""
        self.calls[number][1].set_result(value)


async def turn() -> None:
    """Let everything happen that can."""
    for _ in range(10):
        await asyncio.sleep(0)


def readers(calls: SharedCalls[str, str], *keys: str, deadline: float | None = None) -> list[asyncio.Task[str]]:
    """Readers that came in this order."""
    return [asyncio.create_task(calls.get(key, deadline or soon())) for key in keys]


async def test_a_few_reads_are_made_at_once_and_the_rest_share_the_next_call() -> None:
    """Ten readers of one name cost five calls, and the six who waited get what the fifth brings."""
    held = Held()
    calls = SharedCalls(held)
    tasks = readers(calls, *["a"] * 10)
    await turn()
    assert (len(held.calls), calls.waiting) == (4, 6)
    held.answer(2, "old")
    await turn()
    assert len(held.calls) == 5
    (late,) = readers(calls, "a")
    await turn()
    held.answer(4, "new")
    await turn()
    assert [task.result() for task in tasks if task.done()] == ["old"] + ["new"] * 6
    assert len(held.calls) == 6, "the late one did not join the call that was under way"
    for number in (0, 1, 3, 5):
        held.answer(number, "last")
    assert await late == "last"
    await asyncio.gather(*tasks)
    assert (calls.under_way, calls.waiting, calls.spared) == (0, 0, 5)


async def test_who_waits_longest_goes_first() -> None:
    """Where all places are taken, other names wait in the order in which they came."""
    held = Held()
    calls = SharedCalls(held, calls=2)
    tasks = readers(calls, "a", "b", "c", "d", "c")
    await turn()
    held.answer(0, "1")
    await turn()
    assert [key for key, _ in held.calls] == ["a", "b", "c"]
    held.answer(1, "2")
    await turn()
    assert [key for key, _ in held.calls] == ["a", "b", "c", "d"]
    held.answer(2, "3")
    held.answer(3, "4")
    assert await asyncio.gather(*tasks) == ["1", "2", "3", "4", "3"]


async def test_calls_that_hang_keep_the_next_reader_for_a_moment_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """After that, a call is made though the others have not ended."""
    monkeypatch.setattr(coalescing, "PATIENCE", 0.0)
    held = Held()
    calls = SharedCalls(held)
    tasks = readers(calls, *["a"] * 5)
    await until(lambda: len(held.calls) == 5)
    held.answer(4, "new")
    assert await tasks[4] == "new"
    for task in tasks:
        task.cancel()


async def test_an_error_is_everybodys() -> None:
    """All reads that waited for a call get its result."""
    held = Held()
    tasks = readers(SharedCalls(held, calls=1), "a", "b", "b")
    await turn()
    held.answer(0, "1")
    await turn()
    held.calls[1][1].set_exception(Denied("no"))
    assert await tasks[0] == "1"
    for task in tasks[1:]:
        with pytest.raises(Denied):
            await task


async def test_who_waits_too_long_learns_the_last_cause() -> None:
    """As in a call of its own: a 504 only if there was no other error."""
    loop = asyncio.get_running_loop()
    throttled, forever = asyncio.Event(), asyncio.Event()

    async def attempt() -> str:
        if not throttled.is_set():
            throttled.set()
            raise Throttled("slow down")
        await forever.wait()
        return ""

    async def call(key: str, deadline: float) -> str:
        if key == "first":
            return await asyncio.sleep(0.01, "")
        return await retrying(attempt, deadline)

    calls = SharedCalls(call, calls=1)
    first, hurried, patient = (
        asyncio.create_task(calls.get(key, loop.time() + left)) for key, left in (("first", 60), ("a", 10), ("a", 60))
    )
    await first
    with pytest.raises(Throttled):
        await hurried
    patient.cancel()


async def test_who_waits_too_long_for_a_call_that_was_not_sent_is_told_so() -> None:
    """And the call is not made when no read waits for it any more."""
    held = Held()
    calls = SharedCalls(held, calls=1)
    (first,) = readers(calls, "a")
    await turn()
    (second,) = readers(calls, "b", deadline=asyncio.get_running_loop().time() + 0.01)
    with pytest.raises(TimedOut):
        await second
    held.answer(0, "1")
    assert await first == "1"
    await turn()
    assert [key for key, _ in held.calls] == ["a"]


async def test_a_full_queue_says_so_at_once() -> None:
    held = Held()
    calls = SharedCalls(held, calls=1, waiting=2)
    tasks = readers(calls, "a", "b", "b")
    await turn()
    with pytest.raises(Overloaded, match="2 reads are waiting"):
        await calls.get("b", soon())
    for number in (0, 1):
        held.answer(number, "x")
        await turn()
    assert await asyncio.gather(*tasks) == ["x"] * 3
    assert calls.waiting == 0


async def test_closing_ends_those_who_wait() -> None:
    held = Held()
    calls = SharedCalls(held, calls=1)
    tasks = readers(calls, "a", "b", "b")
    await turn()
    held.answer(0, "1")
    tasks += readers(calls, "c")
    await turn()
    calls.close()
    ended = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(end) for end in ended] == [str, *[asyncio.CancelledError] * 3]
    assert (calls.under_way, calls.waiting) == (0, 0)


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 3), st.booleans()), max_size=60))
def test_bounds_hold_under_any_load(load: list[tuple[str, int, bool]]) -> None:
    """Never more calls than allowed, each read gets its own name or is refused, and nothing is left behind."""
    peak = 0

    async def call(key: str, deadline: float) -> str:
        nonlocal peak
        peak = max(peak, calls.under_way)
        for _ in range(ord(key) % 5):
            await asyncio.sleep(0)
        if key == "h":
            raise Unavailable(key)
        return key

    async def main() -> list[Any]:
        tasks = []
        for key, pause, leaves in load:
            tasks.append(asyncio.create_task(calls.get(key, soon())))
            for _ in range(pause):
                await asyncio.sleep(0)
            if leaves:
                tasks[-1].cancel()
        return await asyncio.gather(*tasks, return_exceptions=True)

    calls: SharedCalls[str, str] = SharedCalls(call, calls=3, waiting=5, at_once=2)
    answers = asyncio.run(main())
    assert peak <= 3
    assert (calls.under_way, calls.waiting, calls._unsent, calls._by_key) == (0, 0, {}, {})
    for (key, _, leaves), answer in zip(load, answers, strict=True):
        assert answer == key or isinstance(answer, Unavailable | Overloaded) or (leaves and answer is not None)


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("secret_sidecar.retry.FIRST_PAUSE", 0.0)
