"""One ServiceAccount with many tokens: what it may use of the service, so that the others are served."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest

from secret_sidecar.api.memory_budget import BUDGET, Reservation
from secret_sidecar.errors import Overloaded
from secret_sidecar.server import Sidecar
from secret_sidecar.shared.accounts import BATCHES, REQUESTS, Account, Accounts
from secret_sidecar.shared.callers import Callers
from secret_sidecar.shared.refusals import WAITING_PER_PEER
from secret_sidecar.shared.service import Shared
from secret_sidecar.vaults.exchange.token import Claims
from secret_sidecar.vaults.store import Store
from tests.fakes.aws_shared import SharedAws, token
from tests.sidecar.support.certificates import Authority
from tests.sidecar.support.shared_service import HOST, Service, certificate_of, settings_of

pytestmark = pytest.mark.anyio

NAME = "/v1/secrets/database-password"


@dataclass
class Running:
    """A service, its AWS, and open streams that end with the test."""

    aws: SharedAws
    service: Service
    callers: Callers
    stack: contextlib.AsyncExitStack

    def known(self, namespace: str, number: int, account: str = "app") -> str:
        return self.aws.know(token(namespace, number, account=account), namespace)

    async def ask(self, given: str, path: str = NAME) -> int:
        return (await self.service.ask(path, given)).status

    async def stream(self, given: str) -> int:
        """Open a stream, leave it open, and return its status."""
        reader, writer = await asyncio.open_connection(HOST, self.service.port, ssl=self.service.trust)
        self.stack.callback(writer.close)
        path = "/v1/events?names=database-password"
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\nAuthorization: Bearer {given}\r\n\r\n".encode())
        return int((await reader.readuntil(b"\r\n")).split()[1])


@pytest.fixture
async def running(authority: Authority, tmp_path: Path) -> AsyncIterator[Running]:
    """A service with room for eight callers."""
    secrets: dict[str, str | bytes] = {f"{n}/database-password": f"hunter2-{n}" for n in ("test", "prod")}
    async with SharedAws(secrets=secrets) as aws, contextlib.AsyncExitStack() as stack:
        settings = settings_of(aws, certificate_of(authority, tmp_path), shared_callers=8)
        sidecar = await stack.enter_async_context(Sidecar(settings))
        assert isinstance(sidecar._vault, Shared)
        trust = ssl.create_default_context(cafile=str(authority.bundle))
        yield Running(aws, Service(sidecar.port, trust), sidecar._vault.callers, stack)


async def test_streams_are_counted_over_all_tokens_of_an_account(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another pod of the account gets none, another ServiceAccount does, and so does another namespace."""
    monkeypatch.setattr("secret_sidecar.api.events.MAX_STREAMS", 3)
    tokens = [running.known("test", number) for number in range(4)]
    assert [await running.stream(given) for given in tokens] == [200, 200, 200, 503]
    assert await running.stream(running.known("test", 1, "other")) == 200
    assert await running.stream(running.known("prod", 1)) == 200
    assert await running.ask(tokens[3]) == 200


async def test_requests_are_counted_over_all_tokens_of_an_account(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stream is one too. Whoever asks beyond them is told to come back, and the others are served."""
    monkeypatch.setattr("secret_sidecar.shared.accounts.REQUESTS", 2)
    tokens = [running.known("test", number) for number in range(3)]
    assert [await running.stream(given) for given in tokens[:2]] == [200, 200]
    got = await running.service.ask(NAME, tokens[2])
    assert (got.status, got.json["type"]) == (503, "urn:secret-access:problem:overloaded")
    assert got.headers["retry-after"] == "1"
    assert await running.ask(running.known("prod", 1)) == 200
    assert await running.ask(running.known("test", 1, "other")) == 200


class Hanging:
    """An exchange that the cloud does not answer."""

    async def open(self, token: str, claims: Claims, deadline: float) -> Store:  # noqa: ARG002
        await asyncio.Event().wait()
        raise AssertionError

    async def probe(self, deadline: float) -> None:
        raise NotImplementedError

    async def close(self) -> None:
        """Hold nothing."""


async def test_requests_that_wait_for_an_exchange_are_counted_over_all_tokens_of_an_address() -> None:
    """Whoever shows what nobody has verified yet holds a part of the connections only, while the cloud is slow."""
    callers = Callers(Hanging(), cast("Any", None), most=8, timeout=60)
    asked = []
    for number in range(WAITING_PER_PEER):
        given = token("test", number % 3).encode()
        asked.append(asyncio.create_task(callers.enter(given, "10.0.0.1")))
    await asyncio.sleep(0)
    for number in (1, 4):  # a token that is being exchanged, and another one
        with pytest.raises(Overloaded, match=f"{WAITING_PER_PEER} requests from .* wait for"):
            async with asyncio.timeout(1):
                await callers.enter(token("test", number).encode(), "10.0.0.1")
    other = asyncio.create_task(callers.enter(token("prod", 1).encode(), "10.0.0.2"))
    gone = asked.pop()
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)
    again = asyncio.create_task(callers.enter(token("test", 1).encode(), "10.0.0.1"))
    await asyncio.wait((other, again), timeout=0)
    assert not other.done()
    assert not again.done()
    for task in (*asked, other, again):
        task.cancel()
    await asyncio.gather(*asked, other, again, return_exceptions=True)
    await callers.close()


async def test_an_account_with_many_tokens_does_not_push_the_others_out(running: Running) -> None:
    """It has half of the places at most once they are all taken, so the others' tokens are not exchanged anew."""
    other = running.known("prod", 1)
    assert await running.ask(other) == 200
    for number in range(20):
        assert await running.ask(running.known("test", number)) == 200
    before = len(running.aws.assumed)
    assert await running.ask(other) == 200
    assert len(running.aws.assumed) == before
    assert len(running.callers) == 8


def test_an_account_takes_a_part_of_the_memory_for_batches() -> None:
    """What it takes is taken from all, and given back to all."""
    before = BUDGET.used
    mine, another = Account(), Account()
    taken = Reservation(mine.memory)
    taken.take(BATCHES)
    with pytest.raises(Overloaded, match=f"expected at most {BATCHES} at a time"):
        Reservation(mine.memory).take(1)
    assert BUDGET.used == before + BATCHES
    Reservation(another.memory).take(1)
    taken.release_all()
    assert BUDGET.used == before + 1
    another.memory.release(1)


def test_all_accounts_together_take_no_more_than_there_is() -> None:
    """And where there is no more, the account has not taken it either."""
    reservations = [Reservation(Account().memory) for _ in range(BUDGET.most // BATCHES)]
    for reservation in reservations:
        reservation.take(BATCHES)
    late = Account()
    with pytest.raises(Overloaded, match=f"expected at most {BUDGET.most} at a time"):
        Reservation(late.memory).take(1)
    assert late.memory.used == 0
    for reservation in reservations:
        reservation.release_all()
    assert BUDGET.used == 0


def test_an_account_is_kept_for_as_long_as_it_has_callers() -> None:
    """Nobody who has gone takes memory."""
    accounts = Accounts()
    mine = accounts.of("system:serviceaccount:test:app")
    assert accounts.of("system:serviceaccount:test:app") is mine
    assert accounts.of("system:serviceaccount:test:other") is not mine
    del mine
    assert "system:serviceaccount:test:app" not in accounts._accounts


def test_requests_that_ended_are_counted_no_more() -> None:
    """Whichever way they end."""
    account = Account()
    for _ in range(REQUESTS + 1):
        with contextlib.suppress(ValueError), account.request():
            raise ValueError
    assert account.requests == 0
