"""What the guard lets through to AWS, and what its trail keeps."""

import asyncio
import json
import urllib.parse
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jwt
import pytest

from local import facts
from local.aws_guard import Call, Guard, Message, Receive, Scope, Send
from local.pki import Authority
from local.web_identity import IssuerKeys, Provider, RefusedError

POD = "10.77.0.5"
ROOT_KEY = f"AWS4-HMAC-SHA256 Credential={facts.ACCOUNT}/20260101/us-east-1/secretsmanager/aws4_request"


@dataclass
class Inner:
    """Stands where MiniStack does, and answers what it is told to."""

    status: int = 200
    body: bytes = b"{}"
    request_id: bytes = b"r-1"
    seen: list[tuple[Scope, bytes]] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.seen.append((scope, (await receive())["body"]))
        headers = [(b"x-amzn-requestid", self.request_id)] if self.request_id else []
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})


@dataclass
class Way:
    """A guard, what is behind it, and its trail."""

    guard: Guard
    inner: Inner
    trail: Path

    def calls(self) -> list[Call]:
        return [Call(**json.loads(line)) for line in self.trail.read_text().splitlines()]

    def send(
        self,
        body: bytes = b"",
        *,
        path: str = "/",
        client: str = POD,
        query: str = "",
        method: str = "POST",
        **headers: str,
    ) -> tuple[int, bytes]:
        sent: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def keep(message: Message) -> None:
            sent.append(message)

        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": query.encode(),
            "client": (client, 1),
            "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
        }
        asyncio.run(self.guard(scope, receive, keep))
        return int(sent[0]["status"]), b"".join(message.get("body", b"") for message in sent)


@pytest.fixture
def way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Way:
    def believe(token: str, find_provider: Any, keys: Any) -> dict[str, Any]:
        if token != "good":
            raise RefusedError("InvalidIdentityToken", "no <good> token")
        return {"iss": "https://issuer", "sub": "s", "aud": ["sts.amazonaws.com"]}

    monkeypatch.setattr("local.aws_guard.verify", believe)
    inner = Inner()
    trail = tmp_path / "trail"

    def no_provider(account: str, issuer: str) -> Provider | None:
        return None

    return Way(Guard(inner, no_provider, IssuerKeys(Authority(tmp_path).cert), trail), inner, trail)


FORM = {"content_type": "application/x-www-form-urlencoded"}


def assume(token: str) -> str:
    role = "arn:aws:iam::111122223333:role/r"
    return urllib.parse.urlencode(
        {"Action": "AssumeRoleWithWebIdentity", "RoleArn": role, "WebIdentityToken": token, "RoleSessionName": "s"}
    )


@pytest.mark.parametrize("how", ["form", "query", "query of a GET"])
def test_a_bad_token_never_reaches_aws(way: Way, how: str) -> None:
    """Each way in which STS takes the call is guarded."""
    if how == "form":
        status, body = way.send(assume("bad").encode(), **FORM)
    else:
        status, body = way.send(query=assume("bad"), method="GET" if "GET" in how else "POST")
    assert status == 400
    assert b"<Code>InvalidIdentityToken</Code><Message>no &lt;good&gt; token</Message>" in body
    assert not way.inner.seen
    assert way.calls()[0].code == "InvalidIdentityToken"


@pytest.mark.parametrize("how", ["form", "query"])
def test_a_good_token_goes_on_as_aws_reads_it(way: Way, how: str) -> None:
    """The one audience of a Kubernetes token is handed on as a string."""
    if how == "form":
        way.send(assume("good").encode(), **FORM)
    else:
        way.send(query=assume("good"), method="GET")
    scope, body = way.inner.seen[0]
    fields = dict(urllib.parse.parse_qsl(body.decode()))
    claims = jwt.decode(fields["WebIdentityToken"], options={"verify_signature": False})
    assert claims["aud"] == "sts.amazonaws.com"
    assert fields["RoleSessionName"] == "s"
    assert (b"content-length", str(len(body)).encode()) in scope["headers"]


def test_the_trail_knows_who_reads_with_the_credentials_given_out(way: Way) -> None:
    """A read is logged under the assumed role, as CloudTrail logs it."""
    arn = "arn:aws:sts::111122223333:assumed-role/r/test.pod"
    way.inner.body = (
        f"<R><Credentials><AccessKeyId>ASIA1</AccessKeyId></Credentials>"
        f"<AssumedRoleUser><Arn>{arn}</Arn></AssumedRoleUser></R>"
    ).encode()
    way.send(assume("good").encode(), **FORM)
    way.inner.body = b'{"SecretString": "the-value"}'
    way.send(
        b'{"SecretId": "test/password"}',
        authorization="AWS4-HMAC-SHA256 Credential=ASIA1/x, Signature=abc",
        x_amz_target="secretsmanager.GetSecretValue",
    )
    read = way.calls()[1]
    assert (read.identity, read.name, read.action) == (arn, "test/password", "secretsmanager.GetSecretValue")
    assert (read.status, read.code, read.request_id) == (200, "", "r-1")
    assert "the-value" not in way.trail.read_text()


def test_the_accounts_root_is_the_hosts_alone(way: Way) -> None:
    """MiniStack's root keys are known to everybody, so a pod may not use them."""
    status, body = way.send(authorization=ROOT_KEY)
    assert (status, way.inner.seen) == (403, [])
    assert b"InvalidClientTokenId" in body
    assert way.send(authorization=ROOT_KEY, client=facts.HOST_ADDRESS)[0] == 200


def test_presigned_root_requests_are_refused_too(way: Way) -> None:
    """The credential may stand in the query."""
    credential = urllib.parse.quote(f"{facts.ACCOUNT}/20260101/us-east-1/s3/aws4_request", safe="")
    assert way.send(query=f"X-Amz-Credential={credential}", method="GET")[0] == 403


def test_ministacks_own_paths_are_the_hosts_alone(way: Way) -> None:
    """A pod can neither reset nor inspect the emulator."""
    assert way.send(path="/_ministack/reset")[0] == 403
    assert way.send(path="/_ministack/health", client=facts.HOST_ADDRESS)[0] == 200


def test_a_refusal_by_aws_is_logged_by_its_code(way: Way) -> None:
    """The JSON protocol's error type, without its namespace."""
    way.inner.status, way.inner.body = 400, b'{"__type": "com.amazon#AccessDeniedException"}'
    way.send(b"{}", x_amz_target="secretsmanager.GetSecretValue")
    assert way.calls()[0].code == "AccessDeniedException"


def test_an_answer_without_a_request_id_gets_one(way: Way) -> None:
    """AWS gives every answer one; the trail has the same."""
    way.inner.request_id = b""
    way.send(b"{}", x_amz_target="secretsmanager.GetSecretValue")
    way.inner.request_id = b"r-2"
    way.send(b"{}", x_amz_target="secretsmanager.GetSecretValue")
    made, given = (call.request_id for call in way.calls())
    assert given == "r-2"
    assert len(made) == 36
