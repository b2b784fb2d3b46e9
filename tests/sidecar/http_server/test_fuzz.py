"""The same bytes to our server and to uvicorn, with either of its parsers: nobody hears another request than the rest.

uvicorn on httptools is what our server replaces: it must have heard all that ours heard. Where an upgrade is asked for
it loses bodies and what follows, so there h11 alone judges. h11 may refuse what ours takes (an empty line before a
request, more spaces than one in its first line, a chunk's size in more than 20 digits), but never hear something else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from secret_sidecar.http_server.reader import Reader
from secret_sidecar.http_server.refusal import Refusal
from tests.sidecar.support.asgi_servers import LIMITS, Bench, Heard, all_three, statuses
from tests.sidecar.support.hostile_requests import GOOD, HOST, HOSTILE, get

LAST = get(b"Connection: close\r\n", target=b"/last")
DOCUMENTED = {200, 400, 408, 413, 414, 421, 431}


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    """The servers."""
    with all_three() as bench:
        yield bench


def judged(bench: Bench, data: bytes, cuts: list[int]) -> list[int]:
    """Send bytes and a last request to ours, in parts, and to the judges; return our statuses, if all is well."""
    data += LAST
    ends = [0, *sorted({cut % len(data) for cut in cuts} - {0}), len(data)]
    heard, answers = bench.ours.ask([data[a:b] for a, b in pairwise(ends)])
    found = statuses(answers, heard)
    assert set(found) <= DOCUMENTED
    assert found.count(200) == len(heard)
    if not heard:
        return found
    requests = [_in_origin_form(request) for request in one_by_one(data)]
    if b"upgrade" not in data.lower():
        httptools, _ = bench.httptools.ask(requests, one_by_one=True)
        assert [_without_trailers(h, len(o.headers)) for h, o in zip(httptools, heard, strict=False)] == heard
    h11, said = bench.h11.ask(requests, one_by_one=True)
    both = min(len(h11), len(heard))
    assert h11[:both] == heard[:both]
    assert both == len(heard) or b"HTTP/1.1 400 " in said
    return found


def one_by_one(data: bytes) -> list[bytes]:
    """Return the requests that our reader finds in the bytes, and what comes after them."""
    ends = [0]
    reader = Reader(LIMITS, lambda _: ends.append(at), lambda: None)
    with suppress(Refusal):
        for at in range(1, len(data) + 1):
            reader.feed(data[at - 1 : at])
    return [data[a:b] for a, b in pairwise([*ends, len(data)])]


_ABSOLUTE = re.compile(rb"([\r\n]*[A-Z-]+ +)https?://([^/? ]*)([^ ]*)( .*)", re.DOTALL | re.IGNORECASE)
_HOST_LINE = re.compile(rb"^(host:)[^\r\n]*(?:\r\n[ \t][^\r\n]*)*", re.IGNORECASE | re.MULTILINE)


def _in_origin_form(request: bytes) -> bytes:
    """Rewrite an absolute target as proxies do (RFC 9112 section 3.2.2), for h11 takes it for a path."""
    if (absolute := _ABSOLUTE.fullmatch(request)) is None:
        return request
    before, authority, target, after = absolute.groups()
    head, end, body = after.partition(b"\r\n\r\n")
    head = _HOST_LINE.sub(lambda line: line[1] + b" " + authority, head)
    return before + (target if target.startswith(b"/") else b"/" + target) + head + end + body


def _without_trailers(heard: Heard, headers: int) -> Heard:
    """Even out what uvicorn on httptools does: trailers become headers."""
    return replace(heard, headers=heard.headers[:headers])


@pytest.mark.parametrize("data", GOOD, ids=repr)
def test_good_requests_are_taken(data: bytes, bench: Bench) -> None:
    """All of them, and the connection stays usable."""
    assert set(judged(bench, data, [])) == {200}


@pytest.mark.parametrize("data", HOSTILE, ids=lambda data: repr(data[:120]))
def test_hostile_requests_are_heard_by_all_or_not_by_us(data: bytes, bench: Bench) -> None:
    """Whole, and byte by byte as far as that is bearable."""
    whole = judged(bench, data, [])
    if len(data) < 500:
        assert judged(bench, data, list(range(len(data)))) == whole


REQUESTS = st.sampled_from(GOOD + tuple(n for n in HOSTILE if len(n) < 5000))
PIECES = st.one_of(
    st.sampled_from([
        *(b"\r", b"\n", b"\r\n", b" ", b"\t", b"\x00", b":", b";", b",", b"0", b"5", b"\x0b", b"\x85", b"\xff", b'"'),
        *(HOST, b"Content-Length: 3\r\n", b"Transfer-Encoding: chunked\r\n", b"Connection: close\r\n", b"0\r\n\r\n"),
        *(b"Upgrade: x\r\nConnection: upgrade\r\n", b"Expect: 100-continue\r\n", b"HTTP/1.1", b"GET ", b" /a"),
        *(b"http://localhost", b"http://evil.example", b"https://", b"//", b"@", b"?"),
    ]),
    st.binary(max_size=4),
)  # fmt: skip


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """One request or a few, with pieces put in, taken out or put in place of others."""
    data = b"".join(draw(st.lists(REQUESTS, min_size=1, max_size=3)))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(data)))
        data = data[:at] + draw(PIECES) + data[at + draw(st.sampled_from([0, 0, 1, 2, 5])) :]
    return data


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=mutated(), cuts=st.lists(st.integers(0, 2000), max_size=6))
def test_mutated_requests_are_heard_by_all_or_not_by_us(data: bytes, cuts: list[int], bench: Bench) -> None:
    """However they are split on the way."""
    judged(bench, data, cuts)


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.binary(max_size=300))
def test_any_bytes_get_an_answer_or_an_end(data: bytes, bench: Bench) -> None:
    """And the server survives."""
    judged(bench, data, [])
