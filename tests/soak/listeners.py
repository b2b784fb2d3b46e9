"""Callers that listen for new versions (server-sent events)."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress

from tests.soak import documented
from tests.soak.actor import Actor
from tests.soak.expected_state import now
from tests.soak.http_client import Asked, Connection

INTERVAL = 0.3
"""SECRETS_EVENTS_INTERVAL of the sidecar under test."""


class Listeners(Actor):
    """Streams that are opened, read for a while and dropped."""

    async def run(self) -> None:
        """Listen to some names for some seconds, for ever."""
        while True:
            names = {
                name.full
                for kind in ("text", "toggled", "fleeting", "foreign")
                for name in self._draw.sample(self.expected_state.of[kind], 2)
            }
            asked = Asked("events", "GET", f"/v1/events?names={','.join(sorted(names))}")
            async with self._opened() as connection:
                await self._stream(connection, asked, names)

    async def _stream(self, connection: Connection, asked: Asked, names: set[str]) -> None:
        connection.send(asked)
        try:
            async with asyncio.timeout(self._patience):
                status, headers = await connection.head()
        except (TimeoutError, ConnectionError, asyncio.IncompleteReadError) as error:
            self.judge.violation("no answer", f"events: {type(error).__name__}", asked)
            return
        if status != 200 or headers.get("content-type", "").partition(";")[0] != "text/event-stream":
            self.judge.violation("wrong answer", f"events: {status} {headers}", asked)
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(self._draw.uniform(0.5, 6)):
                await self._listen(connection, asked, names)
        connection.abort()

    async def _listen(self, connection: Connection, asked: Asked, names: set[str]) -> None:
        told = dict.fromkeys(names, 0)
        buffer = b""
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            async for chunk in connection.chunks():
                *events, buffer = (buffer + chunk).split(b"\n\n")
                for event in events:
                    self._event(event.decode(), asked, told)
        self.judge.violation("no answer", "a stream of events ended by itself", asked)

    def _event(self, event: str, asked: Asked, told: dict[str, int]) -> None:
        fields = dict(line.split(": ", 1) for line in event.splitlines() if not line.startswith(":"))
        if "data" not in fields:
            return
        data = json.loads(fields["data"])
        name, since = data["name"], now() - self._patience
        if name not in told:
            self.judge.violation("foreign", f"an event of {name}", asked)
        elif fields["event"] == "version":
            told[name] = self.judge.event(name, data["version"], asked, since, told[name])
        else:
            kind = (int(data["status"]), documented.slug(data["type"]))
            self.judge.looked(name, kind, data, asked, since)
