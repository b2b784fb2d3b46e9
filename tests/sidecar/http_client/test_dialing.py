"""Hosts with several addresses: one that is silent, or refuses, does not keep the others from being asked."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from secret_sidecar.errors import ConnectFailed
from secret_sidecar.http_client import dialing
from secret_sidecar.http_client.dialing import Address
from secret_sidecar.http_client.http import Client
from secret_sidecar.http_client.origin import Origin
from tests.fakes.scripted import Scripted, reply
from tests.sidecar.conftest import soon

pytestmark = pytest.mark.anyio


@pytest.fixture
def silent() -> Iterator[Address]:
    """An address that takes no connection and refuses none: its queue is full."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(3):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield listener.getsockname()


@pytest.fixture
def refusing() -> Iterator[Address]:
    """An address at which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()


def resolving_to(monkeypatch: pytest.MonkeyPatch, *addresses: Address) -> Client:
    """A client of a host that has these addresses."""

    async def resolve(host: str, port: int) -> list[tuple[int, Address]]:
        return [(socket.AF_INET, address) for address in addresses]

    monkeypatch.setattr(dialing, "resolve", resolve)
    return Client(Origin("http", "vault.example", 1))


async def test_the_first_address_may_be_silent(silent: Address, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next one is tried beside it, long before the deadline."""
    async with Scripted([reply(b"1")]) as server:
        client = resolving_to(monkeypatch, silent, ("127.0.0.1", server.port))
        deadline = asyncio.get_running_loop().time() + 2
        assert (await client.send("GET", "/", (), b"", deadline)).body == b"1"
        await client.close()


async def test_the_first_address_may_refuse(refusing: Address, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then the next one is tried at once."""
    monkeypatch.setattr(dialing, "ATTEMPT_DELAY", 1000.0)
    async with Scripted([reply(b"1")]) as server:
        client = resolving_to(monkeypatch, refusing, ("127.0.0.1", server.port))
        deadline = asyncio.get_running_loop().time() + 10
        assert (await client.send("GET", "/", (), b"", deadline)).body == b"1"
        await client.close()


async def test_where_all_refuse_it_is_said_why(refusing: Address, monkeypatch: pytest.MonkeyPatch) -> None:
    client = resolving_to(monkeypatch, refusing, refusing)
    with pytest.raises(ConnectFailed, match=r"cannot connect to http://vault\.example:1: Connection refused"):
        await client.send("GET", "/", (), b"", soon())


async def test_a_retry_after_a_failure_goes_to_another_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """A node that is sealed, and one that is not."""
    async with Scripted(*[[reply(b"", 503)]] * 2) as sealed, Scripted([reply(b"1")]) as well:
        client = resolving_to(monkeypatch, ("127.0.0.1", sealed.port), ("127.0.0.1", well.port))
        assert (await client.send("GET", "/", (), b"", soon())).status == 503
        assert (await client.send("GET", "/", (), b"", soon())).body == b"1"
        await client.close()


@pytest.mark.parametrize(
    ("found", "order"),
    [
        ("6a 6b 4a 4b 4c", "6a 4a 6b 4b 4c"),
        ("4a 6a", "4a 6a"),
        ("4a 4b", "4a 4b"),
        ("6a", "6a"),
    ],
)
def test_families_take_turns(found: str, order: str) -> None:
    """RFC 8305 section 4: where one family leads nowhere, the second attempt is of the other one."""
    addresses: list[tuple[int, Address]] = [(int(one[0]), (one,)) for one in found.split()]
    assert [address[0] for _, address in dialing._in_turns(addresses)] == order.split()
