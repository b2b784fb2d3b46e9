"""Callers that are hasty, slow, gone or hostile."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from tests.soak.actor import PREFIX, Actor, Acts
from tests.soak.documented import Kind
from tests.soak.expected_state import now
from tests.soak.http_client import Asked, Connection, NoAnswer

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


class Hostile(Actor):
    """Requests that must be refused, and those that are fine but come in ways that few expect."""

    def acts(self, *, batch: bool) -> Acts:
        """Return what they do."""
        acts: Acts = {
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
        return acts | {self._bad_batch: 1} if batch else acts

    async def _pipelined(self, connection: Connection) -> None:
        """Several requests at once: each answer must be the one to its own request."""
        names = [self._some("text", "foreign", "toggled", "missing") for _ in range(self._draw.randint(2, 6))]
        all_asked = [Asked("pipelined", "GET", PREFIX + name.full) for name in names]
        for asked in all_asked:
            connection.send(asked)
        for name, asked in zip(names, all_asked, strict=True):
            self.judge.read(name.full, asked, await self._receive(connection, asked))

    async def _bad_target(self, connection: Connection) -> None:
        target, kinds = self._draw.choice(BAD_TARGETS)
        asked = Asked("bad name", "GET", PREFIX + target)
        self.judge.expected(asked, await self._ask(connection, asked), kinds)

    async def _bad_batch(self, connection: Connection) -> None:
        body, kinds = self._draw.choice(BAD_BATCHES)
        content_type = "text/plain" if kinds is NOT_JSON else "application/json"
        asked = Asked("bad batch", "POST", "/v1/secrets:batchGet", {"Content-Type": content_type}, body)
        self.judge.expected(asked, await self._ask(connection, asked), kinds)

    async def _wrong_host(self, connection: Connection) -> None:
        asked = Asked("wrong host", "GET", PREFIX + "text-0", {"Host": self._draw.choice(HOSTS)})
        self.judge.expected(asked, await self._ask(connection, asked), MISDIRECTED | BAD_REQUEST)

    async def _forwarded(self, connection: Connection) -> None:
        asked = Asked("forwarded", "GET", PREFIX + "text-0", {self._draw.choice(FORWARDING): "1.2.3.4"})
        self.judge.expected(asked, await self._ask(connection, asked), MISDIRECTED)

    async def _elsewhere(self, connection: Connection) -> None:
        target, kinds = self._draw.choice((("/", NO_PATH), ("/v2/secrets/x", NO_PATH), (PREFIX + "text-0", NO_METHOD)))
        method = "PATCH" if kinds is NO_METHOD else "GET"
        asked = Asked("elsewhere", method, target)
        self.judge.expected(asked, await self._ask(connection, asked), kinds)

    async def _garbage(self, _: Connection) -> None:
        async with self._opened() as connection:
            asked = Asked("garbage", "GET", "")
            connection.writer.write(self._draw.choice(GARBAGE))
            connection.writer.write_eof()
            self.judge.expected(asked, await self._receive(connection, asked), BAD_REQUEST)

    async def _slow_request(self, _: Connection) -> None:
        """Byte by byte; it arrives with its last one."""
        async with self._opened() as connection:
            name = self._some("text")
            asked = Asked("slow request", "GET", PREFIX + name.full)
            whole = asked.render()
            for byte in whole[:-1]:
                connection.writer.write(bytes([byte]))
                await asyncio.sleep(0.01)
            asked.start = now()
            connection.writer.write(whole[-1:])
            self.judge.read(name.full, asked, await self._receive(connection, asked))

    async def _slow_reading(self, _: Connection) -> None:
        """Many answers are asked for, and taken only after a while."""
        async with self._opened() as connection:
            names = [self._some("text") for _ in range(8)]
            all_asked = [Asked("slow reading", "GET", PREFIX + name.full) for name in names]
            connection.writer.transport.pause_reading()  # type: ignore[attr-defined]
            for asked in all_asked:
                connection.send(asked)
            await asyncio.sleep(self._draw.uniform(0.2, 1))
            connection.writer.transport.resume_reading()  # type: ignore[attr-defined]
            for name, asked in zip(names, all_asked, strict=True):
                self.judge.read(name.full, asked, await self._receive(connection, asked))

    async def _aborted(self, _: Connection) -> None:
        """Goes away: in the middle of its request, right after it, or while it is answered."""
        async with self._opened() as connection:
            whole = Asked("aborted", "GET", PREFIX + self._some("text", "toggled").full).render()
            connection.writer.write(whole[: self._draw.choice((0, 7, len(whole) - 1, len(whole), len(whole)))])
            await asyncio.sleep(self._draw.choice((0, 0.001, 0.003, 0.05)))
            connection.abort()
            self.judge.outcomes["aborted"]["none expected"] += 1

    async def _burst(self, _: Connection) -> None:
        """Thirty callers ask for one name at once."""
        name = self._some("text", "toggled", "fleeting")

        async def one() -> None:
            async with self._opened() as connection:
                with suppress(NoAnswer):
                    await self._read(connection, "burst", name)

        await asyncio.gather(*(one() for _ in range(30)))
