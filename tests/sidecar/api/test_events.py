"""Server-sent events: which version each name has, and every new one."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace

import pytest

from secret_sidecar import app
from secret_sidecar.api import events
from secret_sidecar.api.application import Application
from secret_sidecar.api.events import HEARTBEAT, Events
from secret_sidecar.api.secret_reader import Asker
from secret_sidecar.api.version_watcher import Finding, Listener
from secret_sidecar.errors import Denied, NotFound
from secret_sidecar.http_server import Server
from secret_sidecar.server import Sidecar
from secret_sidecar.settings import Settings
from tests.fakes.aws import FakeAws
from tests.sidecar.conftest import StartSidecar
from tests.sidecar.support.caller import ask
from tests.sidecar.support.streams import ByHand, Stream, Versions
from tests.sidecar.support.waiting import until

pytestmark = pytest.mark.anyio

PATH = "/v1/events?names=database-password"
NAME = "test/database-password"


@pytest.fixture
def settings(static_settings: Settings) -> Settings:
    """A sidecar that looks often."""
    return replace(static_settings, events_interval=0.01)


@dataclass
class Bench:
    """Events on a port, whose pauses the test ends."""

    versions: Versions
    pause: ByHand
    events: Events
    port: int

    async def look(self) -> float:
        """Let the next look begin."""
        return await self.pause.end(lambda seconds: seconds != HEARTBEAT)

    async def silence(self) -> float:
        """Let one stream be silent for long."""
        return await self.pause.end(lambda seconds: seconds == HEARTBEAT)


@pytest.fixture
async def bench(static_settings: Settings) -> AsyncIterator[Bench]:
    """Events of a store of versions."""
    versions, pause = Versions({"test/a": "1", "test/b": "1"}), ByHand()
    versions.gate.set()
    part = Events(Asker(versions, static_settings), static_settings, pause)  # type: ignore[arg-type]
    application = Application(app.routed(part.routes))
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = Server(application)
        await server.start([listening])
        yield Bench(versions, pause, part, listening.getsockname()[1])
        await server.drain(60)
    assert part.watches.names == []


async def test_a_stream_tells_the_version_and_then_every_new_one(
    aws: FakeAws, start: StartSidecar, settings: Settings
) -> None:
    """From a vault that checks signatures, by its metadata alone."""
    sidecar = await start(settings)
    async with Stream(sidecar.port, f"{PATH},key,{NAME}") as stream:
        assert (stream.status, stream.headers["content-type"]) == (200, "text/event-stream")
        assert stream.headers["cache-control"] == "no-store"
        assert await stream.events(2) == {NAME: "version-1", "test/key": "version-1"}
        version = aws.put(NAME, "s3cr3t")
        event = await stream.event()
        assert (event.event, event.data) == ("version", {"name": NAME, "version": version})
    assert {action for action, _ in aws.asked} == {"DescribeSecret"}


async def test_what_cannot_be_looked_at_is_told_and_does_not_end_the_stream(
    aws: FakeAws, start: StartSidecar, settings: Settings
) -> None:
    """Once, as the document that a read would give; when it is there, so is its version."""
    sidecar = await start(settings)
    async with Stream(sidecar.port, f"{PATH},missing,prod/x") as stream:
        assert await stream.events(3) == {NAME: "version-1", "test/missing": 404, "prod/x": 403}
        version = aws.put("test/missing", "x")
        assert (await stream.event()).news == ("test/missing", version)
        aws.deleted.add(NAME)
        event = await stream.event()
        assert (event.event, event.news) == ("problem", (NAME, 410))
        assert event.data["type"] == "urn:secret-access:problem:deleted"


async def test_streams_end_when_the_sidecar_stops(settings: Settings) -> None:
    """At once and whole, while nothing else does."""
    async with AsyncExitStack() as stack:
        sidecar = await stack.enter_async_context(Sidecar(settings))
        async with Stream(sidecar.port, PATH) as stream:
            await stream.event()
            stop = asyncio.create_task(stack.aclose())
            assert await stream.next() is None
            await stop


async def test_nobody_looks_for_a_caller_who_went_away(aws: FakeAws, start: StartSidecar, settings: Settings) -> None:
    """The sidecar notices the closed connection, not only its next write."""
    sidecar = await start(settings)
    await sidecar.readiness.wait()

    def watching() -> bool:
        return any("_Watch" in repr(task.get_coro()) for task in asyncio.all_tasks())

    async with Stream(sidecar.port, PATH) as stream:
        await stream.event()
        assert watching()
    await until(lambda: not watching())
    assert not watching()


async def test_a_name_is_looked_at_once_for_all_who_listen(bench: Bench) -> None:
    """A new stream gets its own check at once; after that, one check serves all."""
    async with Stream(bench.port, "/v1/events?names=a") as one:
        assert await one.events(1) == {"test/a": "1"}
        async with Stream(bench.port, "/v1/events?names=a,b") as other:
            assert await other.events(2) == {"test/a": "1", "test/b": "1"}
            assert sorted(bench.versions.looks) == ["test/a", "test/a", "test/b"]
            bench.versions.versions |= {"test/a": "2", "test/b": "2"}
            bench.versions.looks.clear()
            await bench.look()
            await bench.look()
            assert await one.events(1) == {"test/a": "2"}
            assert await other.events(2) == {"test/a": "2", "test/b": "2"}
            assert sorted(bench.versions.looks) == ["test/a", "test/b"]
        await until(lambda: bench.events.watches.names == ["test/a"])
    await until(lambda: bench.events.watches.names == [])


async def test_a_newcomer_is_not_told_what_was_looked_up_before_it_came(bench: Bench) -> None:
    """A check in flight may bring an outdated version."""
    bench.versions.gate.clear()
    async with Stream(bench.port, "/v1/events?names=a") as one:
        await until(lambda: bench.versions.looks == ["test/a"])
        bench.versions.versions["test/a"] = "2"
        async with Stream(bench.port, "/v1/events?names=a") as other:
            await other.next()  # the comment that begins it
            bench.versions.gate.set()
            assert await other.events(1) == {"test/a": "2"}
            assert [(await one.event()).news for _ in range(2)] == [("test/a", "1"), ("test/a", "2")]


async def test_looks_are_spread(bench: Bench) -> None:
    """By a fifth of the interval, so that a fleet does not check at the same time."""
    async with Stream(bench.port, "/v1/events?names=a") as stream:
        await stream.event()
        pauses = [await bench.look() for _ in range(20)]
    assert all(24 <= seconds <= 36 for seconds in pauses)
    assert len(set(pauses)) > 10


async def test_nothing_new_is_no_event_but_a_sign_of_life(bench: Bench) -> None:
    """Checks without a change send nothing; after long silence there is a comment."""
    async with Stream(bench.port, "/v1/events?names=a") as stream:
        await stream.event()
        for _ in range(3):
            await bench.look()
        await until(lambda: len(bench.versions.looks) == 4)
        await bench.silence()
        event = await stream.next()
        assert (event and event.comment) == "still here"


async def test_a_problem_is_told_when_it_changes(bench: Bench) -> None:
    """A new request id alone is no change; the same version after a problem is an event."""
    async with Stream(bench.port, "/v1/events?names=a") as stream:
        assert (await stream.event()).news == ("test/a", "1")
        for request_id in ("r1", "r2"):
            bench.versions.versions["test/a"] = Denied("no", code="AccessDeniedException", request_id=request_id)
            await bench.look()
        await until(lambda: len(bench.versions.looks) == 3)
        event = await stream.event()
        assert (event.news, event.data["code"]) == (("test/a", 403), "AccessDeniedException")
        bench.versions.versions["test/a"] = NotFound("gone", code="ResourceNotFoundException")
        await bench.look()
        assert (await stream.event()).news == ("test/a", 404)
        bench.versions.versions["test/a"] = "1"
        await bench.look()
        assert (await stream.event()).news == ("test/a", "1")


async def test_a_caller_that_comes_back_is_told_what_has_changed(bench: Bench) -> None:
    """By the id of the last event it had; unknown ids are ignored."""
    async with Stream(bench.port, "/v1/events?names=a,b") as stream:
        first, second = await stream.event(), await stream.event()
    bench.versions.versions["test/b"] = "2"
    async with Stream(bench.port, "/v1/events?names=a,b", second.id) as stream:
        event = await stream.event()
        assert event.news == ("test/b", "2")
    async with Stream(bench.port, "/v1/events?names=b,a", event.id) as stream:
        bench.versions.versions["test/a"] = "2"
        await until(lambda: len(bench.events.watches.names) == 2)
        await bench.look()
        await bench.look()
        assert (await stream.event()).news == ("test/a", "2")
    async with Stream(bench.port, "/v1/events?names=a,b", first.id) as stream:
        assert await stream.events(2) == {"test/a": "2", "test/b": "2"}
    async with Stream(bench.port, "/v1/events?names=a", "nonsense..") as stream:
        assert await stream.events(1) == {"test/a": "2"}


async def test_streams_are_bounded(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """One too many gets a Retry-After; one that ends makes room."""
    monkeypatch.setattr(events, "MAX_STREAMS", 1)
    async with Stream(bench.port, "/v1/events?names=a"):
        got = await ask(bench.port, "/v1/events?names=a")
        assert (got.status, got.json["type"]) == (503, "urn:secret-access:problem:too-many-streams")
        assert got.headers["retry-after"] == "10"
    await until(lambda: bench.events.watches.names == [])
    async with Stream(bench.port, "/v1/events?names=a") as stream:
        assert stream.status == 200


@pytest.mark.parametrize(
    ("query", "slug"),
    [
        ("", "bad-request"),
        ("?names=", "bad-request"),
        ("?names=,,", "bad-request"),
        ("?names=a&names=b", "bad-request"),
        ("?name=a", "bad-request"),
        ("?names=a,b%20d", "bad-name"),
        (f"?names={','.join(f'n{number}' for number in range(51))}", "bad-request"),
    ],
)
async def test_what_nobody_can_listen_to_opens_no_stream(
    query: str, slug: str, start: StartSidecar, settings: Settings
) -> None:
    """It is an ordinary problem."""
    got = await ask((await start(settings)).port, f"/v1/events{query}")
    assert (got.status, got.json["type"]) == (400, f"urn:secret-access:problem:{slug}")


async def test_head_opens_no_stream(aws: FakeAws, start: StartSidecar, settings: Settings) -> None:
    """It has the headers of one."""
    sidecar = await start(settings)
    await sidecar.readiness.wait()
    aws.asked.clear()
    got = await ask(sidecar.port, PATH, "HEAD")
    assert (got.status, got.headers["content-type"], aws.asked) == (200, "text/event-stream", [])
    got = await ask(sidecar.port, PATH, "POST")
    assert (got.status, got.headers["allow"]) == (405, "GET, HEAD")


async def test_a_defect_ends_the_streams_that_would_wait_for_it(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    """Callers connect again, and the log says where it was raised, without what it said."""
    async with Stream(bench.port, "/v1/events?names=a") as stream:
        await stream.event()
        del bench.versions.versions["test/a"]
        await bench.look()
        assert await stream.next() is None
    assert caplog.records[-1].exc_info is not None
    bench.versions.versions["test/a"] = "2"
    async with Stream(bench.port, "/v1/events?names=a") as stream:
        assert await stream.events(1) == {"test/a": "2"}


async def test_a_caller_who_reads_slowly_is_told_the_last_of_each(bench: Bench) -> None:
    """Unsent events are replaced by newer ones, so that nothing piles up."""
    listener = Listener()
    for version in ("1", "2", "3"):
        listener.tell("test/a", Finding("version", version, {}))
    assert [finding.mark for finding in listener.take().values()] == ["3"]
    assert listener.take() == {}


async def test_a_stream_that_comes_after_the_end_ends_too(bench: Bench) -> None:
    """Its caller's credentials ended while it was on its way."""
    bench.events.end()
    async with Stream(bench.port, PATH) as stream:
        assert await stream.next() is None
