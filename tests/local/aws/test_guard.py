"""What the guard lets through to AWS, and what its trail keeps."""

import asyncio
import json
import urllib.parse
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ministack.app
import pytest
from ministack.services import iam, sts

from local import config
from local.aws.calls import Message, Receive, Scope, Send
from local.aws.guard import Guard
from local.aws.tokens import verify_tokens
from local.aws.web_identity import RefusedError
from local.trail import Call

POD = "10.77.0.5"
SCOPE = "20260101/us-east-1/secretsmanager/aws4_request"
ROOT_KEY = f"AWS4-HMAC-SHA256 Credential={config.ACCOUNT}/{SCOPE}"
SESSION_KEY = f"AWS4-HMAC-SHA256 Credential=ASIA0123456789ABCDEF/{SCOPE}, SignedHeaders=host, Signature=00"


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
        **headers: str | list[str],
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
            "headers": [
                (name.replace("_", "-").encode(), value.encode())
                for name, values in headers.items()
                for value in ([values] if isinstance(values, str) else values)
            ],
        }
        asyncio.run(self.guard(scope, receive, keep))
        return int(sent[0]["status"]), b"".join(message.get("body", b"") for message in sent)


@pytest.fixture
def way(tmp_path: Path) -> Way:
    inner = Inner()
    return Way(Guard(inner, tmp_path / "trail"), inner, tmp_path / "trail")


ROLE = "arn:aws:iam::000000000000:role/r"
FORM: dict[str, Any] = {"content_type": "application/x-www-form-urlencoded"}


def assume(token: str) -> dict[str, str]:
    return {
        "Action": "AssumeRoleWithWebIdentity",
        "RoleArn": ROLE,
        "WebIdentityToken": token,
        "RoleSessionName": "s",
    }


def encoded(token: str) -> bytes:
    return urllib.parse.urlencode(assume(token)).encode()


@pytest.fixture
def believed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """MiniStack's STS, a role in it, and a verifier before it: the accounts and tokens that this one was given."""
    trust = {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": {"Federated": "arn:aws:iam::000000000000:oidc-provider/issuer"},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {"StringEquals": {"issuer:sub": "s", "issuer:aud": "sts.amazonaws.com"}},
        },
    }
    role = {"RoleName": "r", "AssumeRolePolicyDocument": json.dumps(trust)}
    seen: list[tuple[str, str]] = []

    def believe(account: str, token: str) -> dict[str, Any]:
        seen.append((account, token))
        if token != "good":
            raise RefusedError("InvalidIdentityToken", "no <good> token")
        return {"iss": "https://issuer", "sub": "s", "aud": ["sts.amazonaws.com"]}

    monkeypatch.setattr(ministack.app, "AUTH", True)
    monkeypatch.setattr(iam, "_roles", type(iam._roles)())
    monkeypatch.setattr(sts, "_web_identity_trust_denied", sts._web_identity_trust_denied)
    create = urllib.parse.urlencode({"Action": "CreateRole", **role}).encode()
    assert asyncio.run(iam.handle_request("POST", "/", {}, create, {}))[0] == 200
    verify_tokens(sts, believe)
    return seen


