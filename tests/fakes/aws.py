"""A fake of AWS Secrets Manager and STS, on one port: small, but it checks what AWS checks of a request.

Signatures are computed anew by botocore's own signer; the tests let boto3 read through it before our sidecar may.
`faults` holds what happens to the next requests instead of an answer, and `sts_gate` holds STS's answers back.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import formatdate

import botocore.auth
import botocore.awsrequest
import botocore.credentials

from tests.fakes.aws_secrets import FakeSecrets, Reply, error
from tests.fakes.server import Listener, Request

__all__ = ["Reply", "Request", "error"]

REGION = "us-east-1"
ROLE = "arn:aws:iam::111122223333:role/test"
STATIC_KEY, STATIC_SECRET = "AKIAFAKEFAKEFAKEFAKE", "static-secret-key"
AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request, SignedHeaders=([^,]+), Signature=(\w+)"
)


@dataclass
class Key:
    """An access key that the fake knows, and what its owner may read."""

    secret: str
    token: str | None
    expires: float
    prefixes: tuple[str, ...]


Fault = Reply | bytes | None | asyncio.Event


@dataclass
class FakeAws(Listener, FakeSecrets):
    """Secrets by name, access keys by id, and the calls that were made."""

    keys: dict[str, Key] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=lambda: {"token-1"})
    allowed_roles: set[str] = field(default_factory=lambda: {ROLE})
    prefixes: tuple[str, ...] = ("test/",)
    may_describe: bool = True
    may_write: bool = True
    lifetime: float = 3600.0
    denied: set[str] = field(default_factory=set)
    """Names that are denied although the prefixes allow them."""
    marker: str = ""
    """The prefix of every secret key and session token that STS issues."""
    clock: Callable[[], float] = time.time
    dates: bool = False
    """Whether answers have a Date, and signatures that are more than five minutes off by it are refused."""
    faults: deque[Fault] = field(default_factory=deque)
    sts_faults: deque[Fault] = field(default_factory=deque)
    sts_gate: asyncio.Event = field(default_factory=asyncio.Event)
    sts_asked: asyncio.Event = field(default_factory=asyncio.Event)
    assumed: list[dict[str, str]] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)
    port: int = 0

    def __post_init__(self) -> None:
        self.sts_gate.set()
        self.keys[STATIC_KEY] = Key(STATIC_SECRET, None, float("inf"), ("test/",))

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, request: Request, writer: asyncio.StreamWriter) -> bool:
        """Answer; False if the connection ends."""
        if (request.method, request.target) == (
            "GET",
            "/",
        ) and "authorization" not in request.headers:  # unsigned
            writer.write(error("MissingAuthenticationTokenException", status=403).render())
            return True
        is_sts = "x-amz-target" not in request.headers
        if is_sts:
            self.sts_asked.set()
            await self.sts_gate.wait()
        faults = self.sts_faults if is_sts else self.faults
        fault = faults.popleft() if faults else self.sts(request) if is_sts else self.secrets_manager(request)
        if isinstance(fault, asyncio.Event):
            await fault.wait()
            return False
        if isinstance(fault, Reply):
            writer.write(self._dated(fault.render()))
        elif fault is not None:
            writer.write(fault)
        await writer.drain()
        return isinstance(fault, Reply)

    def sts(self, request: Request) -> Reply:
        """AssumeRoleWithWebIdentity, for known tokens."""
        form = request.form
        self.assumed.append(form)
        if form["WebIdentityToken"] not in self.tokens:
            return sts_error("InvalidIdentityToken")
        if form["RoleArn"] not in self.allowed_roles:
            return sts_error("AccessDenied", 403)
        number = len(self.assumed)
        access_key = f"ASIA{number:016}"
        expires = self.clock() + self.lifetime
        secret, token = f"{self.marker}session-secret-{number}", f"{self.marker}session-token-{number}"
        self.keys[access_key] = Key(secret, token, expires, self.prefixes)
        stamp = datetime.fromtimestamp(expires, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return Reply(
            200,
            f'<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
            f"<AssumeRoleWithWebIdentityResult><SubjectFromWebIdentityToken>s</SubjectFromWebIdentityToken>"
            f"<AssumedRoleUser><Arn>arn:aws:sts::111122223333:assumed-role/test/{form['RoleSessionName']}</Arn>"
            f"<AssumedRoleId>x</AssumedRoleId></AssumedRoleUser><Credentials>"
            f"<AccessKeyId>{access_key}</AccessKeyId><SecretAccessKey>{secret}</SecretAccessKey>"
            f"<SessionToken>{token}</SessionToken><Expiration>{stamp}</Expiration>"
            f"</Credentials></AssumeRoleWithWebIdentityResult><ResponseMetadata><RequestId>r</RequestId>"
            f"</ResponseMetadata></AssumeRoleWithWebIdentityResponse>".encode(),
            "text/xml",
        )

    def secrets_manager(self, request: Request) -> Reply:
        """Answer a request that is signed by a known key, whose owner may make it."""
        action = request.headers["x-amz-target"].removeprefix("secretsmanager.")
        asked = request.json
        name: str = asked["Name"] if action == "CreateSecret" else asked["SecretId"]
        self.asked.append((action, name))
        key = self.caller(request)
        if isinstance(key, Reply):
            return key
        allowed = {"GetSecretValue": True, "DescribeSecret": self.may_describe}.get(action, self.may_write)
        if not (allowed and name.startswith(key.prefixes)) or name in self.denied:
            return error("AccessDeniedException", f"User is not authorized to perform: secretsmanager:{action}")
        return self.perform(action, asked)

    def _dated(self, answer: bytes) -> bytes:
        if not self.dates:
            return answer
        status, _, rest = answer.partition(b"\r\n")
        return b"%s\r\nDate: %s\r\n%s" % (status, formatdate(self.clock(), usegmt=True).encode(), rest)

    def _is_late(self, request: Request) -> bool:
        signed_at = datetime.strptime(request.headers["x-amz-date"], "%Y%m%dT%H%M%S%z").timestamp()
        return self.dates and abs(signed_at - self.clock()) > 300

    def caller(self, request: Request) -> Key | Reply:
        """Whose key signed a request, or the refusal."""
        match = AUTHORIZATION.fullmatch(request.headers.get("authorization", ""))
        if match is None:
            return error("MissingAuthenticationTokenException")
        access_key, _, region, service, signed, signature = match.groups()
        key = self.keys.get(access_key)
        if key is None or (region, service) != (REGION, "secretsmanager"):
            return error("UnrecognizedClientException", "The security token included in the request is invalid.")
        if request.headers.get("x-amz-security-token") != key.token:
            return error("UnrecognizedClientException", "The security token included in the request is invalid.")
        if self.clock() >= key.expires:
            return error("ExpiredTokenException", "The security token included in the request is expired")
        expected = expected_signature(request, access_key, key.secret, signed.split(";"))
        if signature != expected or self._is_late(request):
            return error("InvalidSignatureException", "The request signature we calculated does not match")
        return key


def sts_error(code: str, status: int = 400, message: str = "no") -> Reply:
    """An error as STS words it."""
    body = (
        f'<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>'
        f"<Code>{code}</Code><Message>{message}</Message></Error><RequestId>sts-request</RequestId></ErrorResponse>"
    )
    return Reply(status, body.encode(), "text/xml")


def expected_signature(request: Request, access_key: str, secret: str, signed: list[str]) -> str:
    """The signature of botocore's signer for the request, over the headers that the client signed."""
    signer = botocore.auth.SigV4Auth(botocore.credentials.Credentials(access_key, secret), "secretsmanager", REGION)
    again = botocore.awsrequest.AWSRequest(
        request.method,
        f"http://{request.headers['host']}{request.target}",
        {name: request.headers[name] for name in signed},
        request.body,
    )
    again.context["timestamp"] = request.headers["x-amz-date"]
    text = signer.string_to_sign(again, signer.canonical_request(again))
    signature: str = signer.signature(text, again)
    return signature
