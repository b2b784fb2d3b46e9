"""Who may ask: DNS rebinding and forwarding servers are turned away before anything else happens."""

from __future__ import annotations

import socket

import pytest

from secret_sidecar.settings import Settings
from tests.fakes.aws import FakeAws
from tests.sidecar.conftest import StartSidecar
from tests.sidecar.support.caller import ask, ask_raw

pytestmark = pytest.mark.anyio

PATH = "/v1/secrets/database-password"


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8080", "LOCALHOST:1", "127.0.0.1", "127.0.0.1:8080", "[::1]:80"]
)
async def test_loopback_hosts_are_served(host: str, start: StartSidecar, static_settings: Settings) -> None:
    """By any port: a developer may forward another one."""
    sidecar = await start(static_settings)
    assert (await ask(sidecar.port, PATH, headers={"Host": host})).status == 200


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example",
        "localhost.evil.example",
        "localhost.",
        "evil@localhost",
        "127.0.0.1.nip.io",
        "127.0.0.2",
        "127.1",
        "::1",
        "localhost:",
        "localhost:8080x",
        "localhost evil",
    ],
)
async def test_other_hosts_are_misdirected(
    host: str, aws: FakeAws, start: StartSidecar, static_settings: Settings
) -> None:
    """A page that rebinds its own name to 127.0.0.1 cannot read."""
    sidecar = await start(static_settings)
    await sidecar.readiness.wait()
    aws.asked.clear()
    got = await ask(sidecar.port, PATH, headers={"Host": host})
    assert (got.status, got.json["type"]) == (421, "urn:secret-access:problem:misdirected")
    assert "expected localhost, 127.0.0.1 or [::1]" in got.json["detail"]
    assert aws.asked == []


@pytest.mark.parametrize(
    "lines",
    [
        b"",
        b"Host: localhost\r\nHost: localhost\r\n",
        b"Host: localhost\r\nhost: evil\r\n",
        b"Host: evil\r\nHost: localhost\r\n",
    ],
)
async def test_a_request_has_one_host(lines: bytes, start: StartSidecar, static_settings: Settings) -> None:
    """None, or two, is ambiguous (RFC 9112 section 3.2)."""
    sidecar = await start(static_settings)
    request = b"GET /v1/secrets/x HTTP/1.1\r\n" + lines + b"Connection: close\r\n\r\n"
    assert (await ask_raw(sidecar.port, request)).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize(
    "header", ["Forwarded", "Via", "X-Forwarded-For", "x-forwarded-host", "X-Forwarded", "X-Real-IP", "True-Client-IP"]
)
@pytest.mark.parametrize("path", [PATH, "/nowhere"])
async def test_forwarded_requests_are_misdirected(
    header: str, path: str, start: StartSidecar, static_settings: Settings
) -> None:
    """A proxy that forwards a request says so, and is refused whatever the request."""
    sidecar = await start(static_settings)
    got = await ask(sidecar.port, path, headers={header: "x"})
    assert got.status == 421
    assert header.lower() in got.json["detail"]


@pytest.mark.parametrize("line", [b"X-Forwarded-%b: 1", b"Host: %b", b"Origin: %b"])
async def test_what_a_refusal_repeats_is_bounded(line: bytes, start: StartSidecar, static_settings: Settings) -> None:
    """Or callers who do not read it would have the sidecar keep it for them, many times over."""
    sidecar = await start(static_settings)
    lines = b"Connection: close\r\n" + line % (b"\x80" * 15_000 if b": %" in line else b"a" * 15_000) + b"\r\n\r\n"
    answer = await ask_raw(sidecar.port, b"GET / HTTP/1.1\r\n" + lines)
    assert b" 4" in answer[:12]
    assert len(answer) < 1500


@pytest.mark.parametrize(
    ("target", "host", "status"),
    [
        (b"http://localhost:8080", b"localhost:8080", 200),
        (b"HTTP://127.0.0.1", b"evil.example", 200),
        (b"http://evil.example", b"localhost", 421),
        (b"http://evil.example@localhost", b"localhost", 421),
        (b"http://localhost@evil.example", b"localhost", 421),
        (b"http://", b"localhost", 421),
        (b"https://localhost", b"localhost", 400),
    ],
)
async def test_the_authority_of_an_absolute_target_is_judged(
    target: bytes, host: bytes, status: int, start: StartSidecar, static_settings: Settings
) -> None:
    """And not the Host beside it (RFC 9112 section 3.2.2); https is not served here (RFC 9110 section 7.4)."""
    sidecar = await start(static_settings)
    lines = b" HTTP/1.1\r\nHost: " + host + b"\r\nConnection: close\r\n\r\n"
    answer = await ask_raw(sidecar.port, b"GET " + target + PATH.encode() + lines)
    assert answer.startswith(b"HTTP/1.1 %d " % status)


async def test_the_api_is_on_loopback_alone(start: StartSidecar, static_settings: Settings) -> None:
    """On 127.0.0.1, on ::1 where there is one, and on no other address; health is on every one."""
    sidecar = await start(static_settings)
    assert {address.partition(" ")[0] for address in sidecar.addresses} <= {"127.0.0.1", "::1"}
    with pytest.raises(ConnectionRefusedError):
        await ask(sidecar.port, PATH, host="127.0.0.2")
    assert (await ask(sidecar.health_port, "/healthz", host="127.0.0.2")).status == 200


@pytest.mark.skipif(not socket.has_ipv6, reason="this machine has no IPv6")
async def test_the_api_is_on_ipv6_loopback(start: StartSidecar, static_settings: Settings) -> None:
    """Node resolves localhost to ::1."""
    sidecar = await start(static_settings)
    if any(address.startswith("::1") for address in sidecar.addresses):
        assert (await ask(sidecar.port, PATH, host="::1")).status == 200


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Origin", "http://localhost:8080"),
        ("Origin", "https://evil.example"),
        ("Origin", "null"),
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Site", "same-site"),
        ("Sec-Fetch-Site", "same-origin"),
        ("sec-fetch-site", ""),
    ],
)
@pytest.mark.parametrize("method", ["GET", "OPTIONS", "POST"])
async def test_web_pages_are_misdirected(
    header: str, value: str, method: str, aws: FakeAws, start: StartSidecar, static_settings: Settings
) -> None:
    """The browser marks every request of a page; it gets no CORS header, so the page cannot read the answer."""
    sidecar = await start(static_settings)
    await sidecar.readiness.wait()
    aws.asked.clear()
    got = await ask(sidecar.port, PATH, method, headers={header: value})
    assert (got.status, got.json["type"]) == (421, "urn:secret-access:problem:misdirected")
    assert "no web page" in got.json["detail"]
    assert not [name for name in got.headers if name.startswith("access-control")]
    assert aws.asked == []


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"},  # an address that a person typed
        {"Sec-Fetch-Mode": "cors"},  # Node's fetch
        {"Referer": "http://localhost/"},
    ],
)
async def test_others_than_pages_are_served(
    headers: dict[str, str], start: StartSidecar, static_settings: Settings
) -> None:
    """Headers that no page can send are accepted."""
    assert (await ask((await start(static_settings)).port, PATH, headers=headers)).status == 200
