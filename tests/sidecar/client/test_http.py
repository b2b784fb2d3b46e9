"""The HTTP client against servers that follow a script, byte for byte."""

from __future__ import annotations

import asyncio
import errno
import math
import os
import socket

import pytest

from secret_sidecar.client.connection import Answer
from secret_sidecar.client.http import Client
from secret_sidecar.client.origin import Origin
from secret_sidecar.errors import (
    ConnectFailed,
    ConnectionLost,
    DeadlineExceeded,
    MalformedAnswer,
)
from tests.sidecar.conftest import soon
from tests.sidecar.scripted import Scripted, reply

pytestmark = pytest.mark.anyio


def client_of(server: Scripted, connections: int = 8, max_body: int = 1 << 20) -> Client:
    """A client of a server on this machine."""
    return Client(Origin("http", "127.0.0.1", server.port), connections=connections, max_body=max_body)


async def send(client: Client, body: bytes = b"") -> Answer:
    """Send a request that has time."""
    return await client.send("POST", "/", (("X-Test", "1"),), body, soon())


async def test_a_request_arrives_as_it_was_meant() -> None:
    """Host comes first, and the body's length is told."""
    async with Scripted([reply(b"{}", 200, "X-Id: 7")]) as server:
        answer = await send(client_of(server), b"hello")
    assert (answer.status, answer.body, answer.headers["x-id"]) == (200, b"{}", "7")
    (request,) = server.requests
    assert (request.method, request.target, request.body) == ("POST", "/", b"hello")
    assert list(request.headers.items()) == [
        ("host", f"127.0.0.1:{server.port}"),
        ("x-test", "1"),
        ("content-length", "5"),
    ]


async def test_a_connection_is_used_again() -> None:
    """Requests one after the other share one connection."""
    async with Scripted([reply(b"1"), reply(b"2"), reply(b"3")]) as server:
        client = client_of(server)
        assert [(await send(client)).body for _ in range(3)] == [b"1", b"2", b"3"]
    assert server.connections == 1


async def test_a_connection_that_the_server_ends_is_not_used_again() -> None:
    """`Connection: close` and HTTP/1.0 are obeyed."""
    old = b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n2"
    async with Scripted([reply(b"1", 200, "Connection: close")], [old], [reply(b"3")]) as server:
        client = client_of(server)
        assert [(await send(client)).body for _ in range(3)] == [b"1", b"2", b"3"]
    assert server.connections == 3


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
    """Nobody's credentials are carried elsewhere."""
    async with Scripted([reply(b"", 307, "Location: http://127.0.0.1:1/")]) as server:
        assert (await send(client_of(server))).status == 307


async def test_a_kept_connection_that_was_closed_meanwhile_costs_nothing() -> None:
    """The request is sent once more, over a new connection."""
    async with Scripted([reply(b"1"), b""], [reply(b"2")], hold=False) as server:
        client = client_of(server)
        await send(client)
        assert (await send(client)).body == b"2"
    assert server.connections == 2


async def test_a_request_is_sent_again_once_only() -> None:
    """A new connection that ends without an answer is an error."""
    async with Scripted([reply(b"1"), b""], [b""], [reply(b"3")], hold=False) as server:
        client = client_of(server)
        await send(client)
        with pytest.raises(ConnectionLost, match="without an answer"):
            await send(client)
    assert server.connections == 2


async def test_a_request_is_not_sent_again_once_an_answer_began() -> None:
    """Half an answer on a kept connection is an error."""
    async with Scripted([reply(b"1"), b"HTTP/1.1 200 OK\r\n"], [reply(b"2")], hold=False) as server:
        client = client_of(server)
        await send(client)
        with pytest.raises(ConnectionLost, match="in the middle of an answer") as lost:
            await send(client)
    assert lost.value.received == len(b"HTTP/1.1 200 OK\r\n")
    assert server.connections == 1


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


async def test_an_answer_that_nobody_asked_for_is_nobodys() -> None:
    """Two answers to one request: the second is never handed to the next one."""
    async with Scripted([reply(b"1") + reply(b"foreign")], [reply(b"2")]) as server:
        client = client_of(server)
        assert [(await send(client)).body for _ in range(2)] == [b"1", b"2"]
    assert server.connections == 2


