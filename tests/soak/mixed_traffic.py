"""Callers that mix normal and hostile requests, on connections that they keep for a while."""

from __future__ import annotations

import asyncio

from tests.soak.caller import Caller
from tests.soak.hostile_traffic import HostileTraffic
from tests.soak.http_client import NoAnswer
from tests.soak.judge import Judge
from tests.soak.normal_traffic import NormalTraffic, Routes

RECONNECTS = 0.02
"""The part of requests after which a caller drops its connection."""


class MixedTraffic(Caller):
    """One caller or several: `run` is one."""

    def __init__(self, judge: Judge, port: int, max_wait: float, routes: Routes) -> None:
        super().__init__(judge, port, max_wait)
        normal, hostile = NormalTraffic(judge, port, max_wait), HostileTraffic(judge, port, max_wait)
        actions = normal.actions(routes) | hostile.actions(batch=routes.batch)
        self._actions = list(actions)
        self._weights = list(actions.values())

    async def run(self, pause: float) -> None:
        """Do one action after another for ever, with pauses (in seconds, on average)."""
        while True:
            async with self._opened() as connection:
                while connection.is_open:
                    action = self._random.choices(self._actions, self._weights)[0]
                    try:
                        await action(connection)
                    except NoAnswer:
                        break
                    except ConnectionError as error:
                        self.judge.violation("no answer", f"{action.__name__}: {type(error).__name__}")
                        break
                    await asyncio.sleep(self._random.expovariate(1 / pause))
                    if self._random.random() < RECONNECTS:
                        break
