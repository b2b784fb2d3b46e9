"""Scheme, host and port of a server: what a pool of connections belongs to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

USER_AGENT = ("User-Agent", "secret-sidecar")

_ORIGIN_FORM = "http:// or https://, a host, and maybe a port, such as 'http://localhost:4566'"
_BREAKS = re.compile(r"[\r\n\0]")


@dataclass(frozen=True)
class Origin:
    """Scheme, host and port: what a pool of connections belongs to."""

    scheme: str
    host: str
    port: int

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
        return cls(parts.scheme, host, port or (443 if parts.scheme == "https" else 80))

    @property
    def name(self) -> str:
        """The host as certificates and servers have it: without the dot at its end, which only a resolver needs."""
        return self.host.removesuffix(".")

    @property
    def authority(self) -> str:
        """The Host header's value: the port is left out where it is the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.name
        return host if (self.scheme, self.port) in {("http", 80), ("https", 443)} else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}"
