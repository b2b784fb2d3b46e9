"""The HTTP/1.1 server: limits, deadlines, streams, and an end that finishes what is in flight."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from secret_sidecar import asgi
from secret_sidecar.asgi.reader import Request
from tests.sidecar.certificates import Authority
from tests.sidecar.reachable import texts

pytestmark = pytest.mark.anyio

GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
LAST = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
SOON = asgi.Limits(request=0.1, idle=0.1, write=0.1, linger=0.1, sweep=0.02)

Serve = Callable[..., Awaitable["Served"]]
START: dict[str, Any] = {"type": "http.response.start", "status": 200, "headers": []}


class Served:
    """A server, and connections to it."""

    def __init__(self, server: asgi.Server, port: int, stack: AsyncExitStack) -> None:
        self.server = server
        self.port = port
        self._stack = stack

    async def connect(self, data: bytes = b"", **tls: Any) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Open a connection that ends with the test, and send something."""
        reader, writer = await asyncio.open_connection("localhost" if tls else "127.0.0.1", self.port, **tls)
        self._stack.callback(writer.close)
        writer.write(data)
        return reader, writer

    async def ask(self, data: bytes) -> bytes:
        """Send something and return all that comes back until the server closes."""
        reader, _ = await self.connect(data)
        return await reader.read()


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Serve applications until the test ends."""
    async with AsyncExitStack() as stack:

        async def serve(
            app: ASGIApp, limits: asgi.Limits | None = None, tls: ssl.SSLContext | None = None, **more: Any
        ) -> Served:
            server = asgi.Server(app, limits, tls, **more)
            listening = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            await server.start([listening])
            stack.push_async_callback(server.drain, 0)
            return Served(server, listening.getsockname()[1], stack)

        yield serve


async def hello(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer `hello`."""
    await send({**START, "headers": [(b"content-length", b"5")]})
    await send({"type": "http.response.body", "body": b"hello"})


class Gate:
    """An application that answers once it may."""

    def __init__(self) -> None:
        self.asked, self.open = asyncio.Event(), asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Wait, and answer `hello`."""
        self.asked.set()
        await self.open.wait()
        await hello(scope, receive, send)


class Stream:
    """An application that sends one event and then waits for the end."""

    def __init__(self) -> None:
        self.told = asyncio.Event()

    async def __call__(self, _: Scope, receive: Receive, send: Send) -> None:
        """Stream."""
        await send(START)
        await send({"type": "http.response.body", "body": b"event", "more_body": True})
        assert (await receive())["type"] == "http.request"
        assert (await receive())["type"] == "http.disconnect"
        self.told.set()


def problem(answer: bytes) -> tuple[int, str]:
    """The status and detail of a problem document, which closes the connection."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"content-type: application/problem+json" in head
    assert b"connection: close" in head
    document = json.loads(body)
    assert int(head.split()[1]) == document["status"]
    return document["status"], document["detail"]


