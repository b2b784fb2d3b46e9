"""Whatever is asked, with whatever headers and bodies, and whatever the vault answers: only documented answers.

And never a value but the one that was asked for. http_server/test_fuzz.py sends what is no HTTP.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any
from urllib.parse import quote_from_bytes

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from secret_sidecar.server import Sidecar
from secret_sidecar.settings import Settings
from tests.fakes.aws import FakeAws
from tests.sidecar.conftest import StartSidecar
from tests.sidecar.support.caller import ask_raw
from tests.sidecar.test_documents import API

pytestmark = pytest.mark.anyio

PROBLEMS = {(int(status), kind) for status, kind in re.findall(r"^\| (\d{3}) \| `([a-z-]+)` \|", API, re.MULTILINE)}
SUCCESSES = {200, 201, 204, 304}
SECRETS = (b"hunter2-prod", b"static-secret-key")

fuzzed = settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


def judge(answer: bytes) -> tuple[int, Any]:
    """Return status and JSON body of an answer that the document has; a problem says the same as its status line."""
    head, _, body = answer.partition(b"\r\n\r\n")
    status = int(head.split(b" ", 2)[1])
    headers = head.lower()
    assert b"\r\ncache-control: no-store" in headers or status in SUCCESSES, head
    for secret in SECRETS:
        assert secret not in answer
    if status in SUCCESSES:
        return status, json.loads(body) if body and status in {200, 201} else None
    problem = json.loads(body)
    assert b"content-type: application/problem+json" in headers
    kind = problem["type"].removeprefix("urn:secret-access:problem:").replace(":", "-")
    assert (status, kind) in PROBLEMS
    assert kind != "internal-error"
    assert problem["status"] == status
    assert problem["detail"]
    if status == 403:
        assert problem["identity"]
    return status, problem


def request(method: bytes, target: bytes, headers: list[tuple[bytes, bytes]] | None = None, body: bytes = b"") -> bytes:
    """A request that is HTTP."""
    lines = [method + b" " + target + b" HTTP/1.1", b"Host: localhost", b"Connection: close"]
    lines += [name + b": " + value for name, value in headers or []]
    if body:
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join((*lines, b"", b"")) + body


@pytest.fixture
async def sidecar(start: StartSidecar, static_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Sidecar:
    """One sidecar for all examples, which may write."""
    monkeypatch.setattr("secret_sidecar.retry.FIRST_PAUSE", 0.0)
    sidecar = await start(replace(static_settings, access="read_write"))
    await sidecar.readiness.wait()
    return sidecar


WORDS = st.sampled_from(
    ["test", "prod", "database-password", "key", "..", ".", "", "%2F", "%252F", "%00", "%", "%zz", ":"]
)
TEXTS = st.one_of(
    st.lists(WORDS, max_size=5).map("/".join).map(str.encode),
    st.binary(max_size=40).map(quote_from_bytes).map(str.encode),
    st.from_regex(rb"\A[!-~]{0,40}\Z"),
)
PATHS = st.one_of(
    TEXTS.map(lambda text: b"/v1/secrets/" + text),
    TEXTS.map(lambda text: b"/v1/secrets" + text),
    TEXTS.map(lambda text: b"/" + text),
    st.sampled_from(
        [b"/v1/secrets", b"/v1/secrets:batchGet", b"/openapi.json", b"*", b"http://evil.example/v1/secrets/x"]
    ),
)
QUERIES = st.one_of(
    st.just(b""),
    st.tuples(st.sampled_from([b"version", b"stage", b"key", b"x"]), TEXTS).map(lambda pair: b"?" + b"=".join(pair)),
    TEXTS.map(lambda text: b"?" + text),
)
METHODS = st.sampled_from([b"GET", b"GET", b"GET", b"HEAD", b"OPTIONS", b"DELETE"])


@fuzzed
@given(METHODS, PATHS, QUERIES)
async def test_any_target(sidecar: Sidecar, method: bytes, path: bytes, query: bytes) -> None:
    """Names, queries and methods. What is served is what was named, in a spelling that is documented."""
    answer = await ask_raw(sidecar.port, request(method, path.replace(b"#", b"") + query.replace(b"#", b"")))
    if method == b"HEAD":
        assert int(answer.split(b" ", 2)[1]) in SUCCESSES | {status for status, _ in PROBLEMS}
        return
    status, document = judge(answer)
    if status == 200 and "value" in document:
        assert document["name"].startswith("test/")


NAMES = st.one_of(
    st.sampled_from(
        [
            b"Host",
            b"Origin",
            b"Sec-Fetch-Site",
            b"Via",
            b"X-Forwarded-For",
            b"If-None-Match",
            b"Authorization",
            b"Accept",
            b"Content-Type",
            b"Expect",
            b"Range",
            b"User-Agent",
            b"Cookie",
            b"Accept-Encoding",
            b"X-HTTP-Method-Override",
        ]
    ),
    st.from_regex(rb"\A[!#$%&'*+.^_`|~0-9A-Za-z-]{1,30}\Z").filter(
        lambda name: name.lower() not in {b"content-length", b"transfer-encoding", b"connection", b"upgrade"}
    ),
)
VALUES = st.one_of(
    st.from_regex(rb"\A[ -~\x80-\xff]{0,60}\Z"), st.sampled_from([b"none", b"*", b'"version-1"', b"Bearer x"])
)


@fuzzed
@given(st.lists(st.tuples(NAMES, VALUES), max_size=8))
async def test_any_headers(sidecar: Sidecar, headers: list[tuple[bytes, bytes]]) -> None:
    """They refuse a read, or spare its body; they change nothing else."""
    answer = await ask_raw(sidecar.port, request(b"GET", b"/v1/secrets/database-password", headers))
    status, document = judge(answer)
    assert status in {200, 304, 400, 421}
    if status == 200:
        assert document == {"name": "test/database-password", "value": "hunter2-test", "version": "version-1"}


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.sampled_from(["names", "name", "value", "key", "encoding", "version", "x"]), inner, max_size=4
        ),
    ),
    max_leaves=12,
)
BODIES = st.one_of(
    st.binary(max_size=200),
    JSON.map(lambda document: json.dumps(document).encode()),
    st.lists(
        st.sampled_from(["key", "database-password", "prod/x", "a b", {"name": "key", "version": "1"}]), min_size=1
    ).map(lambda names: json.dumps({"names": names}).encode()),
    st.lists(st.one_of(st.text(max_size=30), JSON), max_size=5).map(
        lambda names: json.dumps({"names": names}).encode()
    ),
    st.text(max_size=30).map(lambda value: json.dumps({"value": value}).encode()),
    st.tuples(st.one_of(JSON, st.just("AAAA")), st.sampled_from([None, "base64", "x"])).map(
        lambda pair: json.dumps({"value": pair[0], "encoding": pair[1]}).encode()
    ),
    st.integers(1, 30_000).map(lambda depth: b"[" * depth),
)
TARGETS = st.sampled_from(
    [(b"POST", b"/v1/secrets:batchGet"), (b"PUT", b"/v1/secrets/new"), (b"POST", b"/v1/secrets/key")]
)


@fuzzed
@given(
    TARGETS,
    BODIES,
    st.sampled_from([b"application/json"] * 5 + [b"text/plain", b"application/json; charset=latin-1", b""]),
)
async def test_any_body(sidecar: Sidecar, target: tuple[bytes, bytes], body: bytes, content_type: bytes) -> None:
    """Batches and writes."""
    headers = [(b"Content-Type", content_type)] if content_type else []
    _, document = judge(await ask_raw(sidecar.port, request(*target, headers, body)))
    for problem in (document or {}).get("errors", []) if isinstance(document, dict) else []:
        assert (problem["status"], problem["type"].rpartition(":")[2]) in PROBLEMS


GOOD = json.dumps({"Name": "test/database-password", "VersionId": "v", "SecretString": "s3cr3t"}).encode()
CODES = st.sampled_from(
    ["AccessDeniedException", "ThrottlingException", "ResourceNotFoundException", "X", "", "a#b:c", "é"]
)
ANSWER_BODIES = st.one_of(
    st.just(GOOD),
    st.binary(max_size=100),
    st.tuples(st.integers(0, len(GOOD)), st.binary(max_size=3)).map(lambda cut: GOOD[: cut[0]] + cut[1]),
    st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)).map(
        lambda flip: GOOD[: flip[0]] + bytes([flip[1]]) + GOOD[flip[0] + 1 :]
    ),
    st.tuples(CODES, JSON).map(lambda pair: json.dumps({"__type": pair[0], "message": pair[1]}).encode()),
    JSON.map(lambda document: json.dumps(document).encode()),
    st.dictionaries(
        st.sampled_from(["Name", "VersionId", "SecretString", "SecretBinary", "__type", "code", "message"]), JSON
    ).map(lambda document: json.dumps(document).encode()),
)
STATUSES = st.sampled_from([200, 200, 200, 201, 204, 301, 304, 400, 403, 404, 429, 500, 503, 599])
LINES = st.lists(
    st.sampled_from(
        [
            b"Content-Type: application/x-amz-json-1.1\r\n",
            b"Content-Type: text/html\r\n",
            b"x-amzn-RequestId: \xff\x01\r\n",
            b"x-amzn-ErrorType: AccessDeniedException:http://x\r\n",
            b"Transfer-Encoding: chunked\r\n",
            b"Content-Length: 7\r\n",
            b"Content-Encoding: gzip\r\n",
            b"Connection: close\r\n",
            b"Upgrade: h2c\r\n",
            b"Bad Header\r\n",
        ]
    ),
    max_size=4,
)


@fuzzed
@given(STATUSES, LINES, ANSWER_BODIES, st.booleans())
async def test_any_answer_of_the_vault(
    sidecar: Sidecar, aws: FakeAws, status: int, lines: list[bytes], body: bytes, framed: bool
) -> None:
    """A value is served only from an answer that has one; of anything else, nothing reaches the caller."""
    if framed:
        lines = [line for line in lines if not line.startswith((b"Content-Length", b"Transfer"))]
        lines.append(b"Content-Length: %d\r\n" % len(body))
    if status == 200:
        lines.insert(0, b"Content-Type: application/json\r\n")
    answer = b"HTTP/1.1 %d x\r\n%s\r\n" % (status, b"".join(lines)) + body
    aws.faults.clear()
    aws.faults.extend([answer] * 4)
    found, document = judge(await ask_raw(sidecar.port, request(b"GET", b"/v1/secrets/database-password")))
    aws.faults.clear()
    if found == 200 and document["value"] != "hunter2-test":
        assert status == 200
        assert json.dumps(document["value"]).encode() in json.dumps(json.loads(body.decode())).encode()
    elif found != 200:
        assert "s3cr3t" not in json.dumps(document)
