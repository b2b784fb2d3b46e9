"""What is kept: bounded in number and size, by name, version and stage, and forgotten by name."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secret_sidecar.errors import Denied, Unavailable
from secret_sidecar.reading import freshness
from secret_sidecar.reading.cache import Keep, Which
from secret_sidecar.reading.freshness import Fresh
from secret_sidecar.reading.metrics import Metrics
from secret_sidecar.settings import Settings
from secret_sidecar.vaults.store import NewValue, Secret, Written
from tests.fakes.aws import FakeAws
from tests.fakes.rotating_vault import RotatingVault
from tests.sidecar.conftest import StartSidecar, soon
from tests.sidecar.support.caller import ask
from tests.sidecar.support.waiting import until

pytestmark = pytest.mark.anyio

CURRENT: Which = (None, None)
NAMES = st.sampled_from("abcdef")
KINDS = st.sampled_from([CURRENT, ("1", None), (None, "stage")])


def keep_one(keep: Keep, name: str, which: Which = CURRENT, size: int = 1, sent: float = 0.0) -> None:
    """Keep a value of this size."""
    fetch = keep.begin(name, sent)
    keep.keep(fetch, which, Secret(name, "v" * size, "1"))
    keep.end(fetch)


@given(st.lists(st.tuples(NAMES, KINDS, st.integers(0, 3000), st.booleans())))
def test_memory_is_bounded(steps: list[tuple[str, Which, int, bool]]) -> None:
    """Whatever is kept and forgotten, the counts are right and never more than allowed; at the end nothing is left."""
    keep = Keep(most=4, most_bytes=6000)
    for name, which, size, forget in steps:
        if forget:
            keep.forget(name)
        keep_one(keep, name, which, size)
        kept = [kept for kinds in keep._names.values() for kept in kinds.values()]
        assert (keep.count, keep.bytes) == (len(kept), sum(one.size for one in kept))
        assert keep.count <= 4
        assert keep.bytes <= 6000
    keep.clear()
    assert (keep.count, keep.bytes, keep._fetches) == (0, 0, {})


def test_what_was_used_longest_ago_goes_first() -> None:
    """Being found is being used."""
    keep = Keep(most=2)
    keep_one(keep, "a")
    keep_one(keep, "b")
    assert keep.find("a", CURRENT)
    keep_one(keep, "c")
    assert (keep.find("a", CURRENT) is not None, keep.find("b", CURRENT)) == (True, None)


def test_versions_and_stages_are_kept_apart() -> None:
    """And forgotten together."""
    keep = Keep()
    keep_one(keep, "a", ("1", None))
    assert keep.find("a", CURRENT) is None
    assert keep.find("a", (None, "1")) is None
    assert keep.find("a", ("1", None))
    keep.forget("a")
    assert keep.find("a", ("1", None)) is None


def test_what_is_too_old_goes() -> None:
    """Of one name, too; what is left says when the next one is to go."""
    keep = Keep()
    keep_one(keep, "a", sent=3.0)
    keep_one(keep, "a", ("1", None), sent=1.0)
    keep_one(keep, "b", sent=2.0)
    assert keep.expire(0.5) == 1.0
    assert keep.expire(2.0) == 3.0
    assert (keep.count, keep.find("a", CURRENT) is not None, keep.find("b", CURRENT)) == (1, True, None)
    assert keep.expire(3.0) is None
    assert (keep.count, keep.bytes, keep._names) == (0, 0, {})


def test_a_call_that_was_sent_earlier_does_not_replace_what_a_later_one_brought() -> None:
    """Its answer came late."""
    keep = Keep()
    late = keep.begin("a", 1.0)
    keep_one(keep, "a", sent=2.0)
    keep.keep(late, CURRENT, Secret("a", "old", "0"))
    kept = keep.find("a", CURRENT)
    assert kept is not None
    assert kept.secret.version == "1"


def test_what_is_kept_does_not_show_itself() -> None:
    """Not in a representation, which may end up in a log."""
    keep = Keep()
    fetch = keep.begin("a", 0.0)
    keep.keep(fetch, CURRENT, Secret("a", "s3cr3t", "1"))
    assert "s3cr3t" not in repr((keep.find("a", CURRENT), fetch, keep._names))
    assert "s3cr3t" not in repr(NewValue("s3cr3t"))


class Writable(RotatingVault):
    """A vault that takes writes, or refuses them."""

    refuses = False

    def _write(self) -> Written:
        if self.refuses:
            raise Unavailable("no answer: it may have been written or not")
        return Written("2")

    async def put(self, name: str, value: NewValue, deadline: float) -> Written:  # noqa: ARG002
        """Write."""
        return self._write()

    async def create(self, name: str, value: NewValue, deadline: float) -> Written:  # noqa: ARG002
        """Write."""
        return self._write()

    async def delete(self, name: str, deadline: float) -> Written:  # noqa: ARG002
        """Write."""
        return self._write()


@pytest.mark.parametrize("refuses", [False, True])
@pytest.mark.parametrize("write", ["put", "create", "delete"])
async def test_a_write_forgets_the_name(write: str, refuses: bool) -> None:
    """Even one whose outcome is unknown; results of calls in flight are not cached either."""
    vault = Writable()
    vault.refuses = refuses
    fresh = Fresh(vault, Metrics(), ttl=600, clock=lambda: vault.now)

    async def read(number: int) -> Secret:
        reading = asyncio.create_task(fresh.get("a", soon()))
        await until(lambda: len(vault.made) > number)
        vault.decide(vault.made[number], None)
        vault.deliver(vault.made[number], ())
        return await reading

    assert (await read(0)).cached is None
    assert (await fresh.get("a", soon())).cached == "fresh"
    under_way = asyncio.create_task(fresh.get("b", soon()))
    await asyncio.sleep(0)
    for name in ("a", "b"):
        writes: dict[str, Callable[[str], Awaitable[object]]] = {
            "put": lambda name: fresh.put(name, NewValue("x"), soon()),
            "create": lambda name: fresh.create(name, NewValue("x"), soon()),
            "delete": lambda name: fresh.delete(name, soon()),
        }
        if refuses:
            with pytest.raises(Unavailable):
                await writes[write](name)
        else:
            await writes[write](name)
    vault.decide(vault.made[1], None)
    vault.deliver(vault.made[1], ())
    await under_way
    assert fresh.keep is not None
    assert fresh.keep.count == 0


@pytest.mark.parametrize("stale", [0.0, 0.05])
async def test_a_value_that_serves_no_more_leaves_the_memory(
    stale: float, aws: FakeAws, start: StartSidecar, static_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though it is never read again; then no timer is left until the next value."""
    monkeypatch.setattr(freshness, "SWEEP", 0.01)
    sidecar = await start(replace(static_settings, cache_ttl=0.05, stale_if_error=stale))
    fresh = sidecar._store.store  # type: ignore[attr-defined]
    for _ in range(2):
        for name in ("key", "database-password"):
            assert (await ask(sidecar.port, f"/v1/secrets/{name}")).status == 200
        async with asyncio.timeout(30):
            while fresh.bytes:
                assert fresh._sweeping is not None
                await asyncio.sleep(0.01)
        assert fresh._sweeping is None