@pytest.mark.parametrize(
    ("data", "status", "detail"),
    [
        (b"GET /" + b"a" * 8200 + b" HTTP/1.1\r\n", 414, "expected a target of at most 8192 bytes"),
        (b"GET / HTTP/1.1\r\n" + b"X: 1\r\n" * 65 + b"\r\n", 431, "expected at most 64 headers"),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * 17000 + b"\r\n\r\n", 431, "of 16384 bytes in all"),
        (b"POST / HTTP/1.1\r\nContent-Length: 409601\r\n\r\n", 413, "expected a body of at most 409600 bytes"),
        (b"\x16\x03\x01", 400, "no HTTP/1.1"),
        (b"GET http://evil.example/ HTTP/1.1\r\n\r\n", 400, "expected a path, for this is no proxy"),
        (b"CONNECT evil.example:80 HTTP/1.1\r\n\r\n", 400, "expected a path, for this is no proxy"),
        (b"GET /\xc3\xa9 HTTP/1.1\r\n\r\n", 400, ""),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 400, "expected 'chunked', once"),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", 400, "no HTTP/1.1"),
    ],
)
async def test_what_is_no_request_or_too_much_of_one(data: bytes, status: int, detail: str, serve: Serve) -> None:
    """Is answered with a problem that says what was expected, and the end."""
    served = await serve(hello)
    got = problem(await served.ask(data))
    assert got[0] == status
    assert detail in got[1]


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"HEAD * HTTP/1.1\r\n\r\n", b"400"),
        (b"HEAD a HTTP/1.1\r\n\r\n", b"400"),
        (b"HEAD / HTTP/9.1\r\n\r\n", b"400"),
        (b"HEAD / HTTP/1.1\r\nX: a\x00b\r\n\r\n", b"400"),
        (b"HEAD / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n", b"413"),
        (b"HEAD /" + b"a" * 8200, b"414"),
        (b"HEAD / HTTP/1.1\r\nX: " + b"a" * 17000 + b"\r\n\r\n", b"431"),
        (b"HEAD / HTTP/1.1\r\n", b"408"),
    ],
)
async def test_a_refused_head_has_no_body(data: bytes, status: bytes, serve: Serve) -> None:
    """Only its length (RFC 9110 section 9.3.2); and what comes after a HEAD is not taken for one."""
    served = await serve(hello, SOON)
    answer = await served.ask(data)
    assert answer.split()[1] == status
    assert answer.endswith(b"connection: close\r\n\r\n")
    assert b"content-length: 0" not in answer
    after = await served.ask(GET.replace(b"GET", b"HEAD") + b"\x16\x03\x01")
    assert problem(after.partition(b"\r\n\r\n")[2])[0] == 400


async def test_what_is_refused_is_told_once(serve: Serve) -> None:
    """To whoever counts: with the method as far as it was read, and the problem's kind."""
    told: list[tuple[str, int, str]] = []
    served = await serve(hello, SOON, refused=lambda *what: told.append(what))
    for data in (b"HEAD * HTTP/1.1\r\n\r\n", GET + b"\x16", b"POST / HTTP/1.1\r\n", b"G"):
        await served.ask(data)
    assert told == [
        ("HEAD", 400, "bad-request"),
        ("", 400, "bad-request"),
        ("POST", 408, "about-blank"),
        ("", 408, "about-blank"),
    ]


async def test_a_body_of_chunks_is_bounded(serve: Serve) -> None:
    """Though nothing says beforehand how long it is."""
    served = await serve(hello, asgi.Limits(body=10))
    head = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert problem(await served.ask(head + b"6\r\nabcdef\r\n" * 2))[0] == 413


@pytest.mark.parametrize("start", [b"0\r\nX: ", b"0\r\n", b"5;", b"5;a=", b'5;a="', b"0", b"5\r\nhello\r\n1;a="])
async def test_what_frames_a_body_is_bounded(start: bytes, serve: Serve) -> None:
    """Trailers, sizes of chunks and what is said of them: nobody needs it, and it has no end of its own."""
    served = await serve(hello)
    head = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert problem(await served.ask(head + start + b"0" * 1_000_000))[0] == 413


async def test_a_body_may_come_in_small_chunks(serve: Serve) -> None:
    """Of one byte each, the largest that there may be."""
    served = await serve(hello, asgi.Limits(body=30_000))
    head = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    assert (await served.ask(head + b"01\r\nx\r\n" * 30_000 + b"0\r\n\r\n")).endswith(b"hello")


@pytest.mark.parametrize("start", [b"", b"GET / HTTP/1.1\r\nX: ", b"GET / HTTP/1.1\r\n"])
async def test_a_head_without_an_end_is_bounded(start: bytes, serve: Serve) -> None:
    """Before the server would keep more of it than of a whole one."""
    served = await serve(hello)
    assert problem(await served.ask(start + b"\r\n" * 15000 if not start else start + b"a" * 30000))[0] == 431


