"""Proxies: which origins are asked through one, and the tunnel through it.

An https origin is reached through a tunnel, in which TLS is spoken with the origin itself, so that the proxy sees its
name and nothing else; an http one by handing the proxy the request. The proxy itself is spoken to in plain HTTP.
Sources: RFC 9110 section 9.3.6 (CONNECT), RFC 9112 section 3.2.2 (absolute form), RFC 7617 (Basic);
https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-proxy.html for the variables.
"""

from __future__ import annotations

import asyncio
import base64
import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TypeVar, cast
from urllib.parse import unquote, urlsplit

from secret_sidecar.errors import ConnectFailed
from secret_sidecar.http_client.dialing import connect, dial
from secret_sidecar.http_client.origin import USER_AGENT, Origin

_FORM = "http://HOST:PORT or http://USER:PASSWORD@HOST:PORT"
_MAX_HEAD = 16 << 10
_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})[ \r]")
# Services of the machine itself: a proxy would ask its own machine instead, and get that one's identity.
_METADATA_HOSTS = {"metadata", "metadata.google.internal"}
_METADATA_NETWORK = IPv6Network("fd00:ec2::/32")

P = TypeVar("P", bound=asyncio.BaseProtocol)


@dataclass(frozen=True)
class Proxy:
    """A proxy, and what it is shown if it wants to know who asks."""

    origin: Origin
    authorization: str | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, url: str) -> Proxy:
        """Return the proxy of a URL, whose scheme may be left out, or raise ValueError with the form expected."""
        try:
            parts = urlsplit(url if "://" in url else f"http://{url.removeprefix('//')}")
            origin = Origin.parse(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}")
        except ValueError:
            raise ValueError(_FORM) from None
        if origin.scheme != "http" or parts.query or parts.fragment:
            raise ValueError(_FORM)
        if parts.username is None:
            return cls(origin)
        user = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        return cls(origin, f"Basic {base64.b64encode(user.encode()).decode()}")

    def request_prefix(self, origin: Origin) -> tuple[str, tuple[tuple[str, str], ...]]:
        """Return what goes before the target of each request to an origin, and the headers that go with it."""
        return ("", ()) if origin.scheme == "https" else (str(origin), self._headers())

    async def connect(self, origin: Origin, tls: ssl.SSLContext | None, protocol_factory: Callable[[], P]) -> P:
        """Return a protocol that is connected to an origin, or to the proxy on behalf of one without TLS.

        Raises ConnectFailed where the proxy stands in the way, and OSError where the origin does.
        """
        if tls is None:
            return await self._dial(protocol_factory)
        tunnel = await self._dial(_Tunnel)
        transport = tunnel.transport
        try:
            transport.write(self._opening(origin))
            self._check(await tunnel.answer, origin)
            protocol = protocol_factory()
            protocol.connection_made(transport)  # so that it can be lost before the handshake is over
            loop = asyncio.get_running_loop()
            secured = await loop.start_tls(transport, protocol, tls, server_hostname=origin.tls_name)
        except BaseException:
            transport.abort()
            raise
        assert secured is not None  # noqa: S101
        protocol.connection_made(secured)
        return protocol

    async def _dial(self, protocol_factory: Callable[[], P]) -> P:
        try:
            return await connect(await dial(self.origin.host, self.origin.port), protocol_factory)
        except (OSError, UnicodeError) as error:
            reason = getattr(error, "strerror", None) or type(error).__name__
            raise ConnectFailed(f"cannot connect to proxy {self.origin}: {reason}") from None

    def _headers(self) -> tuple[tuple[str, str], ...]:
        return (("Proxy-Authorization", self.authorization),) if self.authorization else ()

    def _opening(self, origin: Origin) -> bytes:
        host = f"[{origin.name}]" if ":" in origin.name else origin.name.encode("idna").decode()
        headers = (("Host", f"{host}:{origin.port}"), USER_AGENT, *self._headers())
        lines = (f"CONNECT {host}:{origin.port} HTTP/1.1", *(f"{name}: {value}" for name, value in headers))
        return "\r\n".join((*lines, "", "")).encode("latin-1")

    def _check(self, answer: bytes, origin: Origin) -> None:
        """Raise ConnectFailed unless the answer opens a tunnel and nothing follows it."""
        head, end, rest = answer.partition(b"\r\n\r\n")
        status = _STATUS.match(head + b"\r")
        if status is None or not end or (rest and status[1].startswith(b"2")):
            raise ConnectFailed(f"proxy {self.origin} did not answer in HTTP/1.1")
        if status[1] == b"407":
            raise ConnectFailed(f"proxy {self.origin} requires authentication: expected its URL as {_FORM}")
        if not status[1].startswith(b"2"):
            raise ConnectFailed(f"proxy {self.origin} opened no tunnel to {origin}: HTTP {status[1].decode()}")


class _Tunnel(asyncio.Protocol):
    """A connection until the proxy has answered CONNECT; `answer` is what came until then, bounded."""

    def __init__(self) -> None:
        self.answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        if b"\r\n\r\n" in self._received or len(self._received) > _MAX_HEAD:
            self._end()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self._end()

    def _end(self) -> None:
        if not self.answer.done():
            self.answer.set_result(self._received)


@dataclass(frozen=True)
class Exceptions:
    """NO_PROXY: the hosts that are asked directly."""

    entries: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Exceptions:
        """Return the exceptions of a list with commas.

        Each is a host or a domain (then with all below it), an address, a network in CIDR notation, or `*` for all;
        each but a network may have a port, and is meant for that port alone.
        """
        return cls(tuple(entry for part in text.split(",") if (entry := part.strip().lower())))

    def cover(self, origin: Origin) -> bool:
        """Return whether an origin is one of them."""
        host = origin.host.lower().rstrip(".")
        return any(_covers(entry, host, _address(host), origin.port) for entry in self.entries)


@dataclass(frozen=True)
class Proxies:
    """The proxies of both schemes, and what is asked without."""

    https: Proxy | None = None
    http: Proxy | None = None
    exceptions: Exceptions = Exceptions()

    def for_origin(self, origin: Origin) -> Proxy | None:
        """Return the proxy for an origin; none for this machine and its metadata services, whatever is set."""
        if _is_near(origin.host.lower().rstrip(".")) or self.exceptions.cover(origin):
            return None
        return self.https if origin.scheme == "https" else self.http


def _covers(entry: str, host: str, address: IPv4Address | IPv6Address | None, port: int) -> bool:
    if entry == "*":
        return True
    if address is not None and "/" in entry:
        try:
            return address in ip_network(entry, strict=False)
        except ValueError:
            return False
    name, only_port = _without_port(entry)
    if only_port is not None and only_port != str(port):
        return False
    if address is not None:
        return _address(name.lstrip(".")) == address
    domain = name.removeprefix("*").strip(".")
    return bool(domain) and (host == domain or host.endswith(f".{domain}"))


def _without_port(entry: str) -> tuple[str, str | None]:
    """Return an entry's host and its port: an IPv6 address has one only where it stands in brackets."""
    if entry.startswith("["):
        host, _, rest = entry[1:].partition("]")
        return host, rest.removeprefix(":") or None
    if entry.count(":") != 1:
        return entry, None
    host, _, port = entry.partition(":")
    return host, port


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _is_near(host: str) -> bool:
    address = _address(host)
    if address is None:
        return host == "localhost" or host.endswith(".localhost") or host in _METADATA_HOSTS
    return address.is_loopback or address.is_link_local or address in _METADATA_NETWORK
