"""Waiting for what no event tells of."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

LONGEST = 60.0
"""Seconds: far more than a machine under load needs for what is waited for."""


async def until(holds: Callable[[], bool]) -> None:
    """Return once it holds; fail if it does not in time."""
    loop = asyncio.get_running_loop()
    end = loop.time() + LONGEST
    while not holds():
        assert loop.time() < end, f"what is waited for did not happen in {LONGEST:g} seconds"
        await asyncio.sleep(0.001)
