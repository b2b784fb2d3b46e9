"""The vault: Secrets Manager and STS on one port of the loopback, true to the world, with faults on the way."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from tests.fakes import aws as fake_aws
from tests.soak.expected_state import Epoch, Name, Value, World, now
from tests.soak.faults import HARMFUL, HARMLESS, Call, Fault
from tests.soak.http_server import Reply, Request, error_reply, json_reply, read_request
from tests.soak.identity import REGION, Identity, sts_error
from tests.soak.journal import Journal

AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/]+)/\d{8}/([^/]+)/([^/]+)/aws4_request, SignedHeaders=([^,]+), Signature=(\w+)"
)
SPONTANEOUS = 0.01
"""The part of all calls that meet a fault out of the blue; as many meet a harmless oddity."""
CHANGES_AFTER_READ = 0.3
"""The part of all reads right after which the vault holds another value: what was read is old at once."""
VERIFIED = 0.1
"""The part of all signatures that are computed anew, by botocore."""

_REFUSALS = {
    403: ("AccessDeniedException", "not authorized"),
    404: ("ResourceNotFoundException", "Secrets Manager can't find the specified secret."),
    410: ("InvalidRequestException", "You can't perform this operation: the secret was marked for deletion."),
}


@dataclass(slots=True)
class Illness:
    """A name whose calls meet one fault, for a while."""

    fault: Fault
    share: float
    until: float


class Vault:
    """The server. `sts_fault` is what STS does instead of answering, as long as it is set."""

    def __init__(self, world: World, journal: Journal, identity: Identity, port: int, trap: str) -> None:
        self.world = world
        self.journal = journal
        self.identity = identity
        self.port = port
        self.illnesses: dict[str, Illness] = {}
        self.sts_fault: str | None = None
        self.calls = 0
        self._trap = trap
        self._server: asyncio.Server | None = None
        self._tasks: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def open(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", self.port, backlog=1024)

    async def close(self) -> None:
        """Listen no more, and break all connections off."""
        if self._server is not None:
            self._server.close()
            self._server = None
        tasks = dict(self._tasks)
        for task, writer in tasks.items():
            task.cancel()
            writer.transport.abort()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks[task] = writer
        try:
            while (request := await read_request(reader)) is not None:
                if not await self._answer(request, reader, writer):
                    break
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            del self._tasks[task]
            writer.close()

    async def _answer(self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer; whether the connection goes on."""
        self.calls += 1
        if "x-amz-target" not in request.headers:
            return await self._sts(request, reader, writer)
        request_id = f"request-{self.calls}"
        document = json.loads(request.body)
        full: str = document["SecretId"]
        self.journal.issue(request_id, full)
        reply = self._reply(request, document, request_id)
        fault = self._fault(full)
        if fault is None:
            writer.write(reply.render())
            await writer.drain()
            return True
        if fault.answers:
            self.journal.counts[fault.what] += 1
        else:
            self.journal.fault(full, fault.effect, fault.what)
        other = self.world.random.choice([name for name in self.world.of["foreign"] if name.full != full])
        describes = request.headers["x-amz-target"].endswith("DescribeSecret")
        foreign = json_reply(_description(other) if describes else _secret(other.full, other.current.value), request_id)
        return await fault.apply(Call(request, full, reply, foreign, self._trap, reader, writer))

    def _fault(self, full: str) -> Fault | None:
        draw = self.world.random
        ill = self.illnesses.get(full)
        if ill is not None and ill.until > now() and draw.random() < ill.share:
            return ill.fault
        chance = draw.random()
        if chance < SPONTANEOUS:
            return draw.choice(HARMFUL)
        return draw.choice(HARMLESS) if chance < 2 * SPONTANEOUS else None

    async def _sts(self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        if self.sts_fault == "hangs":
            with suppress(TimeoutError):
                async with asyncio.timeout(30):
                    await reader.read(1)
            return False
        if self.sts_fault == "reset":
            writer.transport.abort()
            return False
        replies = {
            "odd": Reply(200, b"<a><b></a>", "text/xml"),
            "denied": sts_error("AccessDenied", 403),
            "failing": sts_error("InternalFailure", 500),
            "no issuer": sts_error("IDPCommunicationError"),
        }
        writer.write((replies[self.sts_fault] if self.sts_fault else self.identity.exchange(request)).render())
        await writer.drain()
        return True

    def _reply(self, request: Request, document: dict[str, str], request_id: str) -> Reply:
        """What a healthy vault answers now."""
        if refused := self._caller(request):
            self.journal.counts[f"credentials not accepted: {refused}"] += 1  # which is no excuse
            return error_reply(refused, request_id)
        name = self.world.names.get(document["SecretId"])
        status = name.current.status if name else 404
        describes = request.headers["x-amz-target"].endswith("DescribeSecret")
        if name is None or (status != 200 and not (describes and status == 410)):
            code, message = _REFUSALS[status]
            return error_reply(code, request_id, message=message)
        if describes:
            return json_reply(_description(name), request_id)
        if request.headers["x-amz-target"].endswith("PutSecretValue"):
            return self._put(name, document, request_id)
        value = _selected(name, document)
        if value is None:
            return error_reply(_REFUSALS[404][0], request_id)
        if self.world.random.random() < CHANGES_AFTER_READ:
            self.world.change(name)
        return json_reply(_secret(name.full, value), request_id)

    def _put(self, name: Name, document: dict[str, str], request_id: str) -> Reply:
        """Make a version whose id is the caller's token; the same token again is the same call."""
        version, text = document["ClientRequestToken"], document.get("SecretString", document.get("SecretBinary", ""))
        known = name.versions.get(version)
        if known is not None and known.shown != text:
            return error_reply("ResourceExistsException", request_id)
        if known is None:
            self.world.written[text] += 1
            encoding = "base64" if "SecretBinary" in document else None
            self.world.put(name, Value(name.full, self.world.next_ordinal(name), version, text, encoding))
        return json_reply({"Name": name.full, "VersionId": version, "VersionStages": ["AWSCURRENT"]}, request_id)

    def _caller(self, request: Request) -> str | None:
        """Why a caller is not taken for who it says it is."""
        match = AUTHORIZATION.fullmatch(request.headers.get("authorization", ""))
        if match is None:
            return "MissingAuthenticationTokenException"
        key, region, service, signed, signature = match.groups()
        session = self.identity.sessions.get(key)
        if session is None or session.token != request.headers.get("x-amz-security-token"):
            self.journal.breaches.append(f"a key with another session's token, or none that was given out: {key}")
            return "UnrecognizedClientException"
        if (region, service) != (REGION, "secretsmanager"):
            return "UnrecognizedClientException"
        if session.revoked or session.expires < time.time():
            return "ExpiredTokenException"
        if self.world.random.random() < VERIFIED:
            plain = fake_aws.Request(request.method, request.target, request.headers, request.body)
            if signature != fake_aws.expected_signature(plain, key, session.secret, signed.split(";")):
                self.journal.breaches.append(f"a signature that is wrong, with key {key}")
                return "InvalidSignatureException"
        return None


def _selected(name: Name, document: dict[str, str]) -> Value | None:
    epoch = name.current
    if "VersionId" in document:
        return name.versions.get(document["VersionId"])
    stage = document.get("VersionStage", "AWSCURRENT")
    return {"AWSCURRENT": epoch.value, "AWSPREVIOUS": epoch.previous}.get(stage)


def _description(name: Name) -> dict[str, Any]:
    """DescribeSecret's answer, which is given of deleted secrets too."""
    told = {"Name": name.full, "VersionIdsToStages": dict(_stages(name.current))}
    return {**told, "DeletedDate": time.time()} if name.current.status == 410 else told


def _stages(epoch: Epoch) -> Iterator[tuple[str, list[str]]]:
    for stage, value in (("AWSCURRENT", epoch.value), ("AWSPREVIOUS", epoch.previous)):
        if value is not None:
            yield value.version, [stage]


def _secret(full: str, value: Value | None) -> dict[str, str]:
    assert value is not None
    member = "SecretBinary" if value.encoding else "SecretString"
    arn = f"arn:aws:secretsmanager:{REGION}:111122223333:secret:{full}-AbCdEf"
    return {"ARN": arn, "Name": full, "VersionId": value.version, member: value.shown}
