"""Connections that were kept and lead nowhere any more: the next request does not pay for that with its deadline."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress

import pytest

from secret_sidecar.errors import ConnectionLost
from secret_sidecar.http_client import http
from secret_sidecar.http_client.http import Client
from secret_sidecar.http_client.origin import Origin
from tests.fakes.scripted import Script, Scripted, reply
from tests.sidecar.conftest import soon
from tests.sidecar.http_client.clients import client_of, send
from tests.sidecar.support.waiting import until

pytestmark = pytest.mark.anyio


async def within_seconds(client: Client) -> bytes:
    """What a request is answered that has a few seconds, as a read has."""
    return (await client.send("GET", "/", (), b"", asyncio.get_running_loop().time() + 2)).body


async def test_a_silent_connection_costs_a_part_of_the_time() -> None:
    """What is between has forgotten it: the request is sent once more, over a new one."""
    async with Scripted([reply(b"1"), asyncio.Event()], [reply(b"2")]) as server:
        client = client_of(server)
        assert await within_seconds(client) == b"1"
        assert await within_seconds(client) == b"2"
        await client.close()


async def test_the_siblings_of_a_silent_connection_are_not_used_again() -> None:
    """They were opened before, and lead where it led."""
    silent: Script = [reply(b"1"), asyncio.Event()]
    async with Scripted(*[silent] * 3, *[[reply(b"2")] * 2] * 3) as server:
        client = client_of(server)
        await asyncio.gather(*(within_seconds(client) for _ in range(3)))
        assert await within_seconds(client) == b"2"
        assert await asyncio.gather(*(within_seconds(client) for _ in range(3))) == [b"2"] * 3
        await client.close()
    assert len(server.requests) == 3 + 2 + 3


async def test_an_answer_that_has_begun_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slow is not silent: the whole time is the answer's."""
    monkeypatch.setattr(http, "PATIENCE", 0.0001)
    begun, rest = asyncio.Event(), asyncio.Event()

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(reply(b"1"))
        await reader.readuntil(b"\r\n\r\n")
        writer.write(reply(b"2")[:1])
        begun.set()
        await rest.wait()
        writer.write(reply(b"2")[1:])
        await reader.read()
        writer.close()

    async with await asyncio.start_server(slow, "127.0.0.1", 0) as server:
        client = Client(Origin("http", "127.0.0.1", server.sockets[0].getsockname()[1]))
        await send(client)
        (connection,) = client._idle
        sending = asyncio.create_task(send(client))
        await begun.wait()
        await until(lambda: sending.done() or connection._alarm_at == connection._deadline)  # it has rung once
        rest.set()
        answer = await sending
        await client.close()
    assert answer.body == b"2"


async def test_a_server_that_is_slow_over_new_connections_too_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asking each time a second time, over a new connection, would double its load just then."""
    monkeypatch.setattr(http, "PATIENCE", 0.0001)
    asked = 0

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                await reader.readuntil(b"\r\n\r\n")
                asked += 1
                await asyncio.sleep(0.3)  # many times the patience, and longer than a busy machine pauses
                writer.write(reply(b"late"))
        writer.close()

    async with await asyncio.start_server(slow, "127.0.0.1", 0) as server:
        client = Client(Origin("http", "127.0.0.1", server.sockets[0].getsockname()[1]))
        for _ in range(5):
            assert (await send(client)).body == b"late"
        await client.close()
    assert asked == 5 + 1  # the second request found out


async def test_a_connection_has_an_age(monkeypatch: pytest.MonkeyPatch) -> None:
    """After it the host's name is looked up anew."""
    monkeypatch.setattr(http, "AGE", 0.0)
    async with Scripted([reply(b"1"), reply(b"old")], [reply(b"2")]) as server:
        client = client_of(server)
        assert [(await send(client)).body for _ in range(2)] == [b"1", b"2"]
        await client.close()


@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_after_a_servers_failure_the_next_request_takes_a_new_connection(status: int) -> None:
    """Behind a balancer, that may be another server: one that is not sealed."""
    async with Scripted([reply(b"1", status), reply(b"sealed")], [reply(b"2")]) as server:
        client = client_of(server)
        assert [(await send(client)).body for _ in range(2)] == [b"1", b"2"]
        await client.close()


async def test_a_refusal_keeps_its_connection() -> None:
    """Throttling and refusals are answers of a server that works."""
    async with Scripted([reply(b"1", 429), reply(b"2", 403), reply(b"3")]) as server:
        client = client_of(server)
        assert [(await send(client)).body for _ in range(3)] == [b"1", b"2", b"3"]
        await client.close()
    assert server.connections == 1


async def test_bytes_that_came_before_a_request_are_not_its_answer() -> None:
    """The loop has not read them yet when the connection is used again."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)

        def answer(body: bytes) -> socket.socket:
            talking, _ = listener.accept()
            talking.recv(4096)
            talking.sendall(reply(body))
            return talking

        client = Client(Origin("http", "127.0.0.1", listener.getsockname()[1]))
        _, first = await asyncio.gather(send(client), asyncio.to_thread(answer, b"1"))
        second = asyncio.ensure_future(asyncio.to_thread(answer, b"2"))
        first.sendall(reply(b"late"))
        got = (await send(client)).body  # sent before the loop looks at its sockets
        first.close()
        assert got == b"2"
        (await second).close()
        await client.close()


async def test_what_may_not_arrive_twice_goes_over_a_new_connection() -> None:
    """A kept one may turn out to be dead, and nobody could tell whether the request had arrived."""
    async with Scripted([reply(b"1"), b""], [reply(b"2")], hold=False) as server:
        client = client_of(server)
        await send(client)
        assert (await client.send("POST", "/", (), b"", soon(), once=True)).body == b"2"
        await client.close()
    assert len(server.requests) == 2


async def test_what_may_not_arrive_twice_is_not_sent_again() -> None:
    """Its connection ends without an answer: that is told."""
    async with Scripted([reply(b"1"), reply(b"2")], [b""], [reply(b"2")], hold=False) as server:
        client = client_of(server)
        await send(client)
        with pytest.raises(ConnectionLost):
            await client.send("POST", "/", (), b"", soon(), once=True)
        await client.close()
    assert len(server.requests) == 2


async def test_connections_that_are_retired_are_not_used_again() -> None:
    """Neither those that are idle nor those in use."""
    async with Scripted(*[[reply(b"1"), *[reply(b"old")] * 2]] * 2, [reply(b"2")] * 2) as server:
        client = client_of(server)
        await asyncio.gather(*(send(client) for _ in range(2)))
        in_use = asyncio.create_task(send(client))
        await asyncio.sleep(0)
        client.retire_connections()
        await in_use
        assert (await send(client)).body == b"2"
        await client.close()
