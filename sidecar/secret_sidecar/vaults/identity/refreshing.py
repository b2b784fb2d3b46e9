"""Credentials that expire: obtained once for all readers, ahead of time, and kept in use while that fails."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Callable
from typing import Generic

from secret_sidecar.errors import IdentityTimedOut, IdentityUnavailable
from secret_sidecar.retry import Cause, full_jitter, noting
from secret_sidecar.vaults.identity.credentials import C, Issuer

AHEAD = 900.0
"""Seconds before expiry from which on fresh credentials are fetched while the old ones serve."""
SPARE = 30.0
"""Seconds before expiry from which on a reader waits for fresh ones: clocks differ, and calls take time."""
FIRST_PAUSE = 1.0
LONGEST_PAUSE = 30.0
RENEWED_LATELY = 5.0
"""Credentials younger than this many seconds are not renewed because a vault refuses them: it would not help."""

log = logging.getLogger(__name__)


class Refreshing(Generic[C]):
    """A Source around an issuer.

    However many readers wait, the issuer is asked once; a reader that goes away takes
    nothing with it. After a failure, the next try waits, and until then readers get the credentials that are still
    valid, or the failure.

    `clock` gives seconds since 1970, which count only for when credentials end; it may be set meanwhile. `monotonic`
    gives seconds that nobody sets, by which their lifetime and all pauses are measured.
    """

    def __init__(
        self,
        issuer: Issuer[C],
        timeout: float,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._issuer = issuer
        self._timeout = timeout
        self._clock = clock
        self._monotonic = monotonic
        self._current: C | None = None
        self._obtained = 0.0
        self._lifetime = math.inf
        self._task: asyncio.Task[C] | None = None
        self._failure: IdentityUnavailable | None = None
        self._cause = Cause()
        self._failures = 0
        self._next_try = 0.0

    @property
    def expires(self) -> float | None:
        """When the credentials in use end, in seconds since 1970; None if there are none, or they do not."""
        return None if self._current is None else self._current.expires

    async def get(self, deadline: float) -> C:
        """Return credentials that are valid for some time yet."""
        current = self._current
        if current is None:
            return await self._refreshed(deadline)
        left = self._left(current)
        if left > min(AHEAD, self._lifetime / 4):
            return current
        if left > min(SPARE, self._lifetime / 8):
            self._refresh()
            return current
        return await self._refreshed(deadline)

    async def renew(self, refused: C, deadline: float) -> C:
        """Return others than those refused; the same if they are brand new, or if there are no others now."""
        if self._current is not refused:
            return await self.get(deadline)
        if self._monotonic() - self._obtained < RENEWED_LATELY:
            return refused
        return await self._refreshed(deadline)

    async def close(self) -> None:
        """Stop a refresh that is under way, and let go of the issuer."""
        if self._task is not None:
            self._task.cancel()
        await self._issuer.close()

    def _refresh(self) -> asyncio.Task[C] | None:
        """Start a refresh unless one is under way or the last failure is too fresh; return the one under way."""
        if self._task is None and self._monotonic() >= self._next_try:
            self._task = asyncio.create_task(self._run())
            self._task.add_done_callback(self._done)
        return self._task

    async def _refreshed(self, deadline: float) -> C:
        task = self._refresh()
        try:
            if task is not None:
                async with asyncio.timeout_at(deadline):
                    return await asyncio.shield(task)
        except TimeoutError:
            cause = self._cause.error or IdentityTimedOut("the identity was not obtained before the deadline")
            raise cause.with_traceback(None) from None
        except IdentityUnavailable as failure:
            self._failure = failure
        finally:
            del task  # it may hold an error, whose traceback has this frame
        if self._current is not None and self._left(self._current) > 0:
            return self._current
        assert self._failure is not None  # noqa: S101
        raise self._failure.with_traceback(None)

    async def _run(self) -> C:
        self._cause = noting()
        try:
            fresh = await self._issuer.obtain(asyncio.get_running_loop().time() + self._timeout)
        except IdentityUnavailable as failure:
            self._failures += 1
            self._failure = failure
            self._next_try = self._monotonic() + full_jitter(self._failures, FIRST_PAUSE, LONGEST_PAUSE)
            log.warning("identity not obtained", extra={"reason": str(failure), "code": failure.code})
            raise
        self._current, self._obtained = fresh, self._monotonic()
        self._lifetime = math.inf if fresh.expires is None else fresh.expires - self._clock()
        self._failures, self._next_try = 0, 0.0
        self._failure, self._cause = None, Cause()  # their tracebacks have requests in them that are over
        log.info("identity obtained", extra={"identity": fresh.identity, "expires": fresh.expires})
        return fresh

    def _done(self, task: asyncio.Task[C]) -> None:
        self._task = None
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, IdentityUnavailable):
            log.error("identity not obtained: an internal error of the sidecar", exc_info=error)

    def _left(self, current: C) -> float:
        """Return the seconds until credentials end, by the clock that says less: one may be set, the other may stop."""
        if current.expires is None:
            return math.inf
        return min(self._lifetime - (self._monotonic() - self._obtained), current.expires - self._clock())
