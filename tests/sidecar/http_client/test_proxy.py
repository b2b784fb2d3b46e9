"""Proxies: which origins go through one, and what may happen on the way."""

from __future__ import annotations

import asyncio
import os
import socket
from dataclasses import replace
from pathlib import Path
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]

import pytest
import requests.utils
from hypothesis import given
from hypothesis import strategies as st

from secret_sidecar.errors import ConnectFailed, DeadlineExceeded, SettingsError
from secret_sidecar.http_client import tls
from secret_sidecar.http_client.connection import Answer
from secret_sidecar.http_client.http import Client
from secret_sidecar.http_client.origin import Origin
from secret_sidecar.http_client.proxy import Exceptions, Proxies, Proxy
from secret_sidecar.settings import Settings
from secret_sidecar.vaults.aws.store import open_store
from tests.fakes.aws import FakeAws
from tests.fakes.connect_proxy import ConnectProxy
from tests.fakes.scripted import Scripted, reply
from tests.sidecar.conftest import soon
from tests.sidecar.support.certificates import Authority

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A certificate authority of our own."""
    return Authority(tmp_path_factory.mktemp("pki"))


async def send(client: Client, body: bytes = b"") -> Answer:
    """Send a request that has time."""
    return await client.send("POST", "/path?q=1", (), body, soon())


def through(url: str, port: int, authority: Authority | None = None) -> Client:
    """A client of an origin on this machine that goes through a proxy: https if there is an authority."""
    origin = Origin("https" if authority else "http", "localhost", port)
    context = tls.Trust(str(authority.bundle)) if authority else None
    return Client(origin, context, proxy=Proxy.parse(url))


async def test_an_https_origin_is_reached_by_a_tunnel(authority: Authority) -> None:
    """TLS is spoken with the origin itself: the proxy sees a name, and the connection is kept."""
    async with (
        Scripted([reply(b"1"), reply(b"2")], tls=authority.server()) as server,
        ConnectProxy() as proxy,
    ):
        client = through(proxy.url, server.port, authority)
        assert [(await send(client, b"secret-body")).body for _ in range(2)] == [b"1", b"2"]
        await client.close()
    assert proxy.seen == [f"CONNECT localhost:{server.port} HTTP/1.1"]
    assert server.requests[0].target == "/path?q=1"
    assert proxy.passed
    assert b"secret-body" not in proxy.passed


async def test_a_name_of_its_own_in_tls_is_asked_for_through_the_tunnel_too(authority: Authority) -> None:
    """And the certificate must have it, where the host itself has another."""
    async with (
        Scripted([reply(b"1")], tls=authority.server("other.example")) as server,
        ConnectProxy() as proxy,
    ):
        origin = Origin("https", "localhost", server.port, "other.example")
        client = Client(origin, tls.Trust(str(authority.bundle)), proxy=Proxy.parse(proxy.url))
        assert (await send(client)).body == b"1"
        await client.close()
        with pytest.raises(ConnectFailed, match="not trusted"):
            await send(through(proxy.url, server.port, authority))


async def test_an_http_origin_is_asked_by_the_proxy() -> None:
    """The request has the whole URL, the Host header is the origin's."""
    async with Scripted([reply(b"1")]) as server, ConnectProxy("user:p@ss wörd") as proxy:
        client = through(f"http://user:p%40ss%20w%C3%B6rd@127.0.0.1:{proxy.port}", server.port)
        assert (await send(client)).body == b"1"
        await client.close()
    assert proxy.seen == [f"POST http://localhost:{server.port}/path?q=1 HTTP/1.1"]
    assert server.requests[0].headers["host"] == f"localhost:{server.port}"
    assert "proxy-authorization" not in server.requests[0].headers


async def test_a_proxy_that_wants_to_know_who_asks(authority: Authority) -> None:
    """User and password are in its URL; without them, or with wrong ones, the message says so and shows neither."""
    async with Scripted([reply(b"1")], tls=authority.server()) as server, ConnectProxy("user:p4ss") as proxy:
        client = through(f"http://user:p4ss@127.0.0.1:{proxy.port}", server.port, authority)
        assert (await send(client)).body == b"1"
        await client.close()
        for wrong in ("", "user:wr0ng@"):
            client = through(f"http://{wrong}127.0.0.1:{proxy.port}", server.port, authority)
            with pytest.raises(ConnectFailed, match=f"proxy {proxy.url} requires authentication: expected") as failure:
                await send(client)
            assert "wr0ng" not in str(failure.value)


