"""Callers that read and write as the API is meant to be used."""

from __future__ import annotations

import json
from dataclasses import dataclass
from urllib.parse import quote

from tests.soak.caller import PREFIX, Actions, Caller
from tests.soak.expected_state import MARK, Name
from tests.soak.http_client import Connection, Request
from tests.soak.judge import NO_SUCH_KEY


@dataclass(frozen=True)
class Routes:
    """Which optional routes the sidecar has."""

    batch: bool = False
    events: bool = False
    selection: bool = False
    declared: bool = False
    metrics: bool = False
    writes: bool = False


class NormalTraffic(Caller):
    """Requests whose answer depends on the vault."""

    def actions(self, routes: Routes) -> Actions:
        """Return the actions and their weights."""
        actions: Actions = {
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
        if routes.batch:
            actions[self._batch] = 4
        if routes.selection:
            actions |= {self._version: 6, self._previous: 3, self._key: 5}
        if routes.writes:
            actions |= {self._write: 6, self._read_written: 4}
        if routes.declared:
            actions[self._declared] = 1
        return actions

    async def _own(self, connection: Connection) -> None:
        await self._read(connection, "own", self._pick("text", "text", "json"))

    async def _short(self, connection: Connection) -> None:
        name = self._pick("text")
        await self._read(connection, "short name", name, name.full.partition("/")[2])

    async def _escaped(self, connection: Connection) -> None:
        name = self._pick("text")
        await self._read(connection, "%2F", name, quote(name.full, safe=""))

    async def _binary(self, connection: Connection) -> None:
        await self._read(connection, "binary", self._pick("binary"))

    async def _toggled(self, connection: Connection) -> None:
        await self._read(connection, "denied at times", self._pick("toggled"))

    async def _fleeting(self, connection: Connection) -> None:
        await self._read(connection, "deleted at times", self._pick("fleeting"))

    async def _foreign(self, connection: Connection) -> None:
        await self._read(connection, "foreign", self._pick("foreign"))

    async def _missing(self, connection: Connection) -> None:
        await self._read(connection, "missing", self._pick("missing"))

    async def _conditional(self, connection: Connection) -> None:
        name = self._pick("text", "toggled", "fleeting")
        value = name.current.value
        assert value is not None
        request = Request("if-none-match", "GET", PREFIX + name.full, {"If-None-Match": f'"{value.version}"'})
        self.judge.read(name.full, request, await self._ask(connection, request), seen=value.version)

    async def _head(self, connection: Connection) -> None:
        name = self._pick("text", "foreign", "missing")
        request = Request("head", "HEAD", PREFIX + name.full)
        self.judge.read(name.full, request, await self._ask(connection, request))

    async def _batch(self, connection: Connection) -> None:
        count = self._random.randint(1, 30)
        names = {name.full: name for name in (self._pick(*self.expected.of) for _ in range(count))}
        body = json.dumps({"names": list(names)}).encode()
        request = Request("batch", "POST", "/v1/secrets:batchGet", {"Content-Type": "application/json"}, body)
        answer = await self._ask(connection, request)
        document = self.judge.ok(request, answer)
        if document is not None:
            self.judge.batch(list(names), document, request, answer)

    async def _write(self, connection: Connection) -> None:
        name = self._pick("written")
        text = f"{MARK}{name.full}~written~{self._random.getrandbits(64):016x}"
        body = json.dumps({"value": text}).encode()
        request = Request("write", "PUT", PREFIX + name.full, {"Content-Type": "application/json"}, body)
        self.judge.write(name.full, text, request, await self._ask(connection, request))

    async def _read_written(self, connection: Connection) -> None:
        await self._read(connection, "written", self._pick("written"))

    async def _select(self, connection: Connection, name: Name, **selected: str) -> None:
        (part, text), *_ = selected.items()
        request = Request(f"?{part}=", "GET", f"{PREFIX}{name.full}?{part}={text}")
        self.judge.read(name.full, request, await self._ask(connection, request), **selected)

    async def _version(self, connection: Connection) -> None:
        name = self._pick("text", "json")
        await self._select(connection, name, version=self._random.choice(list(name.versions)))

    async def _previous(self, connection: Connection) -> None:
        await self._select(connection, self._pick("text", "json"), stage="AWSPREVIOUS")

    async def _key(self, connection: Connection) -> None:
        key = self._random.choice(("field", "field", "number", "none", NO_SUCH_KEY))
        name = self._pick("json") if key == NO_SUCH_KEY else self._pick("json", "json", "json", "text")
        await self._select(connection, name, key=key)

    async def _declared(self, connection: Connection) -> None:
        request = Request("declared", "GET", "/v1/secrets")
        self.judge.ok(request, await self._ask(connection, request))
