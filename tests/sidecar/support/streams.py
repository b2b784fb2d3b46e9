"""A reader of server-sent events, pauses that end when a test says so, and a store of versions."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from secret_names.vaults import AWS, Spelling
from secret_sidecar.errors import VaultError


@dataclass(frozen=True)
class Event:
    """One event; a comment has no fields but `comment`."""

    event: str = ""
    id: str = ""
    comment: str = ""
    data: Any = None

    @property
    def news(self) -> tuple[str, str | int]:
        """The name, and its version or the problem's status."""
        return self.data["name"], self.data["version" if self.event == "version" else "status"]


class Stream:
    """One open stream, over HTTP/1.1 with chunks."""

    def __init__(self, port: int, path: str, last_event_id: str = "") -> None:
        self._port = port
        self._path = path
        self._last = f"Last-Event-ID: {last_event_id}\r\n" if last_event_id else ""
        self._text = ""

    async def __aenter__(self) -> Stream:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._writer.write(f"GET {self._path} HTTP/1.1\r\nHost: localhost\r\n{self._last}\r\n".encode())
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode().lower()
        self.status = int(head.split(" ")[1])
        self.headers = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if line)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self._writer.close()

    async def next(self) -> Event | None:
        """The next event or comment; None at the end of the stream."""
        while "\n\n" not in self._text:
            size = int(await self._reader.readline(), 16)
            chunk = await self._reader.readexactly(size + 2)
            if not size:
                return None
            self._text += chunk[:-2].decode()
        text, _, self._text = self._text.partition("\n\n")
        fields = dict(line.split(": ", 1) for line in text.split("\n"))
        if "" in fields:
            return Event(comment=fields[""])
        return Event(fields["event"], fields["id"], data=json.loads(fields["data"]))

    async def event(self) -> Event:
        """The next event that is no comment."""
        while (event := await self.next()) is not None:
            if not event.comment:
                return event
        raise EOFError

    async def events(self, count: int) -> dict[str, str | int]:
        """What the next events say of each name."""
        return dict([(await self.event()).news for _ in range(count)])


class ByHand:
    """A pause that lasts until its event is set or the test ends it."""

    def __init__(self) -> None:
        self._pauses: list[tuple[float, asyncio.Event, asyncio.Event]] = []
        self._begun = asyncio.Event()

    async def __call__(self, event: asyncio.Event, seconds: float) -> None:
        over = asyncio.Event()
        pause = (seconds, event, over)
        self._pauses.append(pause)
        self._begun.set()
        waits = [asyncio.create_task(event.wait()), asyncio.create_task(over.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            self._pauses.remove(pause)

    async def end(self, matches: Callable[[float], bool]) -> float:
        """End one pause of matching seconds once there is one, and return its seconds."""
        while True:
            for seconds, event, over in self._pauses:
                if matches(seconds) and not event.is_set() and not over.is_set():
                    over.set()
                    return seconds
            self._begun.clear()
            await self._begun.wait()


@dataclass
class Versions:
    """A store that has only versions, and counts the checks; a check waits while `gate` is shut."""

    versions: dict[str, str | VaultError] = field(default_factory=dict)
    looks: list[str] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    backend: str = "aws"
    spelling: Spelling = AWS

    async def current_version(self, name: str, deadline: float) -> str:  # noqa: ARG002
        """Return the version of when the check began."""
        self.looks.append(name)
        version = self.versions[name]
        await self.gate.wait()
        if isinstance(version, VaultError):
            raise version
        return version
