"""Server-sent events: which version each name has now, then every new one. Never a value.

Source: https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from starlette.requests import Request
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from secret_sidecar import problems
from secret_sidecar.api.queries import parameters
from secret_sidecar.api.secret_reader import Asker
from secret_sidecar.api.version_watcher import Finding, Listener, Pause, Watches, pause
from secret_sidecar.errors import BadRequest, TooManyStreams, VaultError
from secret_sidecar.settings import Settings

MAX_STREAMS = 64
MAX_NAMES = 50
HEARTBEAT = 15.0
"""Seconds without an event after which a stream sends a comment, so that both sides notice a broken connection."""
MEDIA_TYPE = "text/event-stream"

_START = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(b"content-type", MEDIA_TYPE.encode()), (b"cache-control", b"no-store")],
}


class Streams:
    """How many streams are open, of MAX_STREAMS that may be."""

    def __init__(self) -> None:
        self._open = 0

    @contextmanager
    def one(self) -> Iterator[None]:
        """Count one while it is open, or raise TooManyStreams."""
        if self._open >= MAX_STREAMS:
            raise TooManyStreams(f"{self._open} streams are open: expected fewer than {MAX_STREAMS}")
        self._open += 1
        try:
            yield
        finally:
            self._open -= 1


class Events:
    """The route of /v1/events, and its streams, which end when the server reports that the client is gone."""

    def __init__(self, asker: Asker, settings: Settings, pause: Pause = pause, streams: Streams | None = None) -> None:
        self._asker = asker
        self._pause = pause
        self._streams = streams or Streams()
        self._listeners: set[Listener] = set()
        self._is_over = False
        self.watches = Watches(self._look, settings.events_interval, pause)

    @property
    def routes(self) -> list[Route]:
        """The application's routes."""
        return [Route("/v1/events", self, methods=["GET"])]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """GET /v1/events?names=a,b: an event for each name at once, and one whenever its version changes.

        A name that cannot be looked at gives an event too, a problem document, and is looked at again later.
        """
        request = Request(scope)
        names = self._names(parameters(request, "names").get("names", ""))
        seen = frozenset(request.headers.get("last-event-id", "").split("."))
        if request.method != "GET":
            await send(_START)
        else:
            with self._streams.one():
                await send(_START)
                listener = Listener()
                gone = asyncio.create_task(_end_with(receive, listener))
                try:
                    with suppress(OSError):  # the caller went away (ASGI specification, "Disconnected Client")
                        await self._tell(names, _Told(seen), listener, send)
                finally:
                    gone.cancel()
        with suppress(OSError):
            await send(_body(b"", more=False))

    def end(self) -> None:
        """End all streams, and those still to begin: their caller's credentials have ended."""
        self._is_over = True
        for listener in self._listeners:
            listener.end()

    def _names(self, given: str) -> list[str]:
        names = list(dict.fromkeys(self._asker.full_name(name) for name in given.split(",") if name))
        if not 0 < len(names) <= MAX_NAMES:
            raise BadRequest(f"query parameter names: expected 1 to {MAX_NAMES} names, separated by commas")
        return names

    async def _tell(self, names: list[str], told: _Told, listener: Listener, send: Send) -> None:
        """Send findings until the listener ends."""
        if self._is_over:
            return
        self._listeners.add(listener)
        for name in names:
            self.watches.join(name, listener)
        try:
            await send(_body(b": listening\n\n"))
            while not listener.is_over:
                await self._pause(listener.changed, HEARTBEAT)
                findings = listener.take()
                if news := b"".join(told.render(name, finding) for name, finding in findings.items()):
                    await send(_body(news))
                elif not findings and not listener.is_over:
                    await send(_body(b": still here\n\n"))
        finally:
            self._listeners.discard(listener)
            for name in names:
                self.watches.leave(name, listener)

    async def _look(self, name: str) -> Finding:
        try:
            version = await self._asker.store.current_version(name, self._asker.deadline())
        except VaultError as error:
            document = problems.document(error, name=name, backend=self._asker.backend)
            return Finding("problem", f"{document['type']} {error.code}", document)
        return Finding("version", version, {"name": name, "version": version})


class _Told:
    """The versions that a stream has sent, or that its client received before: an event's id contains them."""

    def __init__(self, seen: frozenset[str]) -> None:
        self._seen = seen
        self._last: dict[str, Finding] = {}

    def render(self, name: str, finding: Finding) -> bytes:
        """Return the event of a finding, or nothing if it is not new."""
        last = self._last.get(name)
        self._last[name] = finding
        if last is None and finding.event == "version" and _digest(name, finding) in self._seen:
            return b""
        if last is not None and last.is_like(finding):
            return b""
        ids = ".".join(_digest(name, told) for name, told in self._last.items() if told.event == "version")
        return f"id: {ids}\nevent: {finding.event}\ndata: {json.dumps(finding.data)}\n\n".encode()


def _digest(name: str, finding: Finding) -> str:
    return hashlib.sha256(f"{name}\0{finding.mark}".encode()).hexdigest()[:12]


def _body(chunk: bytes, *, more: bool = True) -> dict[str, object]:
    return {"type": "http.response.body", "body": chunk, "more_body": more}


async def _end_with(receive: Receive, listener: Listener) -> None:
    """End the stream when the client disconnects or the server stops: the server reports both."""
    while (await receive())["type"] != "http.disconnect":
        pass
    listener.end()
