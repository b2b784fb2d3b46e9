"""Certificates and origins: whom the HTTP client talks to."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import pytest

from secret_sidecar.errors import (
    ConnectFailed,
    SettingsError,
)
from secret_sidecar.http_client import tls
from secret_sidecar.http_client.connection import Answer
from secret_sidecar.http_client.http import Client
from secret_sidecar.http_client.origin import Origin
from tests.fakes.scripted import Scripted, reply
from tests.sidecar.conftest import soon
from tests.sidecar.support.certificates import Authority

pytestmark = pytest.mark.anyio


async def send(client: Client, body: bytes = b"") -> Answer:
    """Send a request that has time."""
    return await client.send("POST", "/", (("X-Test", "1"),), body, soon())


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A certificate authority of our own."""
    return Authority(tmp_path_factory.mktemp("pki"))


async def test_tls_with_a_trusted_certificate(authority: Authority) -> None:
    """A bundle that holds the authority makes its certificates good; the connection is kept."""
    async with Scripted([reply(b"1"), reply(b"2")], tls=authority.server()) as server:
        client = Client(Origin("https", "localhost", server.port), tls.Trust(str(authority.bundle)))
        assert [(await send(client)).body for _ in range(2)] == [b"1", b"2"]
        await client.close()
    assert server.connections == 1


async def test_the_systems_certificates_can_be_replaced(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    """SSL_CERT_FILE is OpenSSL's own variable."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.bundle))
    async with Scripted([reply(b"1")], tls=authority.server()) as server:
        client = Client(Origin("https", "localhost", server.port), tls.Trust())
        assert (await send(client)).body == b"1"
        await client.close()


@pytest.mark.parametrize("flaw", ["another authority", "another host", "expired"])
async def test_a_bad_certificate_is_refused(flaw: str, authority: Authority, tmp_path: Path) -> None:
    """Chain, name and dates are verified before anything is sent."""
    trusted = tls.Trust(str(authority.bundle))
    server_tls = {
        "another authority": lambda: Authority(tmp_path).server(),
        "another host": lambda: authority.server("vault.example"),
        "expired": lambda: authority.server(days=-1),
    }[flaw]()
    async with Scripted([reply(b"1")], tls=server_tls) as server:
        with pytest.raises(ConnectFailed, match="not trusted"):
            await send(Client(Origin("https", "localhost", server.port), trusted))
    assert server.requests == []


async def test_plain_http_where_tls_is_expected(authority: Authority) -> None:
    """An https origin never falls back."""

    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(reply(b"plain", 400))
        writer.close()

    async with await asyncio.start_server(plain, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(ConnectFailed, match=f"cannot connect to https://localhost:{port}"):
            await send(Client(Origin("https", "localhost", port), tls.Trust(str(authority.bundle))))


def test_verification_is_on() -> None:
    """Nothing turns it off, and old protocols are out."""
    context = tls.Trust().context()
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_bundle_that_cannot_be_read_is_a_wrong_setting(content: str | None, tmp_path: Path) -> None:
    """The message names the variable and the file."""
    bundle = tmp_path / "bundle.pem"
    if content is not None:
        bundle.write_text(content)
    with pytest.raises(SettingsError, match=r"AWS_CA_BUNDLE='.*bundle.pem'.*expected a file of PEM certificates"):
        tls.Trust(str(bundle))


@pytest.mark.parametrize(
    ("url", "shown", "authority"),
    [
        ("http://localhost:4566", "http://localhost:4566", "localhost:4566"),
        ("https://sts.us-east-1.amazonaws.com/", "https://sts.us-east-1.amazonaws.com", "sts.us-east-1.amazonaws.com"),
        ("http://[::1]:80", "http://[::1]", "[::1]"),
        ("https://h:80", "https://h:80", "h:80"),
    ],
)
def test_origins(url: str, shown: str, authority: str) -> None:
    """The port is told where it is not the scheme's own."""
    origin = Origin.parse(url)
    assert (str(origin), origin.authority) == (shown, authority)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost:4566",
        "ftp://h",
        "http://",
        "http://h:x",
        "http://h:99999",
        "http://h/a",
        "http://h?q",
        "http://u:p@h",
        "http://h\n",
    ],
)
def test_what_is_no_origin(url: str) -> None:
    """Paths, users and other schemes are refused with the form expected."""
    with pytest.raises(ValueError, match="such as 'http://localhost:4566'"):
        Origin.parse(url)