async def test_what_an_idle_connection_says_closes_it() -> None:
    """A server that talks unasked (a 408, say) is not believed later."""
    talk = asyncio.Event()

    async def talkative(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(reply(b"1"))
        await talk.wait()
        writer.write(reply(b"foreign", 408))
        await reader.read()
        writer.close()
        gone.set()

    gone = asyncio.Event()
    async with await asyncio.start_server(talkative, "127.0.0.1", 0) as server:
        client = Client(Origin("http", "127.0.0.1", server.sockets[0].getsockname()[1]))
        await send(client)
        talk.set()
        await gone.wait()
        assert (await send(client)).body == b"1"


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


async def test_connections_are_bounded() -> None:
    """However many requests wait, no more connections are opened; all are answered in the end."""
    async with Scripted(*([reply(b"x")] * 50 for _ in range(3))) as server:
        client = client_of(server, connections=3)
        answers = await asyncio.gather(*(send(client) for _ in range(40)))
    assert [answer.body for answer in answers] == [b"x"] * 40
    assert server.connections <= 3


async def test_a_cancelled_request_gives_its_place_back() -> None:
    """And its connection, on which an answer may yet come, is closed."""
    async with Scripted([asyncio.Event()], [reply(b"2")]) as server:
        client = client_of(server, connections=1)
        first = asyncio.create_task(send(client))
        await server.asked.wait()
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        assert (await send(client)).body == b"2"


async def test_closing_the_client_closes_what_is_idle() -> None:
    """No connection is left behind."""
    async with Scripted([reply(b"1")]) as server:
        client = client_of(server)
        await send(client)
        await client.close()
        await server.closed.wait()


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


async def test_an_idle_connection_keeps_no_answer() -> None:
    """What was read is the caller's alone."""
    async with Scripted([reply(b"s3cr3t")]) as server:
        client = client_of(server)
        await send(client)
        (idle,) = client._idle
        assert b"s3cr3t" not in b"".join(idle._body)


def test_an_answers_body_is_not_shown() -> None:
    """It may be a secret."""
    assert "s3cr3t" not in repr(Answer(200, {}, b"s3cr3t"))


async def test_a_connection_that_is_not_kept_is_closed_by_us() -> None:
    """A server that says so and then does not do it keeps nothing open here."""
    async with Scripted([reply(b"1", 200, "Connection: close"), reply(b"2")]) as server:
        client = Client(Origin("http", "127.0.0.1", server.port))
        assert (await client.send("GET", "/", (), b"", soon())).body == b"1"
        await server.closed.wait()
    assert server.connections == 1


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

    class Loop:
        create_connection = staticmethod(give_up)

    monkeypatch.setattr("secret_sidecar.client.http.asyncio.get_running_loop", Loop)
    with pytest.raises(ConnectFailed, match=r"cannot connect to http://127\.0\.0\.1:1: Connection timed out"):
        await Client(Origin("http", "127.0.0.1", 1)).send("GET", "/", (), b"", math.inf)


async def test_a_connection_that_nobody_uses_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is between forgets it some day and says nothing; who then used it would wait in vain."""
    monkeypatch.setattr("secret_sidecar.client.connection.IDLE", 0.05)
    async with Scripted([reply(b"1")], [reply(b"2")]) as server:
        client = client_of(server)
        assert (await client.send("GET", "/", (), b"", asyncio.get_running_loop().time() + 0.05)).body == b"1"
        async with asyncio.timeout(30):
            await server.closed.wait()
        assert not client._idle
        assert (await send(client)).body == b"2"


async def test_a_connection_in_use_is_not_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long an answer takes that comes before the deadline."""
    monkeypatch.setattr("secret_sidecar.client.connection.IDLE", 0.01)
    held = asyncio.Event()

    async def late(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for part in (b"1", b"2"):
            await reader.readuntil(b"\r\n\r\n")
            if part == b"2":
                await held.wait()
            writer.write(reply(part))
        await reader.read()
        writer.close()

    async with await asyncio.start_server(late, "127.0.0.1", 0) as server:
        client = Client(Origin("http", "127.0.0.1", server.sockets[0].getsockname()[1]))
        loop = asyncio.get_running_loop()
        assert (await client.send("GET", "/", (), b"", loop.time() + 0.01)).body == b"1"
        (connection,) = client._idle
        while not connection._is_unused:  # noqa: ASYNC110 (no event tells)
            await asyncio.sleep(0.001)
        sending = asyncio.create_task(send(client))
        while connection._alarm_at != connection._deadline:  # noqa: ASYNC110 (it has rung once more)
            await asyncio.sleep(0.001)
        held.set()
        assert (await sending).body == b"2"
        await client.close()
