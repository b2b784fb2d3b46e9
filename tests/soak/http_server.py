"""HTTP/1.1 as bytes, for the vault's side: requests as they arrive, answers as they are meant or not meant to be."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any

AMZ_JSON = "application/x-amz-json-1.1"


@dataclass(frozen=True, slots=True)
class Request:
    """What arrived; header names are lowercase."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer."""

    status: int
    body: bytes
    content_type: str = AMZ_JSON
    request_id: str = ""
    extra: str = ""

    def head(self, framing: str) -> bytes:
        """The head, with the lines that say where the body ends."""
        lines = (
            f"HTTP/1.1 {self.status} x\r\nContent-Type: {self.content_type}\r\nx-amzn-RequestId: {self.request_id}\r\n"
        )
        return f"{lines}{self.extra}{framing}\r\n".encode()

    def render(self) -> bytes:
        """The answer as it should be."""
        return self.head(f"Content-Length: {len(self.body)}\r\n") + self.body


def json_reply(document: Any, request_id: str, status: int = 200) -> Reply:
    """An answer of Secrets Manager's."""
    return Reply(status, json.dumps(document).encode(), request_id=request_id)


def error_reply(code: str, request_id: str, status: int = 400, message: str = "no") -> Reply:
    """An error as Secrets Manager words it."""
    return json_reply({"__type": code, "message": message}, request_id, status)


async def read_request(reader: asyncio.StreamReader) -> Request | None:
    """Read one request; None at the end of the connection."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").rstrip().split("\r\n")
        method, target, _ = first.split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    return Request(method, target, headers, body)
