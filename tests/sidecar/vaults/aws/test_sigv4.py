"""Our signer, judged by botocore's."""

from __future__ import annotations

import time

import botocore.auth
import botocore.awsrequest
import botocore.credentials
from hypothesis import given
from hypothesis import strategies as st

from secret_sidecar.vaults.aws.credentials import Credentials
from secret_sidecar.vaults.aws.sigv4 import Signer, prepare

HOST = "secretsmanager.us-east-1.amazonaws.com"

printable = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=20)
token_text = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=40)
header_names = st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,12}", fullmatch=True).filter(
    lambda name: (
        name.lower()
        not in {
            "host",
            "authorization",
            "x-amz-date",
            "x-amz-security-token",
            *botocore.auth.SIGNED_HEADERS_BLACKLIST,  # hop by hop; the sidecar sends none of them
            "date",
            "x-amz-content-sha256",
        }
    )
)
headers = st.dictionaries(header_names, printable, max_size=5).filter(
    lambda chosen: len({name.lower() for name in chosen}) == len(chosen)
)
segments = st.text("abcXYZ019-_.~!$&'()*+,;=:@%", max_size=6)
paths = st.lists(segments | st.sampled_from(["", ".", ".."]), max_size=5).map(lambda parts: "/" + "/".join(parts))
query_words = st.text("abcXYZ019-_.~", min_size=1, max_size=5)
queries = st.lists(st.tuples(query_words, query_words), max_size=4).map(
    lambda pairs: "&".join(f"{key}={value}" for key, value in pairs)
)
moments = st.integers(min_value=0, max_value=4_000_000_000)


@given(
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE"]),
    path=paths,
    query=queries,
    given_headers=headers,
    body=st.binary(max_size=200),
    secret=token_text,
    token=st.none() | token_text,
    region=st.sampled_from(["us-east-1", "cn-north-1"]),
    now=moments,
)
def test_every_request_is_signed_as_botocore_would(
    method: str,
    path: str,
    query: str,
    given_headers: dict[str, str],
    body: bytes,
    secret: str,
    token: str | None,
    region: str,
    now: int,
) -> None:
    """Methods, odd paths, queries, headers, bodies, session tokens and dates."""
    target = f"{path}?{query}" if query else path
    credentials = Credentials("AKIAEXAMPLE", secret, token, None, "someone")
    prepared = prepare(credentials, method, target, [("Host", HOST), *given_headers.items()])
    signed = Signer("secretsmanager", region).sign(prepared, body, now)
    ours = {name.lower(): value for name, value in (*prepared.headers, *signed)}

    judge = botocore.auth.SigV4Auth(
        botocore.credentials.Credentials("AKIAEXAMPLE", secret, token), "secretsmanager", region
    )
    request = botocore.awsrequest.AWSRequest(method, f"https://{HOST}{target}", dict(given_headers), body)
    request.context["timestamp"] = stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
    request.headers["X-Amz-Date"] = stamp
    if token:
        request.headers["X-Amz-Security-Token"] = token
    text = judge.string_to_sign(request, judge.canonical_request(request))
    judge._inject_signature_to_request(request, judge.signature(text, request))

    assert ours["authorization"] == request.headers["Authorization"]
    assert ours["x-amz-date"] == stamp
    assert ours.get("x-amz-security-token") == token


def test_equal_header_names_are_signed_as_one() -> None:
    """Their values are joined, in order; runs of spaces count as one."""
    signer, credentials = Signer("s", "r"), Credentials("A", "s", None, None, "someone")

    def signature(*lines: tuple[str, str]) -> str:
        return signer.sign(prepare(credentials, "GET", "/", lines), b"", 0)[-1][1]

    assert signature(("Host", "h"), ("X", "a  b"), ("x", "c")) == signature(("Host", "h"), ("X", "a b,c"))


def test_a_signer_serves_many_keys_and_days() -> None:
    """The signing key that is kept is never another one's."""
    signer = Signer("secretsmanager", "us-east-1")
    for secret in ("one", "other", "one"):
        for now in (0, 86_400, 0):
            request = prepare(Credentials("A", secret, None, None, "someone"), "GET", "/", [("Host", "h")])
            fresh = Signer("secretsmanager", "us-east-1").sign(request, b"", now)
            assert signer.sign(request, b"", now) == fresh


def test_credentials_do_not_show_themselves() -> None:
    """Neither key nor token is in a representation."""
    credentials = Credentials("AKIAEXAMPLE", "s3cr3t", "t0k3n", None, "someone")
    prepared = prepare(credentials, "GET", "/", [("Host", "h")])
    for shown in (repr(credentials), repr(prepared)):
        assert "s3cr3t" not in shown
        assert "t0k3n" not in shown
    assert "AKIAEXAMPLE" in repr(credentials)
