"""Callers that pipeline, stall, disconnect, or send what must be refused."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from tests.soak.caller import PREFIX, Actions, Caller
from tests.soak.documented import Kind
from tests.soak.expected_state import now
from tests.soak.http_client import Connection, NoAnswer, Request

BAD_REQUEST = frozenset({(400, "bad-request")})
BAD_NAME = frozenset({(400, "bad-name"), (400, "bad-request")})
MISDIRECTED = frozenset({(421, "misdirected")})
NO_PATH = frozenset({(404, "about-blank")})
NOT_JSON = frozenset({(415, "not-json")})
NO_METHOD = frozenset({(405, "about-blank")})

BAD_TARGETS: tuple[tuple[str, frozenset[Kind]], ...] = (
    ("has%20space", BAD_NAME),
    ("es%2525caped", BAD_NAME),
    ("null%00", BAD_NAME),
    ("%ff%fe", BAD_REQUEST),
    ("%F0%9F%94%91", BAD_NAME),
    ("a" * 600, BAD_NAME),
    ("test/text-0;x", BAD_NAME),
    ("", BAD_REQUEST),
    ("text-0?nonsense=1", BAD_REQUEST),
)
BAD_BATCHES: tuple[tuple[bytes, frozenset[Kind]], ...] = (
    (b'{"names": ["text-0"]}', NOT_JSON),
    (b'{"names": ["text-0"', BAD_REQUEST),
    (b"[" * 5000, BAD_REQUEST),
    (b'{"names": []}', BAD_REQUEST),
    (b'{"names": ["text-0"], "more": 1}', BAD_REQUEST),
    (b'{"names": ["\xff"]}', BAD_REQUEST),
    (b'{"names": ["' + b"a" * (70 << 10) + b'"]}', frozenset({(413, "too-large")})),
)
HOSTS = ("evil.example", "localhost.evil.example", "10.0.0.1", "127.0.0.2", "localhost:x", "")
FORWARDING = ("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "CF-Connecting-IP", "Origin")
GARBAGE = (b"\x16\x03\x01\x02\x00\x01\x00", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\0" * 64 + b"\r\n\r\n")


class HostileTraffic(Caller):
    """Requests that must be refused, and valid ones sent in unusual ways."""

    def actions(self, *, batch: bool) -> Actions:
        """Return the actions and their weights."""
        actions: Actions = {
            self._pipelined: 5,
            self._bad_target: 4,
            self._wrong_host: 3,
            self._forwarded: 2,
            self._elsewhere: 2,
            self._garbage: 1,
            self._slow_request: 1,
            self._slow_reading: 1,
            self._aborted: 4,
            self._burst: 1,
        }
        return actions | {self._bad_batch: 1} if batch else actions

    async def _pipelined(self, connection: Connection) -> None:
        """Several requests at once: each answer must be the one to its own request."""
        names = [self._pick("text", "foreign", "toggled", "missing") for _ in range(self._random.randint(2, 6))]
        requests = [Request("pipelined", "GET", PREFIX + name.full) for name in names]
        for request in requests:
            connection.send(request)
        for name, request in zip(names, requests, strict=True):
            self.judge.read(name.full, request, await self._receive(connection, request))

    async def _bad_target(self, connection: Connection) -> None:
        target, kinds = self._random.choice(BAD_TARGETS)
        request = Request("bad name", "GET", PREFIX + target)
        self.judge.problem(request, await self._ask(connection, request), kinds)

    async def _bad_batch(self, connection: Connection) -> None:
        body, kinds = self._random.choice(BAD_BATCHES)
        content_type = "text/plain" if kinds is NOT_JSON else "application/json"
        request = Request("bad batch", "POST", "/v1/secrets:batchGet", {"Content-Type": content_type}, body)
        self.judge.problem(request, await self._ask(connection, request), kinds)

    async def _wrong_host(self, connection: Connection) -> None:
        request = Request("wrong host", "GET", PREFIX + "text-0", {"Host": self._random.choice(HOSTS)})
        self.judge.problem(request, await self._ask(connection, request), MISDIRECTED | BAD_REQUEST)

    async def _forwarded(self, connection: Connection) -> None:
        request = Request("forwarded", "GET", PREFIX + "text-0", {self._random.choice(FORWARDING): "1.2.3.4"})
        self.judge.problem(request, await self._ask(connection, request), MISDIRECTED)

    async def _elsewhere(self, connection: Connection) -> None:
        target, kinds = self._random.choice(
            (("/", NO_PATH), ("/v2/secrets/x", NO_PATH), (PREFIX + "text-0", NO_METHOD))
        )
        method = "PATCH" if kinds is NO_METHOD else "GET"
        request = Request("elsewhere", method, target)
        self.judge.problem(request, await self._ask(connection, request), kinds)

    async def _garbage(self, _: Connection) -> None:
        async with self._opened() as connection:
            request = Request("garbage", "GET", "")
            connection.writer.write(self._random.choice(GARBAGE))
            connection.writer.write_eof()
            self.judge.problem(request, await self._receive(connection, request), BAD_REQUEST)

    async def _slow_request(self, _: Connection) -> None:
        """Byte by byte; it arrives with its last one."""
        async with self._opened() as connection:
            name = self._pick("text")
            request = Request("slow request", "GET", PREFIX + name.full)
            whole = request.render()
            for byte in whole[:-1]:
                connection.writer.write(bytes([byte]))
                await asyncio.sleep(0.01)
            request.start = now()
            connection.writer.write(whole[-1:])
            self.judge.read(name.full, request, await self._receive(connection, request))

    async def _slow_reading(self, _: Connection) -> None:
        """Sends many requests, and reads the answers only after a while."""
        async with self._opened() as connection:
            names = [self._pick("text") for _ in range(8)]
            requests = [Request("slow reading", "GET", PREFIX + name.full) for name in names]
            connection.writer.transport.pause_reading()  # type: ignore[attr-defined]
            for request in requests:
                connection.send(request)
            await asyncio.sleep(self._random.uniform(0.2, 1))
            connection.writer.transport.resume_reading()  # type: ignore[attr-defined]
            for name, request in zip(names, requests, strict=True):
                self.judge.read(name.full, request, await self._receive(connection, request))

    async def _aborted(self, _: Connection) -> None:
        """Disconnects in the middle of its request, right after it, or while it is answered."""
        async with self._opened() as connection:
            whole = Request("aborted", "GET", PREFIX + self._pick("text", "toggled").full).render()
            connection.writer.write(whole[: self._random.choice((0, 7, len(whole) - 1, len(whole), len(whole)))])
            await asyncio.sleep(self._random.choice((0, 0.001, 0.003, 0.05)))
            connection.abort()
            self.judge.outcomes["aborted"]["none expected"] += 1

    async def _burst(self, _: Connection) -> None:
        """Thirty callers ask for one name at once."""
        name = self._pick("text", "toggled", "fleeting")

        async def one() -> None:
            async with self._opened() as connection:
                with suppress(NoAnswer):
                    await self._read(connection, "burst", name)

        await asyncio.gather(*(one() for _ in range(30)))
