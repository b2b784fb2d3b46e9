"""Scheme, host and port of a server: what a pool of connections belongs to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

USER_AGENT = ("User-Agent", "secret-sidecar")

_ORIGIN_FORM = "http:// or https://, a host, and maybe a port, such as 'http://localhost:4566'"
_HOST = re.compile(r"[a-z0-9_.{}-]{1,253}")  # braces are a template's
_BREAKS = re.compile(r"[\r\n\0]")


@dataclass(frozen=True)
class Origin:
    """Scheme, host and port: what a pool of connections belongs to."""

    scheme: str
    host: str
    port: int
    sni: str = ""
    """Whose certificate the server shows, and which server is asked for in TLS, if that is not the host."""

    @classmethod
    def parse(cls, url: str) -> Origin:
        """Return the origin of a URL that has no path, or raise ValueError with the form expected."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise ValueError(_ORIGIN_FORM) from None
        rest = (parts.path.strip("/"), parts.query, parts.fragment, parts.username)
        host = parts.hostname or ""
        if parts.scheme not in {"http", "https"} or not host.strip(".") or any(rest) or _BREAKS.search(url):
            raise ValueError(_ORIGIN_FORM)
        if not _is_host(host):
            raise ValueError(f"{_ORIGIN_FORM}; a host of other letters in its form with 'xn--' (RFC 5890)")
        if port == 0:
            raise ValueError(f"{_ORIGIN_FORM}; a port is 1 to 65535")
        return cls(parts.scheme, host, port or (443 if parts.scheme == "https" else 80))

    @property
    def name(self) -> str:
        """The host as certificates and servers have it: without the dot at its end, which only a resolver needs."""
        return self.host.removesuffix(".")

    @property
    def tls_name(self) -> str:
        """The name that is sent in TLS (SNI), and that the certificate must have."""
        return self.sni or self.name

    @property
    def authority(self) -> str:
        """The Host header's value: the port is left out where it is the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.name
        return host if (self.scheme, self.port) in {("http", 80), ("https", 443)} else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}"


def _is_host(text: str) -> bool:
    """Return whether a text is a DNS name, or an address: what can be looked up and be sent as a Host header."""
    if _HOST.fullmatch(text):
        return True
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
