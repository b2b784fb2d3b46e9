"""The callers: each loops over what one may do, usual or hostile, on connections that it keeps for a while."""

from __future__ import annotations

import asyncio

from tests.soak.actor import Actor
from tests.soak.hostile import Hostile
from tests.soak.http_client import NoAnswer
from tests.soak.judge import Judge
from tests.soak.normal_traffic import Has, Usual

RECONNECTS = 0.02
"""The part of requests after which a caller drops its connection."""


class Callers(Actor):
    """All that callers do."""

    def __init__(self, judge: Judge, port: int, patience: float, has: Has) -> None:
        super().__init__(judge, port, patience)
        acts = Usual(judge, port, patience).acts(has) | Hostile(judge, port, patience).acts(batch=has.batch)
        self._acts = list(acts)
        self._weights = list(acts.values())

    async def run(self, pause: float) -> None:
        """One caller: does one thing after the other, with pauses (in seconds, on average), for ever."""
        while True:
            async with self._opened() as connection:
                while connection.is_open:
                    act = self._draw.choices(self._acts, self._weights)[0]
                    try:
                        await act(connection)
                    except NoAnswer:
                        break
                    except ConnectionError as error:
                        self.judge.violation("no answer", f"{act.__name__}: {type(error).__name__}")
                        break
                    await asyncio.sleep(self._draw.expovariate(1 / pause))
                    if self._draw.random() < RECONNECTS:
                        break