async def test_a_bad_certificate_behind_a_proxy_is_refused(authority: Authority, tmp_path: Path) -> None:
    """The proxy changes nothing of that, and the tunnel is closed."""
    async with Scripted([reply(b"1")], tls=Authority(tmp_path).server()) as server, ConnectProxy() as proxy:
        with pytest.raises(ConnectFailed, match=f"certificate of https://localhost:{server.port} not trusted"):
            await send(through(proxy.url, server.port, authority))
        await proxy.closed.wait()
    assert server.requests == []


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (b"HTTP/1.1 403 Forbidden\r\n\r\n", "opened no tunnel to https://localhost:1: HTTP 403"),
        (b"HTTP/1.0 502 x\r\nContent-Length: 3\r\n\r\nabc", "opened no tunnel to https://localhost:1: HTTP 502"),
        (b"SSH-2.0-x\r\n\r\n", "did not answer in HTTP/1.1"),
        (b"HTTP/1.1 200 x\r\n\r\nunasked", "did not answer in HTTP/1.1"),
        (b"HTTP/1.1 200 x\r\nX: " + b"x" * (1 << 20), "did not answer in HTTP/1.1"),
    ],
    ids=lambda value: repr(value)[:40],
)
async def test_a_proxy_that_opens_no_tunnel(answer: bytes, message: str, authority: Authority) -> None:
    """Whatever it says is bounded, told, and ends the connection."""
    async with ConnectProxy(answer=answer) as proxy:
        with pytest.raises(ConnectFailed, match=message):
            await send(through(proxy.url, 1, authority))
        await proxy.closed.wait()


async def test_a_proxy_that_hangs_up(authority: Authority) -> None:
    """Before it has answered."""
    async with Scripted([b""], hold=False) as proxy:
        with pytest.raises(ConnectFailed, match=r"did not answer in HTTP/1\.1"):
            await send(through(f"http://127.0.0.1:{proxy.port}", 1, authority))


async def test_a_proxy_that_hangs_is_waited_for_until_the_deadline(authority: Authority) -> None:
    """And then its connection is closed."""
    async with ConnectProxy(answer=b"") as proxy:
        client = through(proxy.url, 1, authority)
        deadline = asyncio.get_running_loop().time() + 0.2
        with pytest.raises(DeadlineExceeded):
            await client.send("GET", "/", (), b"", deadline)
        await proxy.closed.wait()


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_proxy_that_is_not_there(scheme: str, authority: Authority) -> None:
    """It is named, not the origin."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(ConnectFailed, match=f"cannot connect to proxy {url}: "):
            await send(through(url, 1, authority if scheme == "https" else None))


async def test_a_store_reads_through_the_proxy_of_its_settings(
    aws: FakeAws, static_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its signature holds, for the path that is signed is the origin's."""
    monkeypatch.setattr("secret_sidecar.http_client.proxy._is_near", lambda _: False)  # the fake is on this machine
    async with ConnectProxy() as proxy:
        store = open_store(replace(static_settings, http_proxy=Proxy.parse(proxy.url)))
        assert (await store.get("test/database-password", soon())).value == "hunter2-test"
        await store.close()
    assert proxy.seen == [f"POST {aws.url}/ HTTP/1.1"]


def proxies(no_proxy: str = "") -> Proxies:
    return Proxies(Proxy.parse("secure:1"), Proxy.parse("plain:2"), Exceptions.parse(no_proxy))


def direct(host: str, no_proxy: str, port: int = 443) -> bool:
    return proxies(no_proxy).for_origin(Origin("https", host, port)) is None


def test_each_scheme_has_its_proxy() -> None:
    """None where none is set."""
    for scheme, proxy in (("https", "http://secure:1"), ("http", "http://plain:2")):
        found = proxies().for_origin(Origin(scheme, "vault.example", 1))
        assert found is not None
        assert str(found.origin) == proxy
    assert Proxies().for_origin(Origin("https", "vault.example", 1)) is None


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST",
        "a.localhost",
        "127.0.0.1",
        "127.9.9.9",
        "::1",
        "169.254.169.254",
        "169.254.170.23",
        "fe80::1",
        "fd00:ec2::254",
        "fd00:ec2::23",
        "metadata.google.internal",
    ],
)
def test_this_machine_and_metadata_services_are_never_asked_through_a_proxy(host: str) -> None:
    """It would ask its own machine."""
    assert direct(host, "")


