"""Bytes to requests: httptools, and what it leaves to its user."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import unquote

import httptools

from secret_sidecar.http_server.limits import Limits
from secret_sidecar.http_server.refusal import Refusal

PIECE = 16 << 10
"""Bytes that are parsed at a time, so that limits are checked between."""
_HEADER = 160
"""Bytes that Python takes for a header beside its name and value."""
_ABSOLUTE = re.compile(rb"(https?)://([^/?]*)(.*)", re.IGNORECASE | re.DOTALL)
_FRAMING = frozenset({b"content-length", b"transfer-encoding", b"expect"})
_SLACK = 1024
"""What a head has beside target and headers: method, version, colons, ends of lines, and empty lines before it."""


class Request(NamedTuple):
    """A request as it came: the scope of the ASGI specification as far as the request tells it, and no framing."""

    scope: dict[str, Any]
    body: bytes
    keep_alive: bool
    size: int
    """Bytes of memory that it takes, roughly."""
    scheme: str
    """Of an absolute target; else empty."""

    def __repr__(self) -> str:
        """Show nothing of headers, target and body: each may have a secret."""
        return f"Request({self.scope['method']} …)"


class Reader:
    """Hands over each request once its last byte is there; raises Refusal, after which there is nothing to read."""

    def __init__(self, limits: Limits, ready: Callable[[Request], None], goes_on: Callable[[], None]) -> None:
        self._limits = limits
        self._ready = ready
        self._goes_on = goes_on
        self._parser = httptools.HttpRequestParser(self)
        self._scope: dict[str, Any] | None = None  # once the head is whole
        self._is_between = True  # two requests
        self.method: str | None = None
        """Of the request that is being read, once it is known."""
        self._keep_alive = False
        self._unparsed = 0  # bytes since the last whole head, part of a body or request
        self._owed = 0  # bytes of a body that the parser does not read
        self._body = bytearray()  # pieces may have two bytes each, which an object for each would multiply
        self._begin()

    def _begin(self) -> None:
        self._target = b""
        self._scheme = ""
        self._headers: list[tuple[bytes, bytes]] = []
        self._head = 0
        self._length = 0
        self._is_chunked = False
        self._is_expected = False

    def close(self) -> None:
        """Let go of what refers to this: together they would stay until garbage is searched for."""
        del self._parser, self._ready, self._goes_on

    @property
    def is_between(self) -> bool:
        """Whether there is nothing of a request yet."""
        return self._is_between and not self._unparsed

    @property
    def held(self) -> int:
        """Bytes of memory that a request takes as far as it was read, roughly."""
        return self._unparsed + len(self._body) + self._head + _HEADER * len(self._headers)

    @property
    def is_expected(self) -> bool:
        """Whether the caller waits to be told that it may send the body (RFC 9110 section 10.1.1)."""
        return self._is_expected and self._scope is not None and not self._body

    def feed(self, data: bytes) -> None:
        """Read what came."""
        if len(data) <= PIECE:
            self._feed(data)
            return
        for start in range(0, len(data), PIECE):
            self._feed(data[start : start + PIECE])

    def _feed(self, data: bytes) -> None:
        while data:
            if self._owed:
                data = self._read_owed(data)
                continue
            self._unparsed += len(data)
            try:
                self._parser.feed_data(data)
            except httptools.HttpParserUpgrade as upgrade:
                # We stay with HTTP/1.1, as a server may (RFC 9110 section 7.8), so what follows is HTTP/1.1 too.
                self._parser = httptools.HttpRequestParser(self)
                data = data[upgrade.args[0] :]
                continue
            except httptools.HttpParserError as error:
                if isinstance(error, httptools.HttpParserInvalidURLError):
                    self._know_method()
                raise _refusal(error) from None
            self._bound()
            return

    def _bound(self) -> None:
        """Refuse what has no end in sight: the parser would gather all of it."""
        limits = self._limits
        if self._scope is None:
            if self._unparsed > limits.target + limits.head + _SLACK:
                raise Refusal(431, f"expected a head of at most {limits.head} bytes")
        elif self._unparsed > limits.head + _SLACK:
            raise Refusal(413, f"expected at most {limits.head} bytes of trailers, or before a chunk")

    def _read_owed(self, data: bytes) -> bytes:
        body, rest = data[: self._owed], data[self._owed :]
        self._owed -= len(body)
        self.on_body(body)
        if not self._owed:
            self._hand_over()
        return rest

    # What the parser calls.

    def on_message_begin(self) -> None:
        self._is_between = False

    def on_url(self, target: bytes) -> None:
        if not self._target:
            self._know_method()
        self._target += target
        if len(self._target) > self._limits.target:
            raise Refusal(414, f"expected a target of at most {self._limits.target} bytes")

    def on_header(self, name: bytes, value: bytes) -> None:
        self._head += len(name) + len(value)
        if self._head > self._limits.head or len(self._headers) >= self._limits.headers:
            raise Refusal(431, f"expected at most {self._limits.headers} headers, of {self._limits.head} bytes in all")
        if self._scope is not None:
            return  # a trailer: it has to end, and nobody needs it
        name = name.lower()
        self._headers.append((name, value))
        if name in _FRAMING:
            self._frame(name, value)

    def on_headers_complete(self) -> None:
        method, version = self.method, self._parser.get_http_version()
        if version not in {"1.0", "1.1"}:
            raise Refusal(400, f"HTTP/{version}: expected HTTP/1.1")
        if version == "1.0" and self._is_chunked:
            raise Refusal(400, "a transfer coding: expected none in HTTP/1.0")
        if not self._target.startswith(b"/"):
            self._make_relative()
        if method == "CONNECT" or not self._target.startswith(b"/") or b"#" in self._target:
            raise Refusal(400, f"target {self._target[:80]!r}: expected a path, because this is not a proxy")
        if not self._target.isascii():
            raise Refusal(400, "target: expected ASCII, all else percent-encoded")
        self._keep_alive = version == "1.1" and self._parser.should_keep_alive()
        self._is_expected = self._is_expected and version == "1.1"  # RFC 9110 section 10.1.1
        raw_path, _, query = self._target.partition(b"?")
        path = raw_path.decode()
        self._scope = {
            "http_version": version,
            "method": method,
            "path": unquote(path) if "%" in path else path,
            "raw_path": raw_path,
            "query_string": query,
            "headers": self._headers,
        }
        self._unparsed = 0
        if self._is_expected:
            self._goes_on()

    def on_body(self, body: bytes) -> None:
        self._unparsed = 0
        if len(self._body) + len(body) > self._limits.body:
            raise Refusal(413, f"expected a body of at most {self._limits.body} bytes")
        self._body += body

    def on_message_complete(self) -> None:
        if self._parser.should_upgrade() and (self._length or self._is_chunked):
            # Where an upgrade is asked for, the parser takes the body for the other protocol's.
            if self._is_chunked:
                raise Refusal(400, "an upgrade with a chunked body: expected a Content-Length")
            self._owed = self._length
        else:
            self._hand_over()

    def _hand_over(self) -> None:
        scope, self._scope = self._scope, None
        assert scope is not None  # noqa: S101
        body = b""
        if self._body:
            body = bytes(self._body)
            self._body.clear()
        size = len(body) + len(self._target) + self._head + _HEADER * len(self._headers)
        request = Request(scope, body, self._keep_alive, size, self._scheme)
        self._begin()  # an idle connection keeps no token
        self._unparsed = 0
        self._is_between = True
        self._ready(request)
        self.method = None

    def _make_relative(self) -> None:
        """Make an absolute target a path, and its authority the Host, whatever that was (RFC 9112 section 3.2.2)."""
        absolute = _ABSOLUTE.fullmatch(self._target)
        if absolute is None:
            return
        scheme, authority, rest = absolute.groups()
        self._target = rest if rest.startswith(b"/") else b"/" + rest
        self._headers = [(name, authority if name == b"host" else value) for name, value in self._headers]
        self._scheme = scheme.decode().lower()

    def _know_method(self) -> None:
        self.method = self._parser.get_method().decode()

    def _frame(self, name: bytes, value: bytes) -> None:
        if name == b"content-length":
            self._length = int(value)
            if self._length > self._limits.body:
                raise Refusal(413, f"expected a body of at most {self._limits.body} bytes")
        elif name == b"transfer-encoding":
            if self._is_chunked or value.lower() != b"chunked":
                raise Refusal(400, f"Transfer-Encoding {value[:80]!r}: expected 'chunked', once")
            self._is_chunked = True
        else:
            self._is_expected = value.lower() == b"100-continue"


def _refusal(error: httptools.HttpParserError) -> Refusal:
    """Return why the parser gave up: what one of its callbacks raised, or that this is no HTTP."""
    cause = error.__context__
    return cause if isinstance(cause, Refusal) else Refusal(400, f"no HTTP/1.1: {error}")
