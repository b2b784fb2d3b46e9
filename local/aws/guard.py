"""Gives pods no more of MiniStack than AWS would give them.

From a pod it accepts only token exchanges, and calls signed with the credentials that these return: not the account's
root keys, nor MiniStack's own control paths. It writes every call to the trail.
"""

from __future__ import annotations

import html
import json
import uuid
from collections.abc import Callable
from pathlib import Path

from local import config
from local.aws.calls import EXCHANGE, REQUEST_ID, Answer, App, Message, Receive, Request, Scope, Send
from local.aws.trail import Trail
from local.aws.web_identity import RefusedError

STS_XML = "https://sts.amazonaws.com/doc/2011-06-15/"


class Guard:
    """An ASGI application around MiniStack's."""

    def __init__(self, app: App, trail: Path) -> None:
        self._app = app
        self._trail = Trail(trail)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what AWS would let through to its policies; answer the rest as AWS does."""
        if scope["type"] == "websocket":  # no service that this environment has
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = await _read(receive)
        request = Request(scope, body)
        answer = Answer()
        try:
            _check_way_in(request)
        except RefusedError as refusal:
            await _refuse(answer, refusal, _as_json if request.target else _as_xml)
        else:
            await self._app(scope, _replay(body, receive), answer.keep)
        self._trail.write(request, answer)
        for message in answer.messages:
            await send(message)


def _check_way_in(request: Request) -> None:
    """What a pod may ask at all: an exchange of its token, or anything signed with a key."""
    if request.client in (config.HOST_ADDRESS, config.ADDRESS):
        return
    if request.path.startswith("/_"):
        raise RefusedError("AccessDenied", f"{request.path} is for the host alone")
    if request.signed and not request.access_key:
        raise RefusedError("InvalidClientTokenId", "The security token included in the request is invalid")
    if not request.signed and (request.action != EXCHANGE or request.target):
        raise RefusedError("MissingAuthenticationToken", "Request is missing Authentication Token")


async def _refuse(
    answer: Answer, refusal: RefusedError, protocol: Callable[[RefusedError, str], tuple[bytes, bytes]]
) -> None:
    request_id = str(uuid.uuid4())
    media_type, body = protocol(refusal, request_id)
    headers = [
        (b"content-type", media_type),
        (b"content-length", str(len(body)).encode()),
        (REQUEST_ID, request_id.encode()),
    ]
    await answer.keep({"type": "http.response.start", "status": 403, "headers": headers})
    await answer.keep({"type": "http.response.body", "body": body})


def _as_json(refusal: RefusedError, _: str) -> tuple[bytes, bytes]:
    return b"application/x-amz-json-1.1", json.dumps({"__type": refusal.code, "message": refusal.message}).encode()


def _as_xml(refusal: RefusedError, request_id: str) -> tuple[bytes, bytes]:
    return b"text/xml", (
        f'<ErrorResponse xmlns="{STS_XML}"><Error><Type>Sender</Type><Code>{refusal.code}</Code>'
        f"<Message>{html.escape(refusal.message)}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>"
    ).encode()


async def _read(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += bytes(message.get("body", b""))
        if not message.get("more_body"):
            return body


def _replay(body: bytes, receive: Receive) -> Receive:
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return messages.pop() if messages else await receive()

    return replay
