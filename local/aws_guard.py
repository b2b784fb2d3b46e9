"""AWS on the laptop: MiniStack, which decides by IAM policies, behind a guard that closes what it leaves open.

MiniStack checks request signatures, session tokens, trust policies and identity policies, but believes any web-identity
token. The guard verifies those first, keeps pods from the account's root keys and from MiniStack's own control paths,
and writes one line per call to a trail, as CloudTrail would.
"""

from __future__ import annotations

import asyncio
import html
import json
import os
import re
import sys
import time
import urllib.parse
import uuid
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import jwt

from local import facts
from local.web_identity import IssuerKeys, Provider, RefusedError, as_aws_reads_it, verify

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

REQUEST_ID = b"x-amzn-requestid"
STS_XML = "https://sts.amazonaws.com/doc/2011-06-15/"


@dataclass(frozen=True)
class Call:
    """One AWS call and its outcome: never a value, a token or a key."""

    time: str
    request_id: str
    client: str
    action: str
    identity: str
    name: str
    status: int
    code: str


def _header(headers: list[tuple[bytes, bytes]], name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in headers if key.lower() == name), "")


def _error_code(body: bytes) -> str:
    """The error code in an answer of the JSON or of the query protocol."""
    found = re.search(rb'"__type"\s*:\s*"(?:[^"#]*#)?([^"]+)"', body) or re.search(rb"<Code>([^<]+)</Code>", body)
    return found[1].decode() if found else ""


def _secret_id(body: bytes) -> str:
    try:
        name = json.loads(body).get("SecretId", "")
    except (ValueError, AttributeError):
        return ""
    return name if isinstance(name, str) else ""


class Guard:
    """An ASGI application around MiniStack's."""

    def __init__(
        self, app: App, find_provider: Callable[[str, str], Provider | None], keys: IssuerKeys, trail: Path
    ) -> None:
        self._app = app
        self._find_provider = find_provider
        self._keys = keys
        self._trail = trail
        self._identities: dict[str, str] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what AWS would let through to its policies; answer the rest as AWS does."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = await _read(receive)
        request = _Request(scope, body)
        answer = _Answer()
        try:
            self._check_way_in(request)
            if request.action == "AssumeRoleWithWebIdentity":
                scope, body = await self._with_verified_token(request)
        except RefusedError as refusal:
            await answer.refuse(refusal)
        else:
            await self._app(scope, _replay(body, receive), answer.keep)
        self._remember(request, answer)
        for message in answer.messages:
            await send(message)

    def _check_way_in(self, request: _Request) -> None:
        from_host = request.client in (facts.HOST_ADDRESS, facts.ADDRESS)
        if request.path.startswith("/_") and not from_host:
            raise RefusedError("AccessDenied", f"{request.path} is for the host alone")
        if re.fullmatch(r"\d{12}|test|", request.access_key) and request.signed and not from_host:
            raise RefusedError("InvalidClientTokenId", "The security token included in the request is invalid")

    async def _with_verified_token(self, request: _Request) -> tuple[Scope, bytes]:
        parameters = request.parameters
        account = (parameters.get("RoleArn", "").split(":") + [""] * 5)[4]
        claims = await asyncio.to_thread(
            verify,
            parameters.get("WebIdentityToken", ""),
            lambda issuer: self._find_provider(account, issuer),
            self._keys,
        )
        # MiniStack reads the claims and nothing else of the token
        parameters["WebIdentityToken"] = jwt.encode(as_aws_reads_it(claims), uuid.uuid4().hex, algorithm="HS256")
        body = urllib.parse.urlencode(parameters).encode()
        replaced = {b"content-length", b"content-type"}
        headers = [(key, value) for key, value in request.scope["headers"] if key.lower() not in replaced]
        headers += [
            (b"content-length", str(len(body)).encode()),
            (b"content-type", b"application/x-www-form-urlencoded"),
        ]
        return {**request.scope, "method": "POST", "query_string": b"", "headers": headers}, body

    def _remember(self, request: _Request, answer: _Answer) -> None:
        identity = self._identities.get(request.access_key, request.access_key)
        if request.action == "AssumeRoleWithWebIdentity":
            identity = request.parameters.get("RoleArn", "")
            key = re.search(rb"<AccessKeyId>([^<]+)</AccessKeyId>", answer.body)
            arn = re.search(rb"<AssumedRoleUser>.*?<Arn>([^<]+)</Arn>", answer.body, re.DOTALL)
            if key and arn:
                self._identities[key[1].decode()] = identity = arn[1].decode()
        call = Call(
            time=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            request_id=answer.request_id,
            client=request.client,
            action=request.action,
            identity=identity,
            name=_secret_id(request.body) if request.action.startswith("secretsmanager.") else "",
            status=answer.status,
            code=_error_code(answer.body) if answer.status >= 400 else "",
        )
        with open(self._trail, "a") as trail:
            trail.write(json.dumps(asdict(call)) + "\n")


