"""How much memory callers can make the server hold, before anybody knows who they are: bodies, requests that wait, and
answers that nobody reads.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import tracemalloc
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from secret_sidecar import http_server
from secret_sidecar.http_server.connection import Connection
from secret_sidecar.http_server.reader import Reader
from tests.sidecar.http_server.served import GET, LAST, START, Serve, Served, hello
from tests.sidecar.support.certificates import Authority
from tests.sidecar.support.waiting import until

pytestmark = pytest.mark.anyio

CHUNKED = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
MUCH = b"x" * (8 << 20)
"""More than the kernel takes for a caller who does not read."""


async def much(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with MUCH, to `/` with `hello`; to `/stream` with more than MUCH, for whose end the application waits."""
    if scope["path"] == "/":
        await hello(scope, receive, send)
        return
    length = len(MUCH) + (scope["path"] == "/stream")
    await send({**START, "headers": [(b"content-length", b"%d" % length)]})
    await send({"type": "http.response.body", "body": MUCH, "more_body": length > len(MUCH)})
    if length > len(MUCH):
        await send({"type": "http.response.body", "body": b"."})


async def ask_and_not_read(served: Served, data: bytes, **tls: Any) -> asyncio.StreamReader:
    """Send something on a connection that takes next to nothing."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.setblocking(False)
    await asyncio.get_running_loop().sock_connect(connection, ("127.0.0.1", served.port))
    reader, _ = await served.connect(data, sock=connection, **tls)
    reader._transport.pause_reading()  # type: ignore[attr-defined]
    return reader


def connections(served: Served) -> list[Connection]:
    """Those that the server counts."""
    return list(served.server._connections)


@pytest.mark.parametrize("size", [1, 2, 7])
def test_a_body_in_small_chunks_costs_what_it_holds(size: int) -> None:
    """Not an object for each of them."""
    reader = Reader(http_server.Limits(), lambda _: None, lambda: None)
    reader.feed(CHUNKED)
    chunks = (b"%x\r\n%b\r\n" % (size, b"x" * size)) * (60_000 // size)
    tracemalloc.start()
    try:
        reader.feed(chunks)
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 100_000


def test_a_head_that_begins_in_the_segment_of_another_is_bounded_too() -> None:
    """By its own size, not by that of the segment."""
    reader = Reader(http_server.Limits(), lambda _: None, lambda: None)
    with pytest.raises(Exception, match="expected a head of at most"):
        reader.feed(GET + b"GET / HTTP/1.1\r\nX: " + b"a" * 250_000)


@pytest.mark.parametrize("path", [b"/much", b"/stream"])
async def test_who_does_not_read_keeps_nobody_out(path: bytes, serve: Serve) -> None:
    """Else a few callers of the health port, who ask for the metrics and do not read, would have the pod restarted."""
    served = await serve(much, http_server.Limits(connections=3))
    for _ in range(3):
        await ask_and_not_read(served, GET.replace(b"/", path, 1))
    await until(lambda: all(connection.is_blocked for connection in connections(served)))
    for _ in range(5):
        assert (await served.ask(LAST)).endswith(b"hello")


async def test_unread_answers_are_bounded_over_all_connections(serve: Serve) -> None:
    """Those who have waited longest are ended; who reads is served."""
    limits, ended = http_server.Limits(memory=20 << 20, sweep=0.01), list[str]()
    served = await serve(much, limits, ended=ended.append)
    for _ in range(6):
        await ask_and_not_read(served, GET.replace(b"/ ", b"/much "))
        assert (await served.ask(LAST.replace(b"/ ", b"/much "))).endswith(MUCH)
        await until(lambda: sum(connection.held for connection in connections(served)) <= limits.memory)
    assert 1 <= len([connection for connection in connections(served) if connection.unread]) <= 4
    assert set(ended) == {"memory"}


@pytest.mark.parametrize(
    "data",
    [
        b"POST / HTTP/1.1\r\nContent-Length: 200000\r\n\r\n" + b"x" * 100_000,
        CHUNKED + b"2\r\nxx\r\n" * 50_000,
        GET.replace(b"/ ", b"/wait ") + b"POST / HTTP/1.1\r\nContent-Length: 100000\r\n\r\n" + b"x" * 100_000,
        GET.replace(b"/ ", b"/wait ") + (b"GET / HTTP/1.1\r\n" + b"a:\r\n" * 60 + b"\r\n") * 30,
        b"POST /wait HTTP/1.1\r\nContent-Length: 100000\r\n\r\n" + b"x" * 100_000,
    ],
    ids=["half a body", "half a body in chunks", "a body that waits", "requests that wait", "a body that nobody takes"],
)
async def test_requests_are_bounded_over_all_connections(data: bytes, serve: Serve) -> None:
    """Bodies that are being read, and requests that wait for their turn, or for the application to take them."""
    never = asyncio.Event()

    async def waiting(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/wait":
            await never.wait()
        await hello(scope, receive, send)

    limits = http_server.Limits(memory=350_000)
    served = await serve(waiting, limits)
    readers = []
    for _ in range(8):
        reader, writer = await served.connect(data)
        await writer.drain()
        readers.append(reader)
    ended = [asyncio.create_task(_end_of(reader)) for reader in readers]
    await until(lambda: sum(one.done() for one in ended) >= 4)
    assert (await served.ask(LAST)).endswith(b"hello")
    assert sum(connection.held for connection in connections(served)) <= limits.memory
    for one in ended:
        one.cancel()


async def _end_of(reader: asyncio.StreamReader) -> None:
    with suppress(ConnectionError):
        await reader.read()


async def test_unread_answers_are_bounded_over_tls_as_without(serve: Serve, tmp_path: Path) -> None:
    """asyncio would let the application write half a megabyte for each caller."""

    async def flood(scope: Scope, receive: Receive, send: Send) -> None:
        await send(START)
        for _ in range(20_000):
            await send({"type": "http.response.body", "body": b"x" * 1000, "more_body": True})

    authority = Authority(tmp_path)
    served = await serve(flood, tls=authority.server("localhost"))
    trusted = ssl.create_default_context(cafile=str(authority.bundle))
    reader = await ask_and_not_read(served, GET, ssl=trusted, server_hostname="localhost")
    await until(lambda: any(connection.is_blocked for connection in connections(served)))
    assert connections(served)[0].unread < (64 << 10) + 2000
    reader._transport.abort()  # type: ignore[attr-defined]
