"""The HTTP client's connections: kept and used again, bounded, closed, and never an answer for somebody else."""

from __future__ import annotations

import asyncio

import pytest

from secret_sidecar.errors import (
    ConnectionLost,
)
from secret_sidecar.http_client.connection import Connection
from secret_sidecar.http_client.http import Client
from secret_sidecar.http_client.origin import Origin
from tests.fakes.scripted import Scripted, reply
from tests.sidecar.conftest import soon
from tests.sidecar.http_client.clients import client_of, send
from tests.sidecar.support.waiting import until

pytestmark = pytest.mark.anyio


async def test_a_connection_is_used_again() -> None:
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


async def test_an_answer_that_nobody_asked_for_is_nobodys() -> None:
    """Two answers to one request: the second is never given to the next one."""
    async with Scripted([reply(b"1") + reply(b"foreign")], [reply(b"2")]) as server:
        client = client_of(server)
        assert [(await send(client)).body for _ in range(2)] == [b"1", b"2"]
    assert server.connections == 2


async def test_what_an_idle_connection_says_closes_it() -> None:
    """A server that sends data unasked (a 408, say) is not used again."""
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


async def test_connections_are_bounded() -> None:
    """However many requests wait, no more connections are opened; all are answered in the end."""
    async with Scripted(*([reply(b"x")] * 50 for _ in range(3))) as server:
        client = client_of(server, connections=3)
        answers = await asyncio.gather(*(send(client) for _ in range(40)))
    assert [answer.body for answer in answers] == [b"x"] * 40
    assert server.connections <= 3


async def test_a_cancelled_request_gives_its_place_back() -> None:
    """And its connection, on which an answer may still come, is closed."""
    async with Scripted([asyncio.Event()], [reply(b"2")]) as server:
        client = client_of(server, connections=1)
        first = asyncio.create_task(send(client))
        await server.asked.wait()
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        assert (await send(client)).body == b"2"


async def test_closing_the_client_closes_what_is_idle() -> None:
    async with Scripted([reply(b"1")]) as server:
        client = client_of(server)
        await send(client)
        assert not server.closed.is_set()
        await client.close()
        await until(server.closed.is_set)


async def test_an_idle_connection_keeps_no_answer() -> None:
    """What was read belongs to the caller alone."""
    async with Scripted([reply(b"s3cr3t")]) as server:
        client = client_of(server)
        await send(client)
        (idle,) = client._idle
        assert idle._body == b""


async def test_a_connection_that_is_not_kept_is_closed_by_us() -> None:
    """Even if the server announces it and does not do it."""
    async with Scripted([reply(b"1", 200, "Connection: close"), reply(b"2")]) as server:
        client = Client(Origin("http", "127.0.0.1", server.port))
        assert (await client.send("GET", "/", (), b"", soon())).body == b"1"
        await server.closed.wait()
    assert server.connections == 1


def rings_at_once(client: Client) -> Connection:
    """The one connection that is idle; its alarm, set to the deadline of the request before, rings at once."""
    (connection,) = client._idle
    connection._set_alarm(asyncio.get_running_loop().time())
    return connection


async def test_a_connection_that_nobody_uses_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A firewall in between may have dropped it silently; a request over it would wait in vain."""
    monkeypatch.setattr("secret_sidecar.http_client.connection.IDLE", 0.05)
    async with Scripted([reply(b"1")], [reply(b"2")]) as server:
        client = client_of(server)
        assert (await send(client)).body == b"1"
        rings_at_once(client)
        async with asyncio.timeout(30):
            await server.closed.wait()
        assert not client._idle
        assert (await send(client)).body == b"2"


async def test_a_connection_in_use_is_not_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long an answer takes that comes before the deadline."""
    monkeypatch.setattr("secret_sidecar.http_client.connection.IDLE", 0.01)
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
        assert (await send(client)).body == b"1"
        connection = rings_at_once(client)
        await until(lambda: connection._is_unused)
        sending = asyncio.create_task(send(client))
        await until(lambda: connection._alarm_at == connection._patience)  # it has rung once more
        held.set()
        assert (await sending).body == b"2"
        await client.close()
