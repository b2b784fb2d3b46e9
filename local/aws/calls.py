"""A call of AWS and its answer, as the guard and the trail look at them."""

from __future__ import annotations

import re
import urllib.parse
import uuid
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

EXCHANGE = "AssumeRoleWithWebIdentity"
REQUEST_ID = b"x-amzn-requestid"
SIGNED_WITH_A_KEY = re.compile(r"AWS4-HMAC-SHA256 +Credential=([A-Z0-9]{16,128})/")
"""As every AWS client signs. MiniStack's root keys, 12 digits or `test`, are shorter than a key can be."""
SIGNED_IN_THE_QUERY = {"x-amz-algorithm", "x-amz-credential", "x-amz-signature", "awsaccesskeyid"}


class Request:
    """What is looked at in a request."""

    def __init__(self, scope: Scope, body: bytes) -> None:
        self.body = body
        self.path: str = scope["path"]
        self.client: str = (scope.get("client") or ("",))[0]
        headers = scope["headers"]
        form = "x-www-form-urlencoded" in _header(headers, b"content-type")
        query = urllib.parse.parse_qsl(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)
        fields = urllib.parse.parse_qsl(body.decode("latin-1"), keep_blank_values=True) if form else []
        self.parameters = dict(query + fields)
        self.target = _header(headers, b"x-amz-target")
        self.action = self.parameters.get("Action") or self.target or scope["method"]
        signatures = [value.decode("latin-1") for key, value in headers if key.lower() == b"authorization"]
        signatures += [value for key, value in query if key.lower() in SIGNED_IN_THE_QUERY]
        self.signed = bool(signatures)
        key = SIGNED_WITH_A_KEY.match(signatures[0]) if len(signatures) == 1 else None
        self.access_key = key[1] if key else ""
        """The key of a request that is signed as AWS clients sign, and in no second way beside it."""


class Answer:
    """An answer, held back until the trail has it: who sees the answer finds its line there."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.status = 0
        self.request_id = ""
        self.body = b""

    async def keep(self, message: Message) -> None:
        """Take what an application sends; an answer without a request id gets one."""
        if message["type"] == "http.response.start":
            headers = list(message["headers"])
            self.status = message["status"]
            self.request_id = _header(headers, REQUEST_ID)
            if not self.request_id:  # MiniStack's refusals lack it; AWS gives every answer one
                self.request_id = str(uuid.uuid4())
                message = {**message, "headers": [*headers, (REQUEST_ID, self.request_id.encode())]}
        elif message["type"] == "http.response.body":
            self.body += message.get("body", b"")
        self.messages.append(message)


def _header(headers: list[tuple[bytes, bytes]], name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in headers if key.lower() == name), "")
