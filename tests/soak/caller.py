"""What every caller needs: names to ask for, connections, and answers; a missing answer is a violation."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager

from tests.soak.expected_state import Name
from tests.soak.http_client import Answer, Connection, NoAnswer, Request
from tests.soak.judge import Judge

PREFIX = "/v1/secrets/"

Actions = dict[Callable[[Connection], Awaitable[None]], int]
"""What a caller may do on its connection, and how often relative to the rest."""


class Caller:
    """What normal and hostile callers share."""

    def __init__(self, judge: Judge, port: int, max_wait: float) -> None:
        self.judge = judge
        self.expected = judge.expected
        self._port = port
        self._max_wait = max_wait
        self._random = judge.expected.random

    def _opened(self) -> AbstractAsyncContextManager[Connection]:
        return Connection.opened(self._port, self._max_wait)

    def _pick(self, *kinds: str) -> Name:
        return self._random.choice(self.expected.of[self._random.choice(kinds)])

    async def _ask(self, connection: Connection, request: Request) -> Answer:
        """Send and receive; no answer is a violation."""
        connection.send(request)
        return await self._receive(connection, request)

    async def _receive(self, connection: Connection, request: Request) -> Answer:
        try:
            return await connection.answer(request)
        except NoAnswer as error:
            self.judge.violation("no answer", str(error), request)
            raise

    async def _read(self, connection: Connection, what: str, name: Name, spelled: str = "") -> None:
        request = Request(what, "GET", PREFIX + (spelled or name.full))
        self.judge.read(name.full, request, await self._ask(connection, request))
