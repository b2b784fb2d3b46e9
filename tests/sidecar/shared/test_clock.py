"""A shared service whose clock is wrong, or is set: nobody is refused for it, and nothing lasts longer for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from secret_sidecar.errors import Overloaded, SidecarError, TokenRefused, Unauthenticated
from secret_sidecar.shared.callers import AGAIN, CLOCK_ERROR, Caller, Callers
from secret_sidecar.shared.refusals import PER_PEER, WINDOW
from secret_sidecar.vaults.exchange.token import Claims
from secret_sidecar.vaults.store import Store
from tests.fakes.aws_shared import token
from tests.sidecar.conftest import Clock

pytestmark = pytest.mark.anyio

HOURS = 3600.0


@dataclass
class Exchange:
    """Gives every token credentials of one hour, or refuses it; `now` is what this machine's clock says."""

    now: Clock
    refuses: bool = False
    lifetime: float | None = HOURS
    asked: int = 0

    async def open(self, token: str, claims: Claims, deadline: float) -> Store:  # noqa: ARG002
        self.asked += 1
        if self.refuses:
            raise TokenRefused("no", code="InvalidIdentityToken")
        return cast("Store", Opened(None if self.lifetime is None else self.now() + self.lifetime))

    async def probe(self, deadline: float) -> None:
        raise NotImplementedError

    async def close(self) -> None:
        """Hold nothing."""


@dataclass
class Opened:
    """A store that tells when it ends, and what is made for its caller."""

    expires: float | None
    events: list[str] = field(default_factory=list)

    def end(self) -> None:
        self.events.append("end")

    def forget(self) -> None:
        self.events.append("forget")

    async def close(self) -> None:
        self.events.append("close")


@dataclass
class Service:
    """Callers, the clock that may be set, the one that may not, and the cloud."""

    callers: Callers
    clock: Clock
    monotonic: Clock
    exchange: Exchange

    async def enter(self, given: str, peer: str = "10.0.0.1") -> Caller:
        caller = await self.callers.enter(given.encode(), peer)
        self.callers.leave(caller)
        return caller

    async def refusal(self, given: str, peer: str = "10.0.0.1") -> SidecarError:
        with pytest.raises(SidecarError) as refused:
            await self.callers.enter(given.encode(), peer)
        return refused.value


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    clock, monotonic = Clock(), Clock(7.0)
    exchange = Exchange(clock)
    serve: Any = lambda store, claims: store  # noqa: ARG005, E731 — shorter than a function
    callers = Callers(exchange, serve, most=8, timeout=60, clock=clock, monotonic=monotonic)
    yield Service(callers, clock, monotonic, exchange)
    await callers.close()


def left(caller: Caller) -> float:
    """For how many seconds yet a caller is served."""
    return caller.ends - asyncio.get_running_loop().time()


async def test_a_refusal_lasts_for_five_seconds_though_the_clock_is_set_back(service: Service) -> None:
    """Then the cloud is asked again."""
    given = token("test", exp=int(service.clock()) + 600)
    service.exchange.refuses = True
    assert isinstance(await service.refusal(given), TokenRefused)
    service.clock.now -= 300
    assert isinstance(await service.refusal(given), TokenRefused)
    assert service.exchange.asked == 1
    service.monotonic.now += 5
    service.exchange.refuses = False
    await service.enter(given)
    assert service.exchange.asked == 2


async def test_who_was_refused_too_often_is_heard_again_though_the_clock_is_set_back(service: Service) -> None:
    """The window of its address passes."""
    service.exchange.refuses = True
    for number in range(PER_PEER):
        await service.refusal(token("test", number, exp=int(service.clock()) + 600))
    late = token("test", 99, exp=int(service.clock()) + 600)
    assert isinstance(await service.refusal(late), Overloaded)
    service.clock.now -= 300
    service.monotonic.now += WINDOW
    service.exchange.refuses = False
    await service.enter(late)


async def test_a_caller_is_served_for_its_credentials_lifetime_though_the_clock_is_set(service: Service) -> None:
    """Neither longer nor shorter: by the time that nobody sets."""
    given = token("test", exp=int(service.clock()) + 7200)
    caller = await service.enter(given)
    assert left(caller) == pytest.approx(HOURS - 30, abs=5)
    for step in (-2 * HOURS, 5 * HOURS):
        service.clock.now += step
        assert await service.enter(given) is caller
    assert service.exchange.asked == 1


async def test_a_token_that_has_ended_by_a_clock_that_is_ahead_is_the_clouds_to_judge(service: Service) -> None:
    """It takes it, so it is the clock that is wrong; a minute later it is asked again."""
    given = token("test", exp=int(service.clock()) - 600)
    caller = await service.enter(given)
    assert left(caller) == pytest.approx(AGAIN, abs=5)
    service.exchange.refuses = True
    refusal = await service.refusal(token("test", 2, exp=int(service.clock()) - 600))
    assert isinstance(refusal, TokenRefused)


async def test_a_token_that_ended_long_ago_costs_no_call(service: Service) -> None:
    """No clock is that wrong for long."""
    refusal = await service.refusal(token("test", exp=int(service.clock() - CLOCK_ERROR) - 1))
    assert isinstance(refusal, Unauthenticated)
    assert service.exchange.asked == 0


async def test_credentials_without_an_end_serve_until_the_token_ends(service: Service) -> None:
    service.exchange.lifetime = None
    caller = await service.enter(token("test", exp=int(service.clock()) + 600))
    assert left(caller) == pytest.approx(600, abs=5)
