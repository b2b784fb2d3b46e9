"""Certificates and origins: whom the HTTP client talks to."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import ssl
from contextlib import suppress
from pathlib import Path

import pytest

from secret_sidecar.errors import (
    ConnectFailed,
    SettingsError,
)
from secret_sidecar.http_client import dialing, tls
from secret_sidecar.http_client.connection import Answer
from secret_sidecar.http_client.dialing import Address
from secret_sidecar.http_client.http import Client
from secret_sidecar.http_client.network import Network
from secret_sidecar.http_client.origin import Origin
from secret_sidecar.http_client.proxy import Proxies
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


async def test_a_common_name_is_no_name(authority: Authority) -> None:
    """RFC 9110 section 4.3.4: whoever could buy a certificate with that text in it would be believed."""
    async with Scripted([reply(b"1")], tls=authority.server(names=False)) as server:
        with pytest.raises(ConnectFailed, match="not trusted: Hostname mismatch"):
            await send(Client(Origin("https", "localhost", server.port), tls.Trust(str(authority.bundle))))
    assert server.requests == []


@pytest.mark.parametrize(
    ("flaw", "message"),
    [("leaf", "Missing Authority Key Identifier"), ("authority", "Basic Constraints of CA cert not marked critical")],
)
async def test_a_certificate_against_rfc_5280_is_refused_unless_a_setting_accepts_it(
    flaw: str, message: str, tmp_path: Path
) -> None:
    """With every version of Python alike; the message names the setting."""
    authority = Authority(tmp_path, critical=flaw != "authority")
    server_tls = authority.server(key_identifier=flaw != "leaf")
    async with Scripted([reply(b"1")], tls=server_tls) as server:
        origin = Origin("https", "localhost", server.port)
        with pytest.raises(ConnectFailed, match=rf"{message} \(RFC 5280; SECRETS_TLS_STRICT=false accepts it\)"):
            await send(Network(Proxies()).client(origin, str(authority.bundle)))
        client = Network(Proxies(), tls_strict=False).client(origin, str(authority.bundle))
        assert (await send(client)).body == b"1"
        await client.close()


async def test_a_setting_accepts_nothing_else(authority: Authority, tmp_path: Path) -> None:
    """Chain, name and dates are verified all the same, and the message names no way out."""
    lenient = Network(Proxies(), tls_strict=False)
    others = (Authority(tmp_path).server(), authority.server("vault.example"), authority.server(days=-1))
    for server_tls in (*others, authority.server(names=False)):
        async with Scripted([reply(b"1")], tls=server_tls) as server:
            origin = Origin("https", "localhost", server.port)
            with pytest.raises(ConnectFailed, match=r"not trusted: [^(]*$|not valid for 'localhost'"):
                await send(lenient.client(origin, str(authority.bundle)))
        assert server.requests == []


async def test_no_setting_is_named_for_an_issuer_that_is_no_authority(tmp_path: Path) -> None:
    """Strict or not, OpenSSL refuses such a chain: the setting would only weaken what else is verified."""
    authority = Authority(tmp_path, ca=False)
    for strict in (True, False):
        async with Scripted([reply(b"1")], tls=authority.server()) as server:
            client = Network(Proxies(), tls_strict=strict).client(
                Origin("https", "localhost", server.port), str(authority.bundle)
            )
            with pytest.raises(ConnectFailed, match=r"not trusted: invalid CA certificate$"):
                await send(client)
        assert server.requests == []


async def test_trusted_certificates_that_change_on_disk_count_for_the_next_connection(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bundle is rotated while the sidecar runs; one that cannot be read changes nothing, and is looked at again."""
    monkeypatch.setattr("secret_sidecar.http_client.http.AGE", 0.0)
    (tmp_path / "new").mkdir()
    successor, bundle = Authority(tmp_path / "new"), tmp_path / "bundle.pem"
    bundle.write_bytes(authority.bundle.read_bytes())
    trust = tls.Trust(str(bundle))
    async with Scripted([reply(b"1")], [reply(b"1")], tls=authority.server()) as server:
        client = Client(Origin("https", "localhost", server.port), trust)
        assert (await send(client)).body == b"1"
        bundle.write_bytes(b"half a bundle")
        assert (await send(client)).body == b"1"
    bundle.write_bytes(successor.bundle.read_bytes())
    async with Scripted([reply(b"2")], tls=successor.server()) as server:
        client = Client(Origin("https", "localhost", server.port), trust)
        assert (await send(client)).body == b"2"
        await client.close()


