"""What every caller needs: names to ask for, connections, and answers or the violation that there was none."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager

from tests.soak.expected_state import Name
from tests.soak.http_client import Answer, Asked, Connection, NoAnswer
from tests.soak.judge import Judge

PREFIX = "/v1/secrets/"

Acts = dict[Callable[[Connection], Awaitable[None]], int]
"""What a caller may do on its connection, and how often, in relation to the rest."""


class Actor:
    """The ground that kinds of callers stand on."""

    def __init__(self, judge: Judge, port: int, patience: float) -> None:
        self.judge = judge
        self.expected_state = judge.expected_state
        self._port = port
        self._patience = patience
        self._draw = judge.expected_state.random

    def _opened(self) -> AbstractAsyncContextManager[Connection]:
        return Connection.opened(self._port, self._patience)

    def _some(self, *kinds: str) -> Name:
        return self._draw.choice(self.expected_state.of[self._draw.choice(kinds)])

    async def _ask(self, connection: Connection, asked: Asked) -> Answer:
        """Send and receive; no answer is a violation."""
        connection.send(asked)
        return await self._receive(connection, asked)

    async def _receive(self, connection: Connection, asked: Asked) -> Answer:
        try:
            return await connection.answer(asked)
        except NoAnswer as error:
            self.judge.violation("no answer", str(error), asked)
            raise

    async def _read(self, connection: Connection, what: str, name: Name, spelled: str = "") -> None:
        asked = Asked(what, "GET", PREFIX + (spelled or name.full))
        self.judge.read(name.full, asked, await self._ask(connection, asked))