class _Request:
    """What the guard looks at in a request."""

    def __init__(self, scope: Scope, body: bytes) -> None:
        self.scope = scope
        self.body = body
        self.path: str = scope["path"]
        self.client: str = (scope.get("client") or ("",))[0]
        query = scope.get("query_string", b"").decode("latin-1")
        headers = scope["headers"]
        form = "x-www-form-urlencoded" in _header(headers, b"content-type")
        fields = urllib.parse.parse_qsl(query, keep_blank_values=True)
        fields += urllib.parse.parse_qsl(body.decode("latin-1"), keep_blank_values=True) if form else []
        self.parameters = dict(fields)
        self.action = self.parameters.get("Action") or _header(headers, b"x-amz-target") or scope["method"]
        authorization = _header(headers, b"authorization")
        credential = re.search(r"Credential=([^/,]*)", authorization) or re.search(r"X-Amz-Credential=([^%/&]*)", query)
        self.signed = bool(credential)
        self.access_key = credential[1] if credential else ""


class _Answer:
    """An answer, held back until the trail has it: who sees the answer finds its line there."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.status = 0
        self.request_id = ""
        self.body = b""

    async def keep(self, message: Message) -> None:
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

    async def refuse(self, refusal: RefusedError) -> None:
        request_id = str(uuid.uuid4())
        body = (
            f'<ErrorResponse xmlns="{STS_XML}"><Error><Type>Sender</Type><Code>{refusal.code}</Code>'
            f"<Message>{html.escape(refusal.message)}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>"
        ).encode()
        headers = [
            (b"content-type", b"text/xml"),
            (b"content-length", str(len(body)).encode()),
            (REQUEST_ID, request_id.encode()),
        ]
        status = 403 if refusal.code in ("AccessDenied", "InvalidClientTokenId") else 400
        await self.keep({"type": "http.response.start", "status": status, "headers": headers})
        await self.keep({"type": "http.response.body", "body": body})


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


def main(authority: Path) -> None:
    """Serve AWS on the machine's address until stopped."""
    host, _, port = facts.AWS_URL.removeprefix("http://").partition(":")
    os.environ.update(AUTH="true", BIND_HOST=host, GATEWAY_PORT=port, IOT_MTLS_ENABLED="0")
    import ministack.app as ministack  # noqa: PLC0415 — reads its settings when imported
    from ministack.services import iam  # noqa: PLC0415

    def find_provider(account: str, issuer: str) -> Provider | None:
        # the only look into MiniStack's own state: the account's OIDC providers
        found = iam._oidc_providers._data.get((account, f"arn:aws:iam::{account}:oidc-provider/{issuer}"))  # noqa: SLF001
        return Provider(found["Url"], tuple(found["ClientIDList"])) if found else None

    ministack.app = Guard(ministack.app, find_provider, IssuerKeys(authority), facts.TRAIL)
    sys.argv = ["ministack"]
    ministack.main()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
