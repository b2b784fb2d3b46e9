"""The callers: each token's own store, found by the token's digest, until the token or its credentials end.

Nothing is looked up by a token's claims: only the same bytes, which the cloud accepted, find what was made for them.
The token itself is not stored after the exchange.
"""

from __future__ import annotations

import asyncio
import gc
import hashlib
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from secret_sidecar.errors import IdentityTimedOut, Overloaded, VaultError
from secret_sidecar.retry import Cause, noting
from secret_sidecar.shared.refusals import Peers, Refusal, Refusals
from secret_sidecar.vaults.exchange.caller_credentials import ENDED
from secret_sidecar.vaults.exchange.token import Claims, claims_of
from secret_sidecar.vaults.exchange.token_exchange import TokenExchange
from secret_sidecar.vaults.store import Store, expiry

EXCHANGES = 32
"""Exchanges in progress at a time."""
WAITING = 256
"""Exchanges in progress or waiting."""
SPARE = 30.0
"""Seconds before their end from which on credentials are exchanged for new ones: clocks differ, calls take time."""
CLOCK_ERROR = 900.0
"""Seconds that this machine's clock may be ahead: only the cloud can tell whether a token that ended since is good."""
AGAIN = 60.0
"""Seconds after which the cloud is asked again about a token that it accepted though it has ended by this clock."""
GARBAGE = 256
"""Callers that left until the garbage collector is run: what each leaves is in reference cycles."""

log = logging.getLogger(__name__)


class Served(Protocol):
    """What is made for one caller, and shared with no other."""

    def end(self) -> None:
        """End its streams."""
        ...

    def forget(self) -> None:
        """Drop its cached values."""
        ...

    async def close(self) -> None:
        """Close everything."""
        ...


@dataclass(eq=False, slots=True)
class Caller:
    """One caller, and how many of its requests are in progress."""

    claims: Claims
    store: Store
    served: Served
    ends: float
    """In the loop's time, which nobody sets."""
    users: int = 0
    is_out: bool = False
    alarm: asyncio.TimerHandle | None = None

    def has_ended(self, now: float) -> bool:
        """Whether its token or credentials have expired, or the vault rejects the credentials."""
        return now >= self.ends or expiry(self.store) == ENDED


@dataclass(eq=False, slots=True)
class _Flight:
    """An exchange in progress, and how many requests wait for it."""

    task: asyncio.Task[Caller | Refusal]
    cause: Cause
    waiting: int = 0
    is_held: bool = True


Serve = Callable[[Store, Claims], Served]


