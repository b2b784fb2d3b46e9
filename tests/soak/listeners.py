"""Callers that listen for new versions (server-sent events)."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress

from tests.soak import documented
from tests.soak.caller import Caller
from tests.soak.expected_state import now
from tests.soak.http_client import Connection, Request

INTERVAL = 0.3
"""SECRETS_EVENTS_INTERVAL of the sidecar under test."""


class Listeners(Caller):
    """Streams that are opened, read for a while and dropped."""

    async def run(self) -> None:
        """Listen to some names for some seconds, for ever."""
        while True:
            names = {
                name.full
                for kind in ("text", "toggled", "fleeting", "foreign")
                for name in self._random.sample(self.expected.of[kind], 2)
            }
            request = Request("events", "GET", f"/v1/events?names={','.join(sorted(names))}")
            async with self._opened() as connection:
                await self._stream(connection, request, names)

    async def _stream(self, connection: Connection, request: Request, names: set[str]) -> None:
        connection.send(request)
        try:
            async with asyncio.timeout(self._max_wait):
                status, headers = await connection.head()
        except (TimeoutError, ConnectionError, asyncio.IncompleteReadError) as error:
            self.judge.violation("no answer", f"events: {type(error).__name__}", request)
            return
        if status != 200 or headers.get("content-type", "").partition(";")[0] != "text/event-stream":
            self.judge.violation("wrong answer", f"events: {status} {headers}", request)
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(self._random.uniform(0.5, 6)):
                await self._listen(connection, request, names)
        connection.abort()

    async def _listen(self, connection: Connection, request: Request, names: set[str]) -> None:
        seen = dict.fromkeys(names, 0)
        buffer = b""
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            async for chunk in connection.chunks():
                *events, buffer = (buffer + chunk).split(b"\n\n")
                for event in events:
                    self._event(event.decode(), request, seen)
        self.judge.violation("no answer", "a stream of events ended by itself", request)

    def _event(self, event: str, request: Request, seen: dict[str, int]) -> None:
        fields = dict(line.split(": ", 1) for line in event.splitlines() if not line.startswith(":"))
        if "data" not in fields:
            return
        data = json.loads(fields["data"])
        name, since = data["name"], now() - self._max_wait
        if name not in seen:
            self.judge.violation("foreign", f"an event of {name}", request)
        elif fields["event"] == "version":
            seen[name] = self.judge.event(name, data["version"], request, since, seen[name])
        else:
            kind = (int(data["status"]), documented.slug(data["type"]))
            self.judge.looked(name, kind, data, request, since)
