"""AWS on the laptop: MiniStack, which decides by IAM policies, behind a guard that closes what it leaves open.

MiniStack checks request signatures, session tokens, trust policies and identity policies, but believes any web-identity
token: `verify_first` has them verified where MiniStack's STS is about to read one, however the call was spelled. The
guard takes from pods nothing but token exchanges and calls signed with what these give out, which keeps them from the
account's root keys and from MiniStack's own control paths. It writes one line per call to a trail, as CloudTrail would.
"""

from __future__ import annotations

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

EXCHANGE = "AssumeRoleWithWebIdentity"
REQUEST_ID = b"x-amzn-requestid"
SIGNED_WITH_A_KEY = re.compile(r"AWS4-HMAC-SHA256 +Credential=([A-Z0-9]{16,128})/")
"""As every AWS client signs. MiniStack's root keys, 12 digits or `test`, are shorter than a key can be."""
SIGNED_IN_THE_QUERY = {"x-amz-algorithm", "x-amz-credential", "x-amz-signature", "awsaccesskeyid"}
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

    def __init__(self, app: App, trail: Path) -> None:
        self._app = app
        self._trail = trail
        self._identities: dict[str, str] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what AWS would let through to its policies; answer the rest as AWS does."""
        if scope["type"] == "websocket":  # no service that this environment has
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = await _read(receive)
        request = _Request(scope, body)
        answer = _Answer()
        try:
            _check_way_in(request)
        except RefusedError as refusal:
            await answer.refuse(refusal, _as_json if request.target else _as_xml)
        else:
            await self._app(scope, _replay(body, receive), answer.keep)
        self._remember(request, answer)
        for message in answer.messages:
            await send(message)

    def _remember(self, request: _Request, answer: _Answer) -> None:
        who = request.access_key or ("root" if request.signed else "anonymous")
        identity = self._identities.get(who, who)
        if request.action == EXCHANGE:
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


def _check_way_in(request: _Request) -> None:
    """What a pod may ask at all: an exchange of its token, or anything signed with a key."""
    if request.client in (facts.HOST_ADDRESS, facts.ADDRESS):
        return
    if request.path.startswith("/_"):
        raise RefusedError("AccessDenied", f"{request.path} is for the host alone")
    if request.signed and not request.access_key:
        raise RefusedError("InvalidClientTokenId", "The security token included in the request is invalid")
    if not request.signed and (request.action != EXCHANGE or request.target):
        raise RefusedError("MissingAuthenticationToken", "Request is missing Authentication Token")


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

    async def refuse(self, refusal: RefusedError, protocol: Callable[[RefusedError, str], tuple[bytes, bytes]]) -> None:
        request_id = str(uuid.uuid4())
        media_type, body = protocol(refusal, request_id)
        headers = [
            (b"content-type", media_type),
            (b"content-length", str(len(body)).encode()),
            (REQUEST_ID, request_id.encode()),
        ]
        await self.keep({"type": "http.response.start", "status": 403, "headers": headers})
        await self.keep({"type": "http.response.body", "body": body})


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


def verify_first(sts: Any, believe: Callable[[str, str], dict[str, Any]]) -> None:
    """Have MiniStack's STS decide by the claims that ``believe`` finds in an account and a token, or refuse with it.

    MiniStack takes a call in more spellings than AWS does: JSON, compressed, parameters twice, any content type. They
    all meet in the function that is wrapped here. It is private, and exists in the one version that is pinned.
    """
    decide = sts._web_identity_trust_denied  # noqa: SLF001

    def denied(role: str, parameters: dict[str, Any], use_json: bool) -> Any:
        (token, *_) = parameters.get("WebIdentityToken") or [""]
        try:
            claims = believe((role.split(":") + [""] * 5)[4], token)
        except RefusedError as refusal:
            return sts._error(400, refusal.code, html.escape(refusal.message), ns="sts")  # noqa: SLF001
        # MiniStack reads the claims and nothing else of the token
        verified = jwt.encode(as_aws_reads_it(claims), uuid.uuid4().hex, algorithm="HS256")
        return decide(role, {**parameters, "WebIdentityToken": [verified]}, use_json)

    sts._web_identity_trust_denied = denied  # noqa: SLF001


def main(authority: Path) -> None:
    """Serve AWS on the machine's address until stopped."""
    host, _, port = facts.AWS_URL.removeprefix("http://").partition(":")
    # a key of the person's own environment would be one more root key
    os.environ.update(AUTH="true", BIND_HOST=host, GATEWAY_PORT=port, IOT_MTLS_ENABLED="0", AWS_ACCESS_KEY_ID="test")
    import ministack.app as ministack  # noqa: PLC0415 — reads its settings when imported
    from ministack.services import iam, sts  # noqa: PLC0415

    keys = IssuerKeys(authority)

    def believe(account: str, token: str) -> dict[str, Any]:
        def find(issuer: str) -> Provider | None:
            # the only look into MiniStack's own state: the account's OIDC providers
            arn = f"arn:aws:iam::{account}:oidc-provider/{issuer}"
            found = iam._oidc_providers._data.get((account, arn))  # noqa: SLF001
            return Provider(found["Url"], tuple(found["ClientIDList"])) if found else None

        return verify(token, find, keys)

    verify_first(sts, believe)
    ministack.app = Guard(ministack.app, facts.TRAIL)
    sys.argv = ["ministack"]
    ministack.main()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
