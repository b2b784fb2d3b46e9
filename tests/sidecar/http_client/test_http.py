"""The HTTP client against servers that follow a script, byte for byte."""

from __future__ import annotations

import asyncio
import errno
import math
import os
import socket
import tracemalloc

import pytest

from secret_sidecar.errors import (
    ConnectFailed,
    DeadlineExceeded,
    MalformedAnswer,
)
from secret_sidecar.http_client.connection import Answer
from secret_sidecar.http_client.http import Client
from secret_sidecar.http_client.origin import Origin
from tests.fakes.scripted import Scripted, reply
from tests.sidecar.conftest import soon
from tests.sidecar.http_client.clients import client_of, send

pytestmark = pytest.mark.anyio


async def test_a_request_arrives_as_it_was_meant() -> None:
    """Host comes first, who asks and that nothing is to be compressed is told, and the body's length."""
    async with Scripted([reply(b"{}", 200, "X-Id: 7")]) as server:
        answer = await send(client_of(server), b"hello")
    assert (answer.status, answer.body, answer.headers["x-id"]) == (200, b"{}", "7")
    (request,) = server.requests
    assert (request.method, request.target, request.body) == ("POST", "/", b"hello")
    assert list(request.headers.items()) == [
        ("host", f"127.0.0.1:{server.port}"),
        ("user-agent", "secret-sidecar"),
        ("accept-encoding", "identity"),
        ("x-test", "1"),
        ("content-length", "5"),
    ]


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: 1\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\n" + reply(b"abcde"),
        b"HTTP/1.1 200 OK\r\n\r\nabcde",
    ],
    ids=["chunked", "after interim answers", "to the connection's end"],
)
async def test_bodies_are_framed_in_every_way_of_http(answer: bytes) -> None:
    """Chunks, interim answers, and bodies that end with their connection."""
    async with Scripted([answer], hold=False) as server:
        got = await send(client_of(server))
    assert (got.status, got.body) == (200, b"abcde")
    assert "link" not in got.headers


async def test_an_answer_may_come_byte_by_byte() -> None:
    """The parser keeps its place."""
    whole = reply(b"abc", 200, "X: 1")

    async def dribble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for byte in whole:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0)
        writer.close()

    async with await asyncio.start_server(dribble, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        assert (await send(Client(Origin("http", "127.0.0.1", port)))).body == b"abc"


async def test_a_redirect_is_an_answer_like_any_other() -> None:
    """Credentials are never sent elsewhere."""
    async with Scripted([reply(b"", 307, "Location: http://127.0.0.1:1/")]) as server:
        assert (await send(client_of(server))).status == 307


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        reply(b"x" * 1025),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + 3 * (b"200\r\n" + b"x" * 512 + b"\r\n"),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + b"X: y\r\n" * 20_000,
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 2000,
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 20_000,
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000,
    ],
    ids=lambda answer: repr(answer[:70]),
)
async def test_what_is_no_http_or_too_large_is_malformed(answer: bytes) -> None:
    """And its connection is closed at once, while the server would still send."""
    async with Scripted([answer]) as server:
        with pytest.raises(MalformedAnswer):
            await send(client_of(server, max_body=1024))
        await server.closed.wait()


async def test_the_largest_answer_that_is_allowed() -> None:
    """The bound itself is within."""
    async with Scripted([reply(b"x" * 1024)]) as server:
        assert len((await send(client_of(server, max_body=1024))).body) == 1024


async def test_the_deadline_covers_the_answer() -> None:
    """A server that never answers is waited for until then, and its connection is closed."""
    async with Scripted([asyncio.Event()]) as server:
        with pytest.raises(DeadlineExceeded, match=rf"127\.0\.0\.1:{server.port} before the deadline"):
            await client_of(server).send("GET", "/", (), b"", asyncio.get_running_loop().time() + 0.05)


async def test_the_deadline_covers_waiting_for_a_connection() -> None:
    """With one connection, and that in use, the second request waits in vain."""
    never = asyncio.Event()
    async with Scripted([never]) as server:
        client = client_of(server, connections=1)
        first = asyncio.create_task(send(client))
        await server.asked.wait()
        with pytest.raises(DeadlineExceeded):
            await client.send("GET", "/", (), b"", asyncio.get_running_loop().time() + 0.05)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
    assert len(server.requests) == 1


