"""The HTTP/1.1 server: order, streams, defects, and an end that finishes what is in flight."""

from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from secret_sidecar import http_server
from secret_sidecar.http_server.reader import Request
from tests.sidecar.http_server.served import GET, LAST, SOON, START, Gate, Serve, Stream, hello, problem, undated
from tests.sidecar.support.certificates import Authority
from tests.sidecar.support.reachable import texts

pytestmark = pytest.mark.anyio


async def test_requests_are_answered_one_after_the_other(serve: Serve) -> None:
    """In the order in which they came, and no more are taken than wait for their turn."""
    gate = Gate()
    served = await serve(gate, http_server.Limits(pipelined=3))
    reader, _ = await served.connect(GET * 10)
    await gate.asked.wait()
    gate.open.set()
    answers = await reader.read()
    assert answers.count(b"HTTP/1.1 200 OK") == 4
    assert problem(answers.rpartition(b"hello")[2])[1] == "expected at most 3 requests ahead of their answers"


async def test_a_caller_that_waits_is_told_to_go_on(serve: Serve) -> None:
    """Once it is its turn (RFC 9110 section 10.1.1)."""
    served = await serve(hello)
    head = b"POST / HTTP/1.1\r\nContent-Length: 5\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
    reader, writer = await served.connect(GET + head)
    answered = await reader.readuntil(b"HTTP/1.1 100 Continue\r\n\r\n")
    assert answered.startswith(b"HTTP/1.1 200 OK")
    writer.write(b"hello")
    assert (await reader.read()).startswith(b"HTTP/1.1 200 OK")


async def test_a_caller_of_http_1_0_is_not_told_to_go_on(serve: Serve) -> None:
    """It does not know what that is, whatever it says (RFC 9110 sections 10.1.1 and 15.2)."""
    served = await serve(hello)
    head = b"POST / HTTP/1.0\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"
    assert (await served.ask(head + b"hello")).startswith(b"HTTP/1.1 200 OK")
    reader, writer = await served.connect(GET + head)
    await reader.readuntil(b"hello")
    writer.write(b"hello")
    assert (await reader.read()).startswith(b"HTTP/1.1 200 OK")


@pytest.mark.parametrize("data", [LAST, b"GET / HTTP/9.9\r\n\r\n"])
async def test_every_answer_has_its_date(data: bytes, serve: Serve) -> None:
    """RFC 9110 section 6.6.1; in the form of section 5.6.7."""
    served = await serve(hello)
    before = datetime.now(UTC).replace(microsecond=0)
    (line,) = [line for line in (await served.ask(data)).split(b"\r\n") if line.startswith(b"date: ")]
    shown = line.decode().removeprefix("date: ")
    date = parsedate_to_datetime(shown)
    assert before <= date <= datetime.now(UTC)
    assert format_datetime(date, usegmt=True) == shown


@pytest.mark.parametrize(
    ("target", "path", "query", "host"),
    [
        (b"http://localhost:8080/a%2Fb?c", b"/a%2Fb", b"c", b"localhost:8080"),
        (b"HTTP://localhost", b"/", b"", b"localhost"),
        (b"http://evil.example?/x", b"/", b"/x", b"evil.example"),
        (b"http://a@b/http://c", b"/http://c", b"", b"a@b"),
        (b"/http://localhost", b"/http://localhost", b"", b"given"),
    ],
)
async def test_an_absolute_target_is_a_path_at_the_host_that_it_names(
    target: bytes, path: bytes, query: bytes, host: bytes, serve: Serve
) -> None:
    """Whatever `Host` says (RFC 9112 section 3.2.2)."""
    heard: list[Scope] = []

    async def hear(scope: Scope, receive: Receive, send: Send) -> None:
        heard.append(scope)
        await hello(scope, receive, send)

    served = await serve(hear)
    await served.ask(b"GET %b HTTP/1.1\r\nHost: given\r\nConnection: close\r\n\r\n" % target)
    (scope,) = heard
    assert (scope["raw_path"], scope["query_string"]) == (path, query)
    assert scope["headers"] == [(b"host", host), (b"connection", b"close")]


async def test_an_upgrade_is_passed_over(serve: Serve) -> None:
    """Java's client offers HTTP/2 with each request; its body is a body still."""
    heard = []

    async def hear(scope: Scope, receive: Receive, send: Send) -> None:
        heard.append((await receive())["body"])
        await hello(scope, receive, send)

    served = await serve(hear)
    upgrade = b"POST / HTTP/1.1\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\n"
    answers = await served.ask(upgrade + b"Content-Length: 5\r\n\r\nhello" + LAST)
    assert answers.count(b"HTTP/1.1 200 OK") == 2
    assert heard == [b"hello", b""]


async def test_answers_without_a_body(serve: Serve) -> None:
    """To HEAD the length alone; and HTTP/1.0 has no chunks."""
    served = await serve(hello)
    assert (await served.ask(LAST.replace(b"GET", b"HEAD"))).endswith(b"content-length: 5\r\nconnection: close\r\n\r\n")
    stream = await serve(Stream())
    reader, _ = await stream.connect(b"GET / HTTP/1.0\r\n\r\n")
    answer = undated(await reader.readuntil(b"event"))
    assert answer == b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nevent"


async def test_a_stream_ends_when_its_caller_goes(serve: Serve) -> None:
    """The application is told."""
    stream = Stream()
    served = await serve(stream)
    reader, writer = await served.connect(GET)
    answer = undated(await reader.readuntil(b"event\r\n"))
    assert answer == b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nevent\r\n"
    writer.close()
    await stream.told.wait()


