"""Trying again: full jitter, inside the caller's deadline.

Source: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TypeVar

from secret_sidecar.errors import VaultError

TRIES = 4
FIRST_PAUSE = 0.1
LONGEST_PAUSE = 1.0

T = TypeVar("T")


@dataclass
class Cause:
    """The last error of attempts that continue: the answer when the caller stops waiting."""

    error: VaultError | None = None


_noted: ContextVar[Cause | None] = ContextVar("noted", default=None)


def noting(cause: Cause | None = None) -> Cause:
    """Return the holder of the last error in this task: the one given, or a new one."""
    cause = cause or Cause()
    _noted.set(cause)
    return cause


def _note(error: VaultError) -> None:
    if noted := _noted.get():
        noted.error = error


def full_jitter(failures: int, first: float, longest: float) -> float:
    """Return how long to wait after so many failures, in seconds: anything up to a bound that doubles each time."""
    bound = min(longest, first * 2.0 ** (failures - 1))
    return random.random() * bound  # noqa: S311 (spreads load, guards nothing)


async def retrying(attempt: Callable[[], Awaitable[T]], deadline: float) -> T:
    """Return the attempt's result, made again while its error is transient and there is time.

    Cut short by the deadline (in the loop's time), the answer is the last cause, not that the time was up; what the
    cloud itself said, by a code, goes before an attempt that only got no answer.
    """
    loop = asyncio.get_running_loop()
    cause: VaultError | None = None
    try:
        for tried in range(1, TRIES + 1):
            try:
                return await attempt()
            except VaultError as error:
                if not error.transient:
                    raise (cause if cause is not None and loop.time() >= deadline else error) from None
                if cause is None or error.code or not cause.code:
                    cause = error
                    _note(error)
            pause = full_jitter(tried, FIRST_PAUSE, LONGEST_PAUSE)
            if tried == TRIES or loop.time() + pause >= deadline:
                break
            await asyncio.sleep(pause)
        assert cause is not None  # noqa: S101
        raise cause
    finally:
        del cause  # its traceback has this frame: together they would stay until garbage is searched for
