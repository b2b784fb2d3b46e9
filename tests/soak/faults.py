"""What the vault or the network can do to one call. Each fault says by which effect it excuses the answer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from tests.fakes.aws_secrets import Reply, error
from tests.fakes.server import Request
from tests.soak.expected_state import MARK

HANG = 30.0
"""Seconds for which a call that hangs is held, unless its caller leaves before."""
HUGE = 20 << 20


@dataclass(slots=True)
class Call:
    """A call at the vault: its connection, the answer that it would get, and one that is another name's."""

    request: Request
    name: str
    reply: Reply
    foreign: Reply
    trap: str
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, *chunks: bytes) -> None:
        """Write."""
        self.writer.writelines(chunks)
        await self.writer.drain()


Apply = Callable[[Call], Awaitable[bool]]
"""Answers the call, or fails to; returns whether the connection goes on."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault; `answers` are those whose answer is still the true one."""

    what: str
    effect: str
    apply: Apply
    answers: bool = False


async def _hang(call: Call) -> bool:
    with suppress(TimeoutError):
        async with asyncio.timeout(HANG):
            await call.reader.read(1)
    return False


async def _reset(call: Call) -> bool:
    call.writer.transport.abort()
    return False


async def _close(_: Call) -> bool:
    return False


async def _half(call: Call) -> bool:
    whole = call.reply.render()
    await call.send(whole[: len(whole) - len(call.reply.body) // 2 - 1])
    return False


async def _half_a_head(call: Call) -> bool:
    await call.send(b"HTTP/1.1 200 OK\r\nContent-Ty")
    return False


async def _huge(call: Call) -> bool:
    await call.send(call.reply.head(f"Content-Length: {HUGE}\r\n"))
    chunk = MARK.encode() * (1 << 13)
    for _ in range(HUGE // len(chunk)):
        await call.send(chunk)
    return False


async def _huge_chunked(call: Call) -> bool:
    await call.send(call.reply.head("Transfer-Encoding: chunked\r\n"))
    chunk = MARK.encode() * (1 << 13)
    for _ in range(HUGE // len(chunk)):
        await call.send(f"{len(chunk):x}\r\n".encode(), chunk, b"\r\n")
    return False


async def _huge_head(call: Call) -> bool:
    await call.send(b"HTTP/1.1 200 OK\r\n", b"X-Padding: 0123456789\r\n" * 8000, b"Content-Length: 0\r\n\r\n")
    return False


def _instead(status: int, body: bytes, content_type: str = "application/x-amz-json-1.1", extra: str = "") -> Apply:
    async def apply(call: Call) -> bool:
        await call.send(Reply(status, body, content_type, call.reply.request_id, extra).render())
        return True

    return apply


def _error(code: str, status: int = 400) -> Apply:
    async def apply(call: Call) -> bool:
        message = f"no {MARK}in-a-message"
        await call.send(replace(error(code, message, status), request_id=call.reply.request_id).render())
        return True

    return apply


async def _redirect(call: Call) -> bool:
    await call.send(Reply(307, b"", extra=f"Location: {call.trap}{call.request.target}\r\n").render())
    return True


async def _another_name(call: Call) -> bool:
    await call.send(call.foreign.render())
    return True


async def _interim(call: Call) -> bool:
    await call.send(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n", call.reply.render())
    return True


async def _chunked(call: Call) -> bool:
    body = call.reply.body
    parts = [body[i : i + 37] for i in range(0, len(body), 37)] if len(body) < 4000 else [body]
    chunks = b"".join(b"%x;e=1\r\n%b\r\n" % (len(part), part) for part in parts)
    await call.send(call.reply.head("Transfer-Encoding: chunked\r\n"), chunks, b"0\r\nTrailer: x\r\n\r\n")
    return True


async def _until_close(call: Call) -> bool:
    await call.send(call.reply.head("Connection: close\r\n"), call.reply.body)
    return False


async def _drips(call: Call) -> bool:
    whole = call.reply.render()
    step = len(whole) // 20 + 1
    for start in range(0, len(whole), step):
        await call.send(whole[start : start + step])
        await asyncio.sleep(0.01)
    return True


async def _late(call: Call) -> bool:
    await asyncio.sleep(0.3)
    await call.send(call.reply.render())
    return True


async def _twice(call: Call) -> bool:
    await call.send(call.reply.render() + call.foreign.render())
    return False


_NO_SECRETS: dict[str, bytes] = {
    "no JSON": f'{{"SecretString": "{MARK}'.encode(),
    "a list": b"[]",
    "nothing": b"",
    "no version": json.dumps({"SecretString": f"{MARK}x"}).encode(),
    "wrong types": json.dumps({"VersionId": 7, "SecretString": [f"{MARK}x"]}).encode(),
    "no base64": json.dumps({"VersionId": "v", "SecretBinary": f"{MARK}!"}).encode(),
    "very deep": b"[" * 100_000,
    "no UTF-8": b'{"VersionId": "v", "SecretString": "\xff\xfe"}',
}

HARMLESS = (
    Fault("interim answers", "none", _interim, answers=True),
    Fault("chunked", "none", _chunked, answers=True),
    Fault("until close", "none", _until_close, answers=True),
    Fault("drips", "none", _drips, answers=True),
    Fault("late", "none", _late, answers=True),
    Fault("a second answer unasked", "none", _twice, answers=True),
)
"""Unusual, but the answer is whole: the caller gets it."""

HARMFUL = (
    Fault("throttled", "throttled", _error("ThrottlingException")),
    Fault("throttled, 429", "throttled", _error("TooManyRequestsException", 429)),
    Fault("internal error", "unavailable", _error("InternalServiceError", 500)),
    Fault("503 in HTML", "unavailable", _instead(503, f"<p>{MARK}</p>".encode(), "text/html")),
    Fault("reset", "unavailable", _reset),
    Fault("closed", "unavailable", _close),
    Fault("half an answer", "unavailable", _half),
    Fault("half a head", "unavailable", _half_a_head),
    Fault("hangs", "slow", _hang),
    Fault("20 MB", "malformed", _huge),
    Fault("20 MB chunked", "malformed", _huge_chunked),
    Fault("a huge head", "malformed", _huge_head),
    Fault("redirect", "malformed", _redirect),
    Fault("another name's secret", "malformed", _another_name),
    Fault("no key", "malformed", _error("DecryptionFailure")),
    Fault("an unknown error", "malformed", _error("SomethingElse")),
    Fault("403 without a code", "malformed", _instead(403, b"{}")),
    Fault("204", "malformed", _instead(204, b"")),
    Fault("no HTTP", "malformed", _instead(200, b"", extra="\0bad header\r\n")),
    Fault("credentials expired", "credentials", _error("ExpiredTokenException")),
    Fault("credentials unknown", "credentials", _error("UnrecognizedClientException")),
    *(Fault(f"answer: {what}", "malformed", _instead(200, body)) for what, body in _NO_SECRETS.items()),
)