class Callers:
    """At most `most` callers; the least recently seen one without a request in progress is dropped first."""

    def __init__(
        self,
        token_exchange: TokenExchange,
        serve: Serve,
        *,
        most: int,
        timeout: float,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._token_exchange = token_exchange
        self._serve = serve
        self._most = most
        self._timeout = timeout
        self._clock = clock
        self._callers: OrderedDict[bytes, Caller] = OrderedDict()
        self._flights: dict[bytes, _Flight] = {}
        self._refusals = Refusals(monotonic)
        self._peers = Peers(monotonic)
        self._slots = asyncio.Semaphore(EXCHANGES)
        self._closing: set[asyncio.Task[None]] = set()
        self._gone = 0

    def __len__(self) -> int:
        return len(self._callers)

    def __iter__(self) -> Iterator[Caller]:
        """Go through them, the one seen longest ago first."""
        return iter(list(self._callers.values()))

    async def enter(self, token: bytes, peer: str) -> Caller:
        """Return the token's caller, to be left again, or raise a SidecarError."""
        digest = hashlib.sha256(token).digest()
        caller = self._callers.get(digest)
        if caller is not None and not caller.has_ended(asyncio.get_running_loop().time()):
            self._callers.move_to_end(digest)
            caller.users += 1
            return caller
        if caller is not None:
            self._put_out(digest)
        self._refusals.check(digest)
        with self._peers.waiting(peer):
            return await self._admitted(digest, token, peer)

    async def _admitted(self, digest: bytes, token: bytes, peer: str) -> Caller:
        """Return the caller of a token that is exchanged now, for all requests that show it meanwhile."""
        flight = self._flights.get(digest) or self._begin(digest, token, peer)
        flight.waiting += 1
        try:
            async with asyncio.timeout(self._timeout):
                found = await asyncio.shield(flight.task)
        except TimeoutError:
            raise _cut_short(flight.cause).error() from None
        else:
            if isinstance(found, Refusal):
                raise found.error()
            found.users += 1
            return found
        finally:
            flight.waiting -= 1
            self._unpin(flight)

    def leave(self, caller: Caller) -> None:
        """End one use of a caller."""
        caller.users -= 1
        if caller.is_out and not caller.users:
            self._close(caller)

    @contextmanager
    def leaving(self, caller: Caller) -> Iterator[None]:
        """Leave at the end."""
        try:
            yield
        finally:
            self.leave(caller)

    async def close(self) -> None:
        """Cancel exchanges, and close all callers."""
        for flight in self._flights.values():
            flight.task.cancel()
        for digest in list(self._callers):
            self._put_out(digest)
        await asyncio.gather(*self._closing, return_exceptions=True)
        await self._token_exchange.close()

    def _begin(self, digest: bytes, token: bytes, peer: str) -> _Flight:
        claims = claims_of(token, self._clock() - CLOCK_ERROR)
        if len(self._flights) >= WAITING:
            raise Overloaded(f"{len(self._flights)} tokens are being exchanged already: expected fewer at a time")
        self._peers.begin(peer)
        cause = Cause()
        task = asyncio.create_task(self._exchange(digest, token.decode("ascii"), claims, peer, cause))
        flight = self._flights[digest] = _Flight(task, cause)
        task.add_done_callback(lambda _: self._end(digest, flight))
        return flight

    async def _exchange(self, digest: bytes, token: str, claims: Claims, peer: str, cause: Cause) -> Caller | Refusal:
        """Return the caller, held once for those who wait, or why there is none."""
        noting(cause)
        refused = True
        try:
            deadline = asyncio.get_running_loop().time() + self._timeout
            async with asyncio.timeout_at(deadline), self._slots:
                store = await self._token_exchange.open(token, claims, deadline)
            refused = False
        except TimeoutError:
            return self._refused(digest, claims, _cut_short(cause))
        except VaultError as error:
            return self._refused(digest, claims, Refusal.of(error))
        finally:
            self._peers.end(peer, refused=refused)
        left = self._left(store, claims)
        ends = asyncio.get_running_loop().time() + left
        caller = Caller(claims, store, self._serve(store, claims), ends, users=1)
        if not self._has_room(claims.subject):
            caller.is_out = True
            self.leave(caller)
            return Refusal.of(Overloaded(f"{len(self._callers)} callers are being answered: expected fewer at a time"))
        self._callers[digest] = caller
        caller.alarm = asyncio.get_running_loop().call_at(ends, self._expire, digest, caller)
        expires = self._clock() + left
        log.info("caller admitted", extra={"caller": claims.subject, "pod": claims.pod, "expires": expires})
        return caller

    def _left(self, store: Store, claims: Claims) -> float:
        """Return for how many seconds a caller is served: until its token ends, or just before its credentials do."""
        now = self._clock()
        left = claims.expires - now
        if left <= 0:
            left = AGAIN  # the cloud took the token just now, so it is the clock that is wrong
        if (ends := expiry(store)) is not None:
            left = min(left, ends - now - min(SPARE, (ends - now) / 8))
        return left

    def _refused(self, digest: bytes, claims: Claims, refusal: Refusal) -> Refusal:
        self._refusals.add(digest, refusal)
        reason = {"reason": refusal.detail, "code": refusal.code}
        log.warning("caller not admitted", extra={"claims": claims.subject, **reason})
        return refusal

    def _end(self, digest: bytes, flight: _Flight) -> None:
        del self._flights[digest]
        if not flight.task.cancelled() and (error := flight.task.exception()) is not None:
            log.error("token not exchanged: an internal error of the service", extra={"error": type(error).__name__})
        self._unpin(flight)

    def _unpin(self, flight: _Flight) -> None:
        """Release a new caller once no request waits for it."""
        if flight.waiting or not flight.is_held or not flight.task.done():
            return
        flight.is_held = False
        if flight.task.cancelled() or flight.task.exception() is not None:
            return
        if isinstance(found := flight.task.result(), Caller):
            self.leave(found)

    def _has_room(self, subject: str) -> bool:
        """Drop a caller to make room for one of this subject, or return False if all have requests in progress.

        A ServiceAccount that has half of all places already gets no more of them: one of its own is dropped.
        """
        if len(self._callers) < self._most:
            return True
        own = {digest: caller for digest, caller in self._callers.items() if caller.claims.subject == subject}
        for digest, caller in (own if 2 * len(own) >= self._most else self._callers).items():
            if not caller.users:
                self._put_out(digest)
                return True
        return False

    def _expire(self, digest: bytes, caller: Caller) -> None:
        if self._callers.get(digest) is caller:
            self._put_out(digest)

    def _put_out(self, digest: bytes) -> None:
        """Drop a caller; its requests in progress are still answered, its streams end."""
        caller = self._callers.pop(digest)
        caller.is_out = True
        if caller.alarm is not None:
            caller.alarm.cancel()
        caller.served.end()
        if not caller.users:
            self._close(caller)

    def _close(self, caller: Caller) -> None:
        task = asyncio.create_task(caller.served.close())
        self._closing.add(task)
        task.add_done_callback(self._closed)

    def _closed(self, task: asyncio.Task[None]) -> None:
        self._closing.discard(task)
        self._gone += 1
        if self._gone % GARBAGE == 0:
            gc.collect()


def _cut_short(cause: Cause) -> Refusal:
    """Return the error of an exchange that the deadline ended: the last cause, if there was one."""
    return Refusal.of(cause.error or IdentityTimedOut("the token was not exchanged before the deadline"))
