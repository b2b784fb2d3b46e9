"""Waiting for a condition, and saying how long things took."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")
PAUSE = 0.05


class NotReadyError(RuntimeError):
    """A condition did not come true; the message says which and what was seen last."""


def wait_for(
    what: str,
    condition: Callable[[], T | None],
    *,
    limit: float = 300,
    still_possible: Callable[[], str | None] = lambda: None,
) -> T:
    """Ask ``condition`` until it gives something true, and return that.

    ``still_possible`` gives the reason for which waiting longer is useless, such as a process that died.
    ``limit`` (seconds) only ends a wait that would never end.
    """
    end = time.monotonic() + limit
    while True:
        if found := condition():
            return found
        if reason := still_possible():
            raise NotReadyError(f"{what}: {reason}")
        if time.monotonic() > end:
            raise NotReadyError(f"{what}: not so after {limit:.0f} s")
        time.sleep(PAUSE)


def say(text: str) -> None:
    """One line of progress."""
    print(text, file=sys.stderr, flush=True)


@contextmanager
def step(what: str) -> Iterator[None]:
    """Print what is done, then how long it took."""
    started = time.monotonic()
    try:
        yield
    except BaseException:
        say(f"  {what}: failed after {time.monotonic() - started:.1f} s")
        raise
    say(f"  {what}: {time.monotonic() - started:.1f} s")
