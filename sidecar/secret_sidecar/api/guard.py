"""Which requests are accepted: those sent to localhost directly, and not by a web page.

A page that rebinds its own DNS name to 127.0.0.1 sends its own name as Host; a server that is talked into forwarding a
request (SSRF) usually says so in a header; a browser says in Origin and Sec-Fetch-Site that a page asks, and the page
cannot keep it from doing so (https://fetch.spec.whatwg.org/#origin-header, https://www.w3.org/TR/fetch-metadata/). All
get 421 (RFC 9110 section 15.5.20), not this server's to answer; 403 stays what the cloud says. Sec-Fetch-Site `none` is
an address that a person typed, which no page can pretend. No Host, or two, is no request: 400 (RFC 9112 section 3.2).
Where a target names its own authority, the server has put that in the place of what Host said (section 3.2.2).
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Iterable

from starlette.types import ASGIApp, Receive, Scope, Send

from secret_sidecar import problems
from secret_sidecar.errors import BadRequest, Misdirected

HOSTS = re.compile(rb"(?:localhost|127\.0\.0\.1|\[::1\])(?::[0-9]{1,5})?", re.IGNORECASE)
LOOPBACK = "localhost, 127.0.0.1 or [::1]"
FORWARDING = frozenset({b"forwarded", b"via", b"x-real-ip", b"true-client-ip", b"cf-connecting-ip"})


class Guard:
    """Middleware that accepts a request if its one Host is loopback and no header is that of a proxy or web page."""

    def __init__(self, app: ASGIApp, hosts: re.Pattern[bytes] = HOSTS, expected: str = LOOPBACK) -> None:
        self._app = app
        self._hosts = hosts
        self._expected = expected

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Answer 421 or 400, or hand the request on."""
        if scope["type"] == "http" and (refusal := refuse(scope["headers"], self._hosts, self._expected)):
            return problems.response(refusal)(scope, receive, send)
        return self._app(scope, receive, send)


def hosts_of(names: Iterable[str]) -> re.Pattern[bytes]:
    """Return what a Host header looks like that has one of these names."""
    return re.compile(rb"(?:%b)(?::[0-9]{1,5})?" % b"|".join(re.escape(n.encode()) for n in names), re.IGNORECASE)


def refuse(
    headers: list[tuple[bytes, bytes]], hosts: re.Pattern[bytes] = HOSTS, expected: str = LOOPBACK
) -> Misdirected | BadRequest | None:
    """Return why a request with these headers, names in lowercase, is not answered; None if it is."""
    count, misdirected = 0, None
    for name, value in headers:
        if name == b"host":
            count += 1
            if not hosts.fullmatch(value):
                misdirected = Misdirected(f"Host {_shown(value)}: expected {expected}")
        elif name in FORWARDING or name.startswith(b"x-forwarded"):
            return Misdirected(f"header {_shown(name)}: expected a request that no server forwarded")
        elif name == b"origin" or (name == b"sec-fetch-site" and value != b"none"):
            return Misdirected(f"header {_shown(name)}: expected a request that no web page made")
    return misdirected if count == 1 else BadRequest(f"{count} Host headers: expected one")


def _shown(given: bytes) -> str:
    """Return the beginning of what a caller sent: an answer is not as long as whoever asks wants it to be."""
    return repr(given.decode("latin-1")[:80])