async def test_a_stream_ends_well_when_the_server_stops(serve: Serve) -> None:
    """With its last chunk, not with a broken connection."""
    stream = Stream()
    served = await serve(stream)
    reader, _ = await served.connect(GET)
    await reader.readuntil(b"event\r\n")
    await served.server.drain(10)
    assert stream.told.is_set()
    assert await reader.read() == b"0\r\n\r\n"


async def test_stopping_answers_what_was_asked(serve: Serve) -> None:
    """And closes what is idle at once; nobody new is let in."""
    gate = Gate()
    served = await serve(gate)
    idle, _ = await served.connect()
    busy, _ = await served.connect(GET)
    await gate.asked.wait()
    draining = asyncio.create_task(served.server.drain(10))
    assert await idle.read() == b""
    with pytest.raises(ConnectionRefusedError):
        await served.connect()
    gate.open.set()
    answer = await busy.read()
    assert b"connection: close" in answer
    assert answer.endswith(b"hello")
    await draining


async def test_a_server_that_retires_sends_its_callers_elsewhere(serve: Serve) -> None:
    """Whoever keeps a connection open is answered there once more, and whoever comes is served."""
    served = await serve(hello)
    idle, idle_writer = await served.connect()
    served.server.retire()
    idle_writer.write(GET)
    for reader in (idle, (await served.connect(GET))[0]):
        answer = await reader.read()
        assert b"connection: close" in answer
        assert answer.endswith(b"hello")


async def test_stopping_does_not_wait_for_ever(serve: Serve) -> None:
    gate = Gate()
    served = await serve(gate)
    reader, _ = await served.connect(GET)
    await gate.asked.wait()
    await served.server.drain(0)
    assert await reader.read() == b""


async def test_who_sends_no_more_is_answered_still(serve: Serve) -> None:
    """As `nc` does: all answers, and then the end."""
    gate = Gate()
    served = await serve(gate)
    reader, writer = await served.connect(GET * 2)
    writer.write_eof()
    await gate.asked.wait()
    gate.open.set()
    assert (await reader.read()).count(b"hello") == 2


async def test_a_caller_that_does_not_read_holds_up_nobody_but_itself(serve: Serve) -> None:
    """A stream waits for the client, and is closed when no byte is read for too long."""
    sent = 0
    ended = asyncio.Event()

    async def flood(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal sent
        await send(START)
        try:
            while not ended.is_set():
                await send({"type": "http.response.body", "body": b"x" * 65536, "more_body": True})
                sent += 1
                if sent > 1000:
                    break
                await asyncio.sleep(0)
        finally:
            ended.set()

    served = await serve(flood, SOON)
    reader, _ = await served.connect(GET)
    reader._transport.pause_reading()  # type: ignore[attr-defined]
    await ended.wait()
    assert sent < 1000


@pytest.mark.parametrize(
    "messages",
    [
        [],
        [{"type": "http.response.body"}],
        [{**START, "headers": [(b"x", b"a\r\nSet-Cookie: b")]}],
        [{**START, "headers": [(b"x", b"a\nb")]}],
        [{**START, "headers": [(b"transfer-encoding", b"chunked")]}],
    ],
)
async def test_a_defect_is_told_as_one(messages: list[dict[str, Any]], serve: Serve) -> None:
    """With a 500 that quotes nothing of it, and the end of the connection."""

    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        for message in messages:
            await send(message)
        raise RuntimeError("s3cr3t")

    served = await serve(broken)
    answer = await served.ask(GET)
    assert problem(answer) == (500, "see the sidecar's log")
    assert b"Set-Cookie" not in answer


@pytest.mark.parametrize("length", [b"3", b"9"])
async def test_a_body_of_another_size_than_told_is_a_defect(length: bytes, serve: Serve) -> None:
    """So that no client takes a part for the whole, or its rest for the next answer."""

    async def odd(scope: Scope, receive: Receive, send: Send) -> None:
        await send({**START, "headers": [(b"content-length", length)]})
        await send({"type": "http.response.body", "body": b"hello"})

    served = await serve(odd)
    assert problem(await served.ask(GET * 2))[0] == 500


async def test_a_stream_that_fails_is_broken_off(serve: Serve) -> None:
    """Without its last chunk, by which the caller knows."""

    async def odd(scope: Scope, receive: Receive, send: Send) -> None:
        await send(START)
        await send({"type": "http.response.body", "body": b"event", "more_body": True})
        raise RuntimeError("s3cr3t")

    served = await serve(odd)
    assert (await served.ask(GET)).endswith(b"5\r\nevent\r\n")


async def test_it_speaks_tls(serve: Serve, tmp_path: Path) -> None:
    """With the same behaviour as over plain HTTP."""
    authority = Authority(tmp_path)
    served = await serve(hello, SOON, authority.server("localhost"))
    reader, _ = await served.connect(LAST, ssl=ssl.create_default_context(cafile=str(authority.bundle)))
    assert (await reader.read()).endswith(b"hello")


async def test_an_idle_connection_keeps_no_request(serve: Serve) -> None:
    """Of what was asked, neither the token nor the body, which may be a secret."""
    served = await serve(hello)
    reader, _ = await served.connect(
        b"POST / HTTP/1.1\r\nAuthorization: Bearer t0ken\r\nContent-Length: 6\r\n\r\ns3cr3t"
    )
    await reader.readuntil(b"hello")
    (connection,) = served.server._connections
    held = texts(connection._reader)
    assert "s3cr3t" not in held
    assert "t0ken" not in held


def test_a_request_is_not_shown() -> None:
    """Its headers may have a token, its body a secret."""
    request = Request({"headers": [(b"authorization", b"t0ken")], "method": "GET", "path": "/"}, b"s3cr3t", True, 6, "")
    assert "t0ken" not in repr(request)
    assert "s3cr3t" not in repr(request)
