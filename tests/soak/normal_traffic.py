"""Callers that read and write as the API is meant to be used."""

from __future__ import annotations

import json
from dataclasses import dataclass
from urllib.parse import quote

from tests.soak.actor import PREFIX, Actor, Acts
from tests.soak.expected_state import MARK, Name
from tests.soak.http_client import Asked, Connection
from tests.soak.judge import NO_SUCH_KEY


@dataclass(frozen=True)
class Has:
    """Which routes the sidecar has beside reading one secret."""

    batch: bool = False
    events: bool = False
    selection: bool = False
    declared: bool = False
    metrics: bool = False
    writes: bool = False


class Usual(Actor):
    """Requests whose answer depends on the vault."""

    def acts(self, has: Has) -> Acts:
        """Return what they do."""
        acts: Acts = {
            self._own: 30,
            self._short: 10,
            self._escaped: 10,
            self._binary: 4,
            self._toggled: 12,
            self._fleeting: 12,
            self._foreign: 6,
            self._missing: 4,
            self._conditional: 8,
            self._head: 4,
        }
        if has.batch:
            acts[self._batch] = 4
        if has.selection:
            acts |= {self._version: 6, self._previous: 3, self._key: 5}
        if has.writes:
            acts |= {self._write: 6, self._read_written: 4}
        if has.declared:
            acts[self._declared] = 1
        return acts

    async def _own(self, connection: Connection) -> None:
        await self._read(connection, "own", self._some("text", "text", "json"))

    async def _short(self, connection: Connection) -> None:
        name = self._some("text")
        await self._read(connection, "short name", name, name.full.partition("/")[2])

    async def _escaped(self, connection: Connection) -> None:
        name = self._some("text")
        await self._read(connection, "%2F", name, quote(name.full, safe=""))

    async def _binary(self, connection: Connection) -> None:
        await self._read(connection, "binary", self._some("binary"))

    async def _toggled(self, connection: Connection) -> None:
        await self._read(connection, "denied at times", self._some("toggled"))

    async def _fleeting(self, connection: Connection) -> None:
        await self._read(connection, "deleted at times", self._some("fleeting"))

    async def _foreign(self, connection: Connection) -> None:
        await self._read(connection, "foreign", self._some("foreign"))

    async def _missing(self, connection: Connection) -> None:
        await self._read(connection, "missing", self._some("missing"))

    async def _conditional(self, connection: Connection) -> None:
        name = self._some("text", "toggled", "fleeting")
        value = name.current.value
        assert value is not None
        asked = Asked("if-none-match", "GET", PREFIX + name.full, {"If-None-Match": f'"{value.version}"'})
        self.judge.read(name.full, asked, await self._ask(connection, asked), seen=value.version)

    async def _head(self, connection: Connection) -> None:
        name = self._some("text", "foreign", "missing")
        asked = Asked("head", "HEAD", PREFIX + name.full)
        self.judge.read(name.full, asked, await self._ask(connection, asked))

    async def _batch(self, connection: Connection) -> None:
        count = self._draw.randint(1, 30)
        names = {name.full: name for name in (self._some(*self.expected_state.of) for _ in range(count))}
        body = json.dumps({"names": list(names)}).encode()
        asked = Asked("batch", "POST", "/v1/secrets:batchGet", {"Content-Type": "application/json"}, body)
        answer = await self._ask(connection, asked)
        document = self.judge.ok(asked, answer)
        if document is not None:
            self.judge.batch(list(names), document, asked, answer)

    async def _write(self, connection: Connection) -> None:
        name = self._some("written")
        text = f"{MARK}{name.full}~written~{self._draw.getrandbits(64):016x}"
        body = json.dumps({"value": text}).encode()
        asked = Asked("write", "PUT", PREFIX + name.full, {"Content-Type": "application/json"}, body)
        self.judge.write(name.full, text, asked, await self._ask(connection, asked))

    async def _read_written(self, connection: Connection) -> None:
        await self._read(connection, "written", self._some("written"))

    async def _select(self, connection: Connection, name: Name, **selected: str) -> None:
        (part, text), *_ = selected.items()
        asked = Asked(f"?{part}=", "GET", f"{PREFIX}{name.full}?{part}={text}")
        self.judge.read(name.full, asked, await self._ask(connection, asked), **selected)

    async def _version(self, connection: Connection) -> None:
        name = self._some("text", "json")
        await self._select(connection, name, version=self._draw.choice(list(name.versions)))

    async def _previous(self, connection: Connection) -> None:
        await self._select(connection, self._some("text", "json"), stage="AWSPREVIOUS")

    async def _key(self, connection: Connection) -> None:
        key = self._draw.choice(("field", "field", "number", "none", NO_SUCH_KEY))
        name = self._some("json") if key == NO_SUCH_KEY else self._some("json", "json", "json", "text")
        await self._select(connection, name, key=key)

    async def _declared(self, connection: Connection) -> None:
        asked = Asked("declared", "GET", "/v1/secrets")
        self.judge.ok(asked, await self._ask(connection, asked))
