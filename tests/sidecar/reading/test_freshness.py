"""No read is older than it may be: whatever the order in which reads, rotations, refusals and answers come.

Hypothesis makes the schedules. Stores that are wrong in one point each show that the properties can fail.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from secret_sidecar.errors import (
    BadUpstreamResponse,
    Deleted,
    Denied,
    NotFound,
    Throttled,
    TimedOut,
    Unavailable,
    VaultError,
)
from secret_sidecar.reading import coalescing
from secret_sidecar.reading.freshness import PASSING, REFUSALS, Fresh
from secret_sidecar.reading.metrics import Metrics
from secret_sidecar.vaults.store import Secret
from tests.fakes.rotating_vault import RotatingVault
from tests.sidecar.reading.wrong_stores import (
    CountsFromTheAnswer,
    IgnoresRefusedLooks,
    IgnoresTheNews,
    JoinsUnderWay,
    KeepsWhatWasRefused,
    KeepsWhatWasUnderWay,
)

NAMES = st.sampled_from(["a", "a", "a", "b"])
FAULTS = st.sampled_from([None, None, None, Throttled, Unavailable, TimedOut, BadUpstreamResponse])
Make = Callable[[RotatingVault], Fresh]


@dataclass(eq=False)
class Read:
    """A read, and what was so when it arrived."""

    name: str
    task: asyncio.Task[Secret]
    arrived: float
    step: int
    number: int


class Schedule(RuleBasedStateMachine):
    """Reads beside rotations; each step is one event, and what it set off has happened before the next."""

    ttl = 0.0
    stale = 0.0
    make: Make

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.vault = RotatingVault()
        self.fresh = self.make(self.vault)
        self.reads: list[Read] = []

    def teardown(self) -> None:
        """End what waits."""
        self.reads.clear()
        self.loop.run_until_complete(self.fresh.close())
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.settle()
        self.loop.close()

    def settle(self) -> None:
        """Let everything happen that needs no event from outside; judge the reads that ended."""

        async def turns() -> None:
            for _ in range(12):
                await asyncio.sleep(0)

        self.loop.run_until_complete(turns())
        for read in [read for read in self.reads if read.task.done()]:
            self.reads.remove(read)
            if error := read.task.exception():
                assert isinstance(error, VaultError)
            else:
                self.judge(read, read.task.result())
        self.vault.step += 1

    def judge(self, read: Read, secret: Secret) -> None:
        """The promises."""
        number, by = (int(word) for word in secret.value.split(" by "))
        call = self.vault.made[by]
        assert secret.name == read.name
        if secret.cached is None:
            assert number >= read.number, "a value that was replaced before the read arrived"
            assert call.step >= read.step, "a call that was sent before the read arrived"
            return
        longest = self.ttl if secret.cached == "fresh" else self.ttl + self.stale
        replaced = self.vault.value(read.name).replaced
        assert self.vault.now - call.sent < longest, "a value kept too long"
        assert number == len(replaced) or replaced[number] > self.vault.now - longest, "a value kept too long"
        assert number >= self.vault.seen.get(read.name, 0), "a value kept though a newer one was seen"
        assert call.step > self.vault.refused_at.get(read.name, -1), "a value kept beyond a refusal"

    @rule(name=NAMES, times=st.integers(1, 7))
    def read(self, name: str, times: int) -> None:
        """Readers come."""

        async def start() -> None:
            for _ in range(times):
                task = asyncio.create_task(self.fresh.get(name, self.loop.time() + 3600))
                number = self.vault.value(name).number
                self.reads.append(Read(name, task, self.vault.now, self.vault.step, number))

        self.loop.run_until_complete(start())
        self.settle()

    @rule(name=NAMES)
    def rotate(self, name: str) -> None:
        """The value changes."""
        self.vault.rotate(name)
        self.settle()

    @rule(name=NAMES)
    def look(self, name: str) -> None:
        """Somebody asks for the current version."""

        async def ask() -> None:
            with suppress(VaultError):
                await self.fresh.current_version(name, self.loop.time() + 3600)

        self.loop.run_until_complete(ask())
        self.settle()

    @rule(name=NAMES, refusal=st.sampled_from([None, Denied, NotFound, Deleted]))
    def change_rights(self, name: str, refusal: type[VaultError] | None) -> None:
        """A right is taken away or given, a secret deleted or restored."""
        self.vault.value(name).refusal = refusal
        self.settle()

    @rule(name=NAMES)
    def hide(self, name: str) -> None:
        """The right to look at metadata is taken away or given, and that to read the value is not."""
        self.vault.value(name).is_hidden ^= True
        self.settle()

    @precondition(lambda self: any(call.decided is None for call in self.vault.calls))
    @rule(data=st.data(), fault=FAULTS)
    def decide(self, data: st.DataObject, fault: type[VaultError] | None) -> None:
        """The vault looks at one of the calls."""
        call = data.draw(st.sampled_from([call for call in self.vault.calls if call.decided is None]))
        self.vault.decide(call, fault)
        self.settle()

    @precondition(lambda self: any(call.decided is not None for call in self.vault.calls))
    @rule(data=st.data())
    def deliver(self, data: st.DataObject) -> None:
        """One of the answers arrives, in whatever order."""
        call = data.draw(st.sampled_from([call for call in self.vault.calls if call.decided is not None]))
        self.vault.deliver(call, REFUSALS)
        self.settle()

    @precondition(lambda self: self.vault.calls)
    @rule(data=st.data(), fault=FAULTS)
    def answer(self, data: st.DataObject, fault: type[VaultError] | None) -> None:
        """The vault looks at one of the calls, and its answer arrives."""
        call = data.draw(st.sampled_from(self.vault.calls))
        if call.decided is None:
            self.vault.decide(call, fault)
        self.vault.deliver(call, REFUSALS)
        self.settle()

    @rule(seconds=st.sampled_from([1.0, 4.0, 9.0]))
    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.vault.now += seconds
        self.settle()

    @precondition(lambda self: self.ttl or self.stale)
    @rule()
    def sweep(self) -> None:
        """What serves no more goes, and what may serve still does not."""
        keep = self.fresh.keep
        assert keep is not None
        oldest = self.vault.now - self.ttl - self.stale

        def sent() -> list[float]:
            return sorted(kept.sent for kinds in keep._names.values() for kept in kinds.values())

        async def sweep() -> None:
            if self.fresh._sweeping is not None:
                self.fresh._sweeping.cancel()
            self.fresh._sweep()

        young = [when for when in sent() if when > oldest]
        self.loop.run_until_complete(sweep())
        assert sent() == young, "swept too early or too late"
        self.settle()

    @invariant()
    def what_is_kept_will_be_swept(self) -> None:
        """And where nothing is kept, no timer begins."""
        keep = self.fresh.keep
        assert self.fresh._sweeping is not None or not (keep and keep.count)
        assert keep is not None or self.fresh._sweeping is None

    @rule()
    def lose_patience(self) -> None:
        """Those who wait for a call have waited long enough."""

        async def hurry() -> None:
            calls = self.fresh.calls
            for key, shared in list(calls._unsent.items()):
                calls._hurry(key, shared)

        self.loop.run_until_complete(hurry())
        self.settle()

    @invariant()
    def nobody_waits_for_nothing(self) -> None:
        """Where readers wait, calls are under way."""
        calls = self.fresh.calls
        assert calls.under_way == len([call for call in self.vault.calls if not call.answer.done()])
        assert not calls._unsent or calls.under_way >= coalescing.AT_ONCE
        assert not self.reads or calls.under_way


def fresh(ttl: float, stale: float, cls: type[Fresh] = Fresh) -> Make:
    """A store over the vault, by the vault's clock."""
    return lambda vault: cls(vault, Metrics(), ttl=ttl, stale=stale, clock=lambda: vault.now)


