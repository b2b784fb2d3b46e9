"""What the HTTP/1.1 server takes no more of: sizes, times and connections, each with its answer."""

from __future__ import annotations

import asyncio
import gc
import ssl
import weakref
from pathlib import Path

import pytest

from secret_sidecar import http_server
from secret_sidecar.http_server.connection import Connection
from tests.sidecar.http_server.served import GET, LAST, SOON, Gate, Serve, hello, problem
from tests.sidecar.support.certificates import Authority
from tests.sidecar.support.waiting import until

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("data", "status", "detail"),
    [
        (b"GET /" + b"a" * 8200 + b" HTTP/1.1\r\n", 414, "expected a target of at most 8192 bytes"),
        (b"GET / HTTP/1.1\r\n" + b"X: 1\r\n" * 65 + b"\r\n", 431, "expected at most 64 headers"),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * 17000 + b"\r\n\r\n", 431, "of 16384 bytes in all"),
        (b"POST / HTTP/1.1\r\nContent-Length: 409601\r\n\r\n", 413, "expected a body of at most 409600 bytes"),
        (b"\x16\x03\x01", 400, "no HTTP/1.1"),
        (b"GET https://localhost/ HTTP/1.1\r\n\r\n", 400, "expected http, for this connection is not encrypted"),
        (b"GET ftp://localhost/ HTTP/1.1\r\n\r\n", 400, "expected a path, because this is not a proxy"),
        (b"CONNECT evil.example:80 HTTP/1.1\r\n\r\n", 400, "expected a path, because this is not a proxy"),
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
    """In the metrics: with the method as far as it was read, and the problem's type."""
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
    served = await serve(hello, http_server.Limits(body=10))
    head = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert problem(await served.ask(head + b"6\r\nabcdef\r\n" * 2))[0] == 413


@pytest.mark.parametrize("start", [b"0\r\nX: ", b"0\r\n", b"5;", b"5;a=", b'5;a="', b"0", b"5\r\nhello\r\n1;a="])
async def test_what_frames_a_body_is_bounded(start: bytes, serve: Serve) -> None:
    """Trailers, chunk sizes and chunk extensions, which have no limit of their own."""
    served = await serve(hello)
    head = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert problem(await served.ask(head + start + b"0" * 1_000_000))[0] == 413


async def test_a_body_may_come_in_small_chunks(serve: Serve) -> None:
    """Of one byte each, the largest that there may be."""
    served = await serve(hello, http_server.Limits(body=30_000))
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


@pytest.mark.parametrize("start", [b"G", GET[:-1], b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhel"])
async def test_a_request_that_begins_in_the_segment_of_another_has_its_time(start: bytes, serve: Serve) -> None:
    """That of a request, not that of an idle connection, after which nothing would be said."""
    served = await serve(hello, http_server.Limits(request=0.1, idle=0.3, sweep=0.02))
    answers = await served.ask(GET + start)
    assert problem(answers.partition(b"hello")[2])[0] == 408


@pytest.mark.parametrize("data", [b"", GET])
async def test_an_idle_connection_is_closed(data: bytes, serve: Serve) -> None:
    """Without an answer: there was no request."""
    served = await serve(hello, SOON)
    assert (await served.ask(data)).count(b"HTTP/1.1") == len(data[:1])


async def test_connections_are_bounded(serve: Serve) -> None:
    """While all are being answered, one too many is told to come again; when another has gone, it is let in."""
    gate = Gate()
    served = await serve(gate, http_server.Limits(connections=1))
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
    served = await serve(hello, http_server.Limits(connections=2))
    for _ in range(3):
        for _ in range(2):
            await served.connect(data)
        assert b"hello" in await served.ask(LAST)


async def test_a_handshake_has_its_time(serve: Serve, tmp_path: Path) -> None:
    """Who does not finish it costs memory."""
    served = await serve(hello, http_server.Limits(handshake=0.1), Authority(tmp_path).server())
    async with asyncio.timeout(10):
        for data in (b"", b"\x16\x03\x01\x02\x00"):
            assert await served.ask(data) == b""


async def test_handshakes_are_counted_as_connections(serve: Serve, tmp_path: Path) -> None:
    """The one that has taken longest makes room, and keeps nobody out."""
    authority = Authority(tmp_path)
    served = await serve(hello, http_server.Limits(connections=2, handshake=60), authority.server())
    first, _ = await served.connect()
    for _ in range(2):
        await served.connect()
    async with asyncio.timeout(10):
        assert await first.read() == b""
        trusted = ssl.create_default_context(cafile=str(authority.bundle))
        reader, _ = await served.connect(LAST, ssl=trusted)
        assert (await reader.read()).endswith(b"hello")
    assert len(served.server._connections) <= 2


async def test_a_handshake_finds_no_place_while_all_are_answered(serve: Serve, tmp_path: Path) -> None:
    """It is closed at once; nothing could be told without it."""
    authority, gate = Authority(tmp_path), Gate()
    limits, ended = http_server.Limits(connections=1, handshake=60), list[str]()
    served = await serve(gate, limits, authority.server(), ended=ended.append)
    trusted = ssl.create_default_context(cafile=str(authority.bundle))
    reader, _ = await served.connect(LAST, ssl=trusted)
    await gate.asked.wait()
    assert await served.ask(b"") == b""
    assert ended == ["place"]
    gate.open.set()
    assert (await reader.read()).endswith(b"hello")


@pytest.mark.parametrize("data", [b"", b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00"])
async def test_a_handshake_that_fails_leaves_nothing(data: bytes, serve: Serve, tmp_path: Path) -> None:
    """Neither a place that stays taken nor what has to be searched for."""
    served = await serve(hello, http_server.Limits(handshake=60), Authority(tmp_path).server())
    made: list[weakref.ref[Connection]] = []
    admit = served.server.admit

    def admitted(connection: Connection) -> bool:
        made.append(weakref.ref(connection))
        return admit(connection)

    served.server.admit = admitted  # type: ignore[method-assign]
    gc.collect()
    gc.disable()
    try:
        reader, writer = await served.connect(data)
        writer.write_eof()
        await reader.read()
        await until(lambda: bool(made) and made[0]() is None)
        assert not served.server._connections
    finally:
        gc.enable()


async def test_stopping_waits_for_no_handshake(serve: Serve, tmp_path: Path) -> None:
    """Nothing was asked."""
    served = await serve(hello, http_server.Limits(handshake=60), Authority(tmp_path).server())
    reader, _ = await served.connect()
    await until(lambda: bool(served.server._connections))
    await served.server.drain(60)
    assert await reader.read() == b""