async def test_a_look_that_was_always_refused_leaves_what_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """It says nothing about the value; the first refusal does, and so does one after allowed checks."""
    vault = RotatingVault()
    fresh = Fresh(vault, Metrics(), ttl=600, clock=lambda: vault.now)

    async def is_kept_after_a_look() -> bool:
        reading = asyncio.create_task(fresh.get("a", soon()))
        await asyncio.sleep(0)
        if not reading.done():
            await asyncio.sleep(0)
            vault.decide(vault.calls[0], None)
            vault.deliver(vault.calls[0], ())
        await reading
        with suppress(Denied):
            await fresh.current_version("a", soon())
        assert fresh.keep is not None
        return fresh.keep.find("a", CURRENT) is not None

    vault.value("a").is_hidden = True
    assert [await is_kept_after_a_look() for _ in range(3)] == [False, True, True]
    vault.value("a").is_hidden = False
    assert await is_kept_after_a_look()
    vault.value("a").is_hidden = True
    assert [await is_kept_after_a_look() for _ in range(2)] == [False, True]
    monkeypatch.setattr(freshness, "MOST", 2)
    for name in ("b", "c", "d"):
        vault.value(name).is_hidden = True
        with pytest.raises(Denied):
            await fresh.current_version(name, soon())
    assert len(fresh._looks) == 2, "whoever makes up names does not fill the memory"


@pytest.mark.parametrize("stage", ["AWSCURRENT", "AWSPREVIOUS"])
@pytest.mark.parametrize("look", [True, False], ids=["looked at before", "never looked at"])
async def test_news_of_a_version_reach_every_form_that_a_name_is_kept_under(
    stage: str, look: bool, aws: FakeAws, start: StartSidecar, static_settings: Settings
) -> None:
    """Labels move with the version: those read before it are read anew, though the current value was so already."""
    aws.put("test/rotated", "1")
    aws.put("test/rotated", "2")
    sidecar = await start(replace(static_settings, cache_ttl=600))
    path, fresh = "/v1/secrets/rotated", sidecar._store.store  # type: ignore[attr-defined]
    if look:
        await fresh.current_version("test/rotated", soon())
    before = (await ask(sidecar.port, f"{path}?stage={stage}")).json["value"]
    aws.put("test/rotated", "3")
    assert (await ask(sidecar.port, path)).json["value"] == "3"
    assert (await ask(sidecar.port, f"{path}?stage={stage}")).json["value"] == before, "within its time to live"
    await fresh.current_version("test/rotated", soon())
    after = {"AWSCURRENT": "3", "AWSPREVIOUS": "2"}[stage]
    assert (await ask(sidecar.port, f"{path}?stage={stage}")).json["value"] == after
    aws.asked.clear()
    await fresh.current_version("test/rotated", soon())
    for query in ("", f"?stage={stage}"):
        assert (await ask(sidecar.port, path + query)).status == 200
    assert [action for action, _ in aws.asked] == ["DescribeSecret"], "without news, all of it is kept"


async def test_a_refused_read_is_not_served_from_memory(
    aws: FakeAws, start: StartSidecar, static_settings: Settings
) -> None:
    """Through the API: once any call was refused, the value is gone, though not yet expired."""
    sidecar = await start(replace(static_settings, cache_ttl=600, stale_if_error=600))
    await sidecar.readiness.wait()
    assert (await ask(sidecar.port, "/v1/secrets/key")).status == 200
    aws.deleted.add("test/key")
    assert (await ask(sidecar.port, "/v1/secrets/key")).status == 200, "within its time to live"
    with pytest.raises(Exception, match="marked for deletion"):
        await sidecar._store.store.current_version("test/key", soon())  # type: ignore[attr-defined]
    assert (await ask(sidecar.port, "/v1/secrets/key")).status == 410