@pytest.mark.parametrize(
    ("no_proxy", "hosts"),
    [
        ("*", ["vault.example", "10.0.0.1", "fd00::1"]),
        ("vault.example", ["vault.example", "VAULT.example", "a.vault.example", "vault.example."]),
        (".example", ["vault.example", "a.b.example"]),
        ("*.example", ["vault.example"]),
        ("other, vault.example:443", ["vault.example"]),
        ("10.0.0.0/8,fd12::/16", ["10.1.2.3", "fd12::3"]),
        ("10.1.2.3,fd12:0::3", ["10.1.2.3", "fd12::3"]),
        ("[fd12::3]:443", ["fd12::3"]),
    ],
)
def test_what_is_asked_directly(no_proxy: str, hosts: list[str]) -> None:
    """Hosts, domains, addresses and networks, with a port or without."""
    assert all(direct(host, no_proxy) for host in hosts)


@pytest.mark.parametrize(
    ("no_proxy", "host"),
    [
        ("", "vault.example"),
        (",. , ", "vault.example"),
        ("vault.example:8200", "vault.example"),
        ("ault.example", "vault.example"),
        ("10.0.0.0/8", "11.0.0.1"),
        ("10.0.0.0/8", "fd12::1"),
        ("10.0.0.0/99", "10.0.0.1"),
        ("0.0.1", "10.0.0.1"),
        ("10.0.0.0/8", "10.0.0.1.example"),
        ("[fd12::3]:8200", "fd12::3"),
    ],
)
def test_what_is_not(no_proxy: str, host: str) -> None:
    assert not direct(host, no_proxy)


_LABEL = st.sampled_from(["a", "b", "vault", "example", "xample"])
_HOST = st.one_of(
    st.lists(_LABEL, min_size=1, max_size=3).map(".".join),
    st.sampled_from(["10.0.0.1", "10.1.0.1", "192.168.1.7"]),
)
_ENTRY = st.one_of(
    _HOST, _HOST.map(lambda host: f".{host}"), _HOST.map(lambda host: f"{host}:8200"), st.just("10.0.0.0/8")
)


@given(_HOST, st.sampled_from([443, 8200]), st.lists(_ENTRY, max_size=3))
def test_where_the_judges_agree_so_do_we(host: str, port: int, entries: list[str]) -> None:
    """urllib (which botocore asks) and requests differ about networks and about parts of labels; else they decide."""
    no_proxy = ",".join(entries)
    with pytest.MonkeyPatch.context() as patch:
        for variable in [name for name in os.environ if name.lower().endswith("_proxy")]:
            patch.delenv(variable)
        urllibs = bool(proxy_bypass_environment(f"{host}:{port}", {"no": no_proxy}))
        requests_own = bool(requests.utils.should_bypass_proxies(f"https://{host}:{port}/", no_proxy))
    if urllibs == requests_own:
        assert direct(host, no_proxy, port) == urllibs


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("http://proxy:3128", "http://proxy:3128"),
        ("proxy:3128", "http://proxy:3128"),
        ("//proxy:3128/", "http://proxy:3128"),
        ("http://u:p@[fd00::1]:3128", "http://[fd00::1]:3128"),
    ],
)
def test_how_a_proxy_is_given(text: str, origin: str) -> None:
    """As botocore takes it; the password is in no text that is made of it."""
    assert str(Proxy.parse(text).origin) == origin
    assert "authorization" not in repr(Proxy.parse(text))


@pytest.mark.parametrize(
    "text", ["https://u:s3cr3t@proxy", "socks5://u:s3cr3t@proxy", "http://u:s3cr3t@proxy/x", "u:s3cr3t@"]
)
def test_what_is_no_proxy_is_told_without_its_password(text: str) -> None:
    """TLS to the proxy itself is not spoken."""
    with pytest.raises(SettingsError, match=r"HTTPS_PROXY=…: expected http://HOST:PORT or") as refusal:
        Settings.from_environment({"SECRETS_BACKEND": "aws", "AWS_REGION": "us-east-1", "HTTPS_PROXY": text})
    assert "s3cr3t" not in str(refusal.value)


def test_the_variables_of_proxies() -> None:
    """Small letters go first, as with AWS's SDKs."""
    settings = Settings.from_environment({
        "SECRETS_BACKEND": "aws",
        "AWS_REGION": "us-east-1",
        "HTTPS_PROXY": "upper:1",
        "https_proxy": "lower:1",
        "HTTP_PROXY": "plain:1",
        "NO_PROXY": "vault.example",
    })  # fmt: skip
    found = settings.network.proxies.for_origin(Origin("https", "other.example", 443))
    assert found is not None
    assert str(found.origin) == "http://lower:1"
    assert settings.network.proxies.for_origin(Origin("https", "vault.example", 443)) is None
