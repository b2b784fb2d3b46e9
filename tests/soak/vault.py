"""The vault of a soak: the fake AWS, with values that change, faults on the way, and a token file that rotates."""

from __future__ import annotations

import asyncio
import base64
import json
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tests.fakes import aws_secrets
from tests.fakes.aws import FakeAws, Key, sts_error
from tests.fakes.aws_secrets import Reply
from tests.fakes.server import Request, read_request
from tests.soak.expected_state import MARK, VERSIONS, ExpectedState, Name, Value, now
from tests.soak.faults import HARMFUL, HARMLESS, Call, Fault
from tests.soak.journal import Journal

LIFETIME = 12.0
"""Seconds that a session lasts: so short that every run sees many renewals."""
LEEWAY = 5.0
"""Seconds for which a rotated token is still accepted, as the kubelet's older token is."""
RANDOM_FAULTS = 0.01
"""The part of all calls that meet a fault at random; as many meet a harmless oddity."""
CHANGES_AFTER_READ = 0.3
"""The part of all reads right after which the vault holds another value: what was read is outdated at once."""


@dataclass(slots=True)
class FaultyName:
    """A part of a name's calls meet one fault, until a time."""

    fault: Fault
    share: float
    until: float


class Vault(FakeAws):
    """Secrets Manager and STS. `sts_fault` is what STS does instead of answering, while it is set."""

    def __init__(self, expected: ExpectedState, journal: Journal, token_file: Path, port: int, trap: str) -> None:
        super().__init__(marker=MARK, lifetime=LIFETIME, history_limit=VERSIONS - 1, tokens=set(), port=port)
        self.expected = expected
        self.journal = journal
        self.token_file = token_file
        self.faulty_names: dict[str, FaultyName] = {}
        self.sts_fault: str | None = None
        self.calls = 0
        self._random = expected.random
        self._trap = trap
        for name in expected.holding:
            self.change(name)

    def change(self, name: Name) -> None:
        """Give a name a new value, unless it is purged."""
        if name.status == 404:
            return
        value = self.expected.new_value(name)
        raw = base64.b64decode(value.shown) if value.encoding else value.shown
        super().put(name.full, raw, value.version)
        self.expected.put(name, value)

    def set_status(self, name: Name, status: int) -> None:
        """Deny (403), delete (410) or purge (404) a name, or make it readable; a purged one gets a new value then."""
        if name.status == status:
            return
        was_purged = name.status == 404
        self.denied.discard(name.full)
        self.deleted.discard(name.full)
        if status == 403:
            self.denied.add(name.full)
        elif status == 410:
            self.deleted.add(name.full)
        elif status == 404:
            self.purge(name.full)
        self.expected.set_status(name, status)
        if was_purged:
            self.change(name)

    def rotate_token(self) -> None:
        """Write a new token, whole, as the kubelet does; the one before it is accepted for a while."""
        loop = asyncio.get_running_loop()
        for token in self.tokens:
            loop.call_later(LEEWAY, self.tokens.discard, token)
        token = f"{MARK}token-{self._random.getrandbits(128):032x}"
        self.tokens.add(token)
        fresh = self.token_file.with_suffix(".new")
        fresh.write_text(token)
        fresh.replace(self.token_file)

    def revoke_sessions(self) -> None:
        """Accept no session that was given out so far."""
        for key in self.keys.values():
            key.expires = 0.0

    def written(self, name: str, value: aws_secrets.Value, version: str) -> None:
        """A write through the sidecar has brought a new version."""
        super().written(name, value, version)
        shown, encoding = (base64.b64encode(value).decode(), "base64") if isinstance(value, bytes) else (value, None)
        self.expected.written[shown] += 1
        full = self.expected.names[name]
        self.expected.put(full, Value(name, self.expected.next_ordinal(full), version, shown, encoding))

    def caller(self, request: Request) -> Key | Reply:
        """Whose key signed a request. Only an expired session may be refused; anything else is a breach."""
        caller = super().caller(request)
        if isinstance(caller, Reply):
            code = json.loads(caller.body)["__type"]
            if code == "ExpiredTokenException":
                self.journal.counts[f"credentials not accepted: {code}"] += 1  # which excuses nothing
            else:
                self.journal.breaches.append(f"{code}: {request.headers.get('authorization')}")
        return caller

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer until a fault ends the connection."""
        while (request := await read_request(reader)) is not None:
            answer = self._answer if "x-amz-target" in request.headers else self._answer_sts
            if not await answer(request, reader, writer):
                break

    async def _answer(self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer; whether the connection goes on."""
        self.calls += 1
        request_id = f"request-{self.calls}"
        full: str = request.json["SecretId"]
        self.journal.issue(request_id, full)
        reply = replace(self.secrets_manager(request), request_id=request_id)
        self.asked.clear()  # a run makes hundreds of thousands of calls
        if self._is_read(request) and reply.status == 200 and self._random.random() < CHANGES_AFTER_READ:
            self.change(self.expected.names[full])
        fault = self._fault(full)
        if fault is None:
            writer.write(reply.render())
            await writer.drain()
            return True
        if fault.answers:
            self.journal.counts[fault.what] += 1
        else:
            self.journal.fault(full, fault.effect, fault.what)
        other = replace(self._another_names(request, full), request_id=request_id)
        return await fault.apply(Call(request, full, reply, other, self._trap, reader, writer))

    @staticmethod
    def _is_read(request: Request) -> bool:
        return request.headers["x-amz-target"].endswith("GetSecretValue")

    def _another_names(self, request: Request, full: str) -> Reply:
        """What the call would have answered for another namespace's name."""
        other = self._random.choice([name.full for name in self.expected.of["foreign"] if name.full != full])
        describes = request.headers["x-amz-target"].endswith("DescribeSecret")
        return self.perform("DescribeSecret" if describes else "GetSecretValue", {"SecretId": other})

    def _fault(self, full: str) -> Fault | None:
        faulty = self.faulty_names.get(full)
        if faulty is not None and faulty.until > now() and self._random.random() < faulty.share:
            return faulty.fault
        chance = self._random.random()
        if chance < RANDOM_FAULTS:
            return self._random.choice(HARMFUL)
        return self._random.choice(HARMLESS) if chance < 2 * RANDOM_FAULTS else None

    async def _answer_sts(self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        if self.sts_fault == "hangs":
            with suppress(TimeoutError):
                async with asyncio.timeout(30):
                    await reader.read(1)
            return False
        if self.sts_fault == "reset":
            writer.transport.abort()
            return False
        writer.write(self._sts_reply(request).render())
        await writer.drain()
        return True

    def _sts_reply(self, request: Request) -> Reply:
        replies: dict[str | None, Any] = {
            "malformed": Reply(200, b"<a><b></a>", "text/xml"),
            "denied": sts_error("AccessDenied", 403),
            "failing": sts_error("InternalFailure", 500),
            "no issuer": sts_error("IDPCommunicationError"),
        }
        return replies.get(self.sts_fault) or self.sts(request)