JSON = {"content-type": "application/x-amz-json-1.1"}
STS_JSON = "AWSSecurityTokenServiceV20110615"
SPELLINGS: dict[str, Any] = {
    "form": lambda token: ("POST", {"content-type": FORM["content_type"]}, encoded(token), {}),
    "text": lambda token: ("POST", {"content-type": "text/plain"}, encoded(token), {}),
    "query": lambda token: ("GET", {}, b"", {key: [value] for key, value in assume(token).items()}),
    "two actions": lambda token: ("POST", {}, encoded(token) + b"&Action=GetCallerIdentity", {}),
    "two tokens": lambda token: ("POST", {}, encoded(token) + b"&WebIdentityToken=good", {}),
    "JSON": lambda token: (
        "POST",
        {**JSON, "x-amz-target": f"{STS_JSON}.AssumeRoleWithWebIdentity"},
        json.dumps(assume(token)).encode(),
        {},
    ),
    "JSON under another name": lambda token: (
        "POST",
        {**JSON, "x-amz-target": f"{STS_JSON}.GetCallerIdentity"},
        json.dumps(assume(token)).replace("Assume", "\\u0041ssume").encode(),
        {},
    ),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_bad_token_is_refused_however_it_is_sent(spelling: str, believed: list[tuple[str, str]]) -> None:
    """Each way in which MiniStack's STS takes the call is guarded; with the right token each gives credentials."""
    method, headers, body, query = SPELLINGS[spelling]("bad")
    status, _, answer = asyncio.run(sts.handle_request(method, "/", headers, body, query))
    assert status == 400
    assert b"<Code>InvalidIdentityToken</Code><Message>no &lt;good&gt; token</Message>" in answer
    method, headers, body, query = SPELLINGS[spelling]("good")
    status, _, answer = asyncio.run(sts.handle_request(method, "/", headers, body, query))
    assert (status, b"SessionToken" in answer) == (200, True)
    assert believed == [("000000000000", "bad"), ("000000000000", "good")]


def test_a_good_token_still_needs_the_roles_trust(believed: list[tuple[str, str]]) -> None:
    """What the guard believes is for the trust policy to judge."""
    document = iam._roles["r"]["AssumeRolePolicyDocument"]
    iam._roles["r"]["AssumeRolePolicyDocument"] = document.replace('"s"', '"another"')
    status, _, answer = asyncio.run(sts.handle_request("POST", "/", {}, encoded("good"), {}))
    assert (status, b"<Code>AccessDenied</Code>" in answer) == (403, True)


def test_the_trail_knows_who_reads_with_the_credentials_given_out(way: Way) -> None:
    """A read is logged under the assumed role, as CloudTrail logs it."""
    arn = "arn:aws:sts::111122223333:assumed-role/r/test.pod"
    way.inner.body = (
        f"<R><Credentials><AccessKeyId>ASIA0123456789ABCDEF</AccessKeyId></Credentials>"
        f"<AssumedRoleUser><Arn>{arn}</Arn></AssumedRoleUser></R>"
    ).encode()
    way.send(encoded("good"), **FORM)
    way.inner.body = b'{"SecretString": "the-value"}'
    way.send(
        b'{"SecretId": "test/password"}',
        authorization=SESSION_KEY,
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
    assert way.send(authorization=ROOT_KEY, client=config.HOST_ADDRESS)[0] == 200


QUERY_CREDENTIAL = urllib.parse.quote(f"{config.ACCOUNT}/{SCOPE}", safe="")


@pytest.mark.parametrize(
    ("query", "authorization"),
    [
        pytest.param("", [ROOT_KEY.replace(config.ACCOUNT, "test")], id="test"),
        pytest.param("", [SESSION_KEY.replace("ASIA0123456789ABCDEF", "")], id="no key"),
        pytest.param("", [f"AWS {config.ACCOUNT}:x"], id="signature version 2"),
        pytest.param("", ["AWS4-HMAC-SHA256 x", ROOT_KEY], id="second header"),
        pytest.param("", [SESSION_KEY, ROOT_KEY], id="second header after a good one"),
        pytest.param("", [f"Bearer {SESSION_KEY}"], id="another scheme"),
        pytest.param(f"X-Amz-Credential={QUERY_CREDENTIAL}", [], id="presigned"),
        pytest.param(f"x-amz-credential={QUERY_CREDENTIAL}", [], id="presigned in lower case"),
        pytest.param(f"X-Amz-Credentia%6C={QUERY_CREDENTIAL}", [], id="presigned, encoded"),
        pytest.param(f"X-Amz-Credential={QUERY_CREDENTIAL}", [SESSION_KEY], id="presigned beside a good header"),
        pytest.param(f"AWSAccessKeyId={config.ACCOUNT}&Signature=x", [], id="presigned by version 2"),
    ],
)
def test_no_spelling_of_a_root_key_gets_through(way: Way, query: str, authorization: list[str]) -> None:
    """MiniStack reads credentials in many places; a pod signs in the one in which AWS clients sign."""
    get = "secretsmanager.GetSecretValue"
    status, body = way.send(query=query, authorization=authorization, x_amz_target=get)
    assert (status, way.inner.seen) == (403, [])
    assert b"InvalidClientTokenId" in body
    assert way.send(authorization=SESSION_KEY, x_amz_target=get)[0] == 200


COGNITO = {"x_amz_target": "AWSCognitoIdentityService.GetCredentialsForIdentity"}


@pytest.mark.parametrize(
    ("query", "headers"),
    [
        pytest.param("", COGNITO, id="another service"),
        pytest.param("Action=AssumeRoleWithWebIdentity", COGNITO, id="another service that looks like an exchange"),
        pytest.param("", {}, id="nothing"),
    ],
)
def test_unsigned_only_an_exchange_gets_through(way: Way, query: str, headers: dict[str, Any]) -> None:
    """Whatever else MiniStack would give to anybody, a pod does not get."""
    status, body = way.send(b"{}", query=query, **headers)
    assert (status, way.inner.seen) == (403, [])
    assert b"MissingAuthenticationToken" in body
    assert way.send(encoded("any"), **FORM)[0] == 200


def test_ministacks_own_paths_are_the_hosts_alone(way: Way) -> None:
    """A pod can neither reset nor inspect the emulator."""
    assert way.send(path="/_ministack/reset")[0] == 403
    assert way.send(path="/_ministack/health", client=config.HOST_ADDRESS)[0] == 200


def test_a_refusal_by_aws_is_logged_by_its_code(way: Way) -> None:
    """The JSON protocol's error type, without its namespace."""
    way.inner.status, way.inner.body = 400, b'{"__type": "com.amazon#AccessDeniedException"}'
    way.send(b"{}", x_amz_target="secretsmanager.GetSecretValue", authorization=SESSION_KEY)
    assert way.calls()[0].code == "AccessDeniedException"


def test_an_answer_without_a_request_id_gets_one(way: Way) -> None:
    """AWS gives every answer one; the trail has the same."""
    way.inner.request_id = b""
    way.send(b"{}", x_amz_target="secretsmanager.GetSecretValue", authorization=SESSION_KEY)
    way.inner.request_id = b"r-2"
    way.send(b"{}", x_amz_target="secretsmanager.GetSecretValue", authorization=SESSION_KEY)
    made, given = (call.request_id for call in way.calls())
    assert given == "r-2"
    assert len(made) == 36