@pytest.mark.parametrize("data", [b"G", GET[:-1], b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhel"])
async def test_a_request_that_does_not_end_is_ended(data: bytes, serve: Serve) -> None:
    """With 408, however little is missing."""
    served = await serve(hello, SOON)
    assert problem(await served.ask(data)) == (408, "expected a whole request in 0.1 seconds")


@pytest.mark.parametrize("data", [b"", GET])
async def test_an_idle_connection_is_closed(data: bytes, serve: Serve) -> None:
    """Without a word: nothing was asked."""
    served = await serve(hello, SOON)
    assert (await served.ask(data)).count(b"HTTP/1.1") == len(data[:1])


async def test_connections_are_bounded(serve: Serve) -> None:
    """While all are being answered, one too many is told to come again; when another has gone, it is let in."""
    gate = Gate()
    served = await serve(gate, asgi.Limits(connections=1))
    reader, _ = await served.connect(LAST)
    await gate.asked.wait()
    refused = await served.ask(b"")
    assert problem(refused)[0] == 503
    assert b"retry-after: 1" in refused
    gate.open.set()
    assert b"hello" in await reader.read()
    while b"hello" not in await served.ask(LAST):
        pass


@pytest.mark.parametrize("data", [b"", GET, b"GET / HT"], ids=["silent", "idle", "half a request"])
async def test_who_asks_for_nothing_keeps_nobody_out(data: bytes, serve: Serve) -> None:
    """Else a few silent connections to the health port would have the kubelet end the pod."""
    served = await serve(hello, asgi.Limits(connections=2))
    for _ in range(3):
        for _ in range(2):
            await served.connect(data)
        assert b"hello" in await served.ask(LAST)


async def test_requests_are_answered_one_after_the_other(serve: Serve) -> None:
    """In the order in which they came, and no more are taken than wait for their turn."""
    gate = Gate()
    served = await serve(gate, asgi.Limits(pipelined=3))
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
    assert await reader.readuntil(b"event") == b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nevent"


async def test_a_stream_ends_when_its_caller_goes(serve: Serve) -> None:
    """The application is told."""
    stream = Stream()
    served = await serve(stream)
    reader, writer = await served.connect(GET)
    assert await reader.readuntil(b"event\r\n") == (
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nevent\r\n"
    )
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


async def test_stopping_does_not_wait_for_ever(serve: Serve) -> None:
    """What has not been answered after the grace never will be."""
    gate = Gate()
    served = await serve(gate)
    reader, _ = await served.connect(GET)
    await gate.asked.wait()
    await served.server.drain(0)
    assert await reader.read() == b""


async def test_who_sends_no_more_is_answered_still(serve: Serve) -> None:
    """As `nc` does: all that it asked, and then the end."""
    gate = Gate()
    served = await serve(gate)
    reader, writer = await served.connect(GET * 2)
    writer.write_eof()
    await gate.asked.wait()
    gate.open.set()
    assert (await reader.read()).count(b"hello") == 2


async def test_a_caller_that_does_not_read_holds_up_nobody_but_itself(serve: Serve) -> None:
    """A stream waits for room, and is given up when no byte is taken for too long."""
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
    """And nothing of it is: 500, and the end."""

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
    """So that nobody takes a part for the whole, or its rest for the next answer."""

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
    """With the same manners."""
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
    request = Request({"headers": [(b"authorization", b"t0ken")], "method": "GET", "path": "/"}, b"s3cr3t", True)
    assert "t0ken" not in repr(request)
    assert "s3cr3t" not in repr(request)


async def test_a_handshake_has_its_time(serve: Serve, tmp_path: Path) -> None:
    """Who does not finish it costs memory, and is not counted as a connection yet."""
    served = await serve(hello, asgi.Limits(handshake=0.1), Authority(tmp_path).server())
    async with asyncio.timeout(10):
        for data in (b"", b"\x16\x03\x01\x02\x00"):
            assert await served.ask(data) == b""