async def test_trusted_certificates_that_could_not_be_loaded_once_are_loaded_later(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is right and the process was short of descriptors: what it is like now was not noted as loaded."""
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(authority.bundle.read_bytes())
    trust = tls.Trust(str(bundle))
    before = trust.context()
    bundle.write_bytes(authority.bundle.read_bytes() * 2)
    with monkeypatch.context() as patch:
        patch.setattr(ssl, "create_default_context", short_of_descriptors)
        assert trust.context() is before
    assert trust.context() is not before


def test_the_systems_certificates_that_vanish_are_trusted_on(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OpenSSL itself would then trust nobody, and say nothing."""
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(authority.bundle.read_bytes())
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    trust = tls.Trust()
    before = trust.context()
    bundle.write_bytes(b"")
    assert trust.context() is before
    bundle.write_bytes(authority.bundle.read_bytes())
    assert trust.context() is not before


async def test_a_host_with_a_dot_at_its_end(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    """The dot is for the resolver: certificate and Host header have none."""

    async def resolve(host: str, port: int) -> list[tuple[int, Address]]:
        assert host == "localhost."
        return [(socket.AF_INET, ("127.0.0.1", port))]

    monkeypatch.setattr(dialing, "resolve", resolve)
    async with Scripted([reply(b"1")], tls=authority.server()) as server:
        origin = Origin.parse(f"https://localhost.:{server.port}")
        client = Client(origin, tls.Trust(str(authority.bundle)))
        assert (await send(client)).body == b"1"
        await client.close()
    assert server.requests[0].headers["host"] == f"localhost:{server.port}"


async def test_a_handshake_that_hangs_is_tried_again_over_a_new_connection(authority: Authority) -> None:
    """Half of the time is the second one's: the first may have met a node that is gone."""
    async with Scripted([reply(b"1")], tls=authority.server()) as server:
        held: list[asyncio.StreamWriter] = []

        async def hand_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            held.append(writer)
            if len(held) == 1:
                return
            upstream, to_upstream = await asyncio.open_connection("127.0.0.1", server.port)
            held.append(to_upstream)
            await asyncio.gather(_pump(reader, to_upstream), _pump(upstream, writer), return_exceptions=True)

        async with await asyncio.start_server(hand_on, "127.0.0.1", 0) as balancer:
            port = balancer.sockets[0].getsockname()[1]
            client = Client(Origin("https", "localhost", port), tls.Trust(str(authority.bundle)))
            deadline = asyncio.get_running_loop().time() + 2
            assert (await client.send("GET", "/", (), b"", deadline)).body == b"1"
            await client.close()
            for writer in held:
                writer.close()
                with suppress(OSError):
                    await writer.wait_closed()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
    writer.close()


def short_of_descriptors(**_: object) -> ssl.SSLContext:
    """What opening a file does when there are no more file descriptors."""
    raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))


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
        tls.Trust(str(bundle), "AWS_CA_BUNDLE")


@pytest.mark.parametrize(
    ("url", "shown", "authority"),
    [
        ("http://localhost:4566", "http://localhost:4566", "localhost:4566"),
        ("https://sts.us-east-1.amazonaws.com/", "https://sts.us-east-1.amazonaws.com", "sts.us-east-1.amazonaws.com"),
        ("https://vault.example.:8200", "https://vault.example:8200", "vault.example:8200"),
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
        "http://.",
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