async def test_the_deadline_covers_the_handshake() -> None:
    """A server that accepts and then says nothing does not hold a TLS client for long."""
    async with Scripted([asyncio.Event()]) as server:
        client = Client(Origin("https", "127.0.0.1", server.port))
        with pytest.raises(DeadlineExceeded):
            await client.send("GET", "/", (), b"", asyncio.get_running_loop().time() + 0.05)


async def test_refused_connections_and_unknown_hosts() -> None:
    """The message names the address and the reason."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(ConnectFailed, match=rf"cannot connect to http://127.0.0.1:{port}: Connection refused"):
            await send(Client(Origin("http", "127.0.0.1", port)))
    with pytest.raises(ConnectFailed, match=r"cannot connect to http://no-such-host\.invalid"):
        await send(Client(Origin("http", "no-such-host.invalid", 80)))


@pytest.mark.parametrize("value", ["a\r\nX-Injected: 1", "a\nb", "a\0b"])
async def test_a_header_cannot_smuggle_another(value: str) -> None:
    """Line breaks in values never reach the wire."""
    with pytest.raises(ValueError, match="line break") as refusal:
        await Client(Origin("http", "127.0.0.1", 1)).send("GET", "/", (("X", value),), b"", soon())
    assert "Injected" not in str(refusal.value)


def test_an_answers_body_is_not_shown() -> None:
    """It may be a secret."""
    assert "s3cr3t" not in repr(Answer(200, {}, b"s3cr3t"))


@pytest.mark.parametrize("value", ["s3cr3t\u201d", "s3cr3t\udcff"])
async def test_a_header_that_cannot_be_sent_is_not_quoted(value: str) -> None:
    """Not even by the exception's repr, for it may be a token."""
    with pytest.raises(ValueError, match="a header of a request") as refusal:
        await Client(Origin("http", "127.0.0.1", 1)).send("GET", "/", (("X", value),), b"", soon())
    assert "s3cr3t" not in repr(refusal.value)


async def test_a_connection_that_the_system_gave_up_is_no_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """ETIMEDOUT is a TimeoutError to Python, but there is time yet, so that it can be tried again."""

    async def give_up(*_: object, **__: object) -> None:
        raise TimeoutError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))

    monkeypatch.setattr("secret_sidecar.http_client.http.dial", give_up)
    with pytest.raises(ConnectFailed, match=r"cannot connect to http://127\.0\.0\.1:1: Connection timed out"):
        await Client(Origin("http", "127.0.0.1", 1)).send("GET", "/", (), b"", math.inf)


async def test_an_answer_in_small_pieces_costs_its_size() -> None:
    """However many chunks it comes in: the pieces are not kept one by one."""
    size, almost, rest = 200_000, asyncio.Event(), asyncio.Event()

    async def dribble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(100):
            writer.write(b"2\r\nab\r\n" * (size // 200))
            await writer.drain()
        almost.set()
        await rest.wait()
        writer.write(b"0\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(dribble, "127.0.0.1", 0) as server:
        client = Client(Origin("http", "127.0.0.1", server.sockets[0].getsockname()[1]))
        tracemalloc.start()
        try:
            sending = asyncio.create_task(send(client))
            await almost.wait()
            for _ in range(100):
                await asyncio.sleep(0)
            used, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        rest.set()
        assert len((await sending).body) == size
    assert used < 4 * size


async def test_headers_are_counted() -> None:
    """Many small ones cost many times their bytes."""
    async with Scripted([reply(b"1", 200, *(f"h{n}: " for n in range(200)))]) as server:
        with pytest.raises(MalformedAnswer, match="more than 128 headers"):
            await send(client_of(server))


async def test_an_answer_that_is_compressed_all_the_same_is_told_as_such() -> None:
    async with Scripted([reply(b"\x1f\x8b", 200, "Content-Encoding: gzip")]) as server:
        with pytest.raises(MalformedAnswer, match="Content-Encoding 'gzip': expected identity"):
            await send(client_of(server))


async def test_an_error_that_is_compressed_is_still_an_error() -> None:
    """Its status counts."""
    async with Scripted([reply(b"\x1f\x8b", 503, "Content-Encoding: gzip")]) as server:
        assert (await send(client_of(server))).status == 503