def schedules(make: Make, ttl: float, stale: float) -> type[Schedule]:
    """Schedules of a store with these settings."""
    return type("Schedules", (Schedule,), {"make": staticmethod(make), "ttl": ttl, "stale": stale})


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """The schedules say when patience ends, not the clock."""
    monkeypatch.setattr(coalescing, "PATIENCE", 3600.0)


MODES = [(0.0, 0.0), (10.0, 0.0), (0.0, 10.0), (10.0, 10.0)]


@pytest.mark.parametrize(("ttl", "stale"), MODES, ids=["off", "ttl", "stale", "ttl and stale"])
def test_no_read_is_older_than_it_may_be(ttl: float, stale: float) -> None:
    """No cache: not older than its arrival. Cache: than the time to live; and nothing cached after a refusal.

    The schedules assert it; the wrong stores show that they find what breaks it.
    """
    few = settings(max_examples=150, stateful_step_count=40)
    run_state_machine_as_test(schedules(fresh(ttl, stale), ttl, stale), settings=few)


@pytest.mark.parametrize(
    ("cls", "ttl", "broken"),
    [
        (JoinsUnderWay, 0.0, "before the read arrived"),
        (CountsFromTheAnswer, 10.0, "kept too long"),
        (KeepsWhatWasRefused, 10.0, "beyond a refusal"),
        (IgnoresTheNews, 10.0, "though a newer one was seen"),
        (IgnoresRefusedLooks, 10.0, "beyond a refusal"),
        (KeepsWhatWasUnderWay, 10.0, "beyond a refusal|though a newer one was seen"),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else "",
)
def test_a_wrong_store_is_found_out(cls: type[Fresh], ttl: float, broken: str) -> None:
    """Each breaks the promise of its fault, so the properties above can fail."""
    many = settings(
        max_examples=2000, stateful_step_count=40, derandomize=True, phases=[Phase.generate], report_multiple_bugs=False
    )
    with pytest.raises(AssertionError, match=broken):
        run_state_machine_as_test(schedules(fresh(ttl, 0.0, cls), ttl, 0.0), settings=many)


def test_what_stale_values_serve_for() -> None:
    """Never for a refusal."""
    assert not set(PASSING) & set(REFUSALS)
