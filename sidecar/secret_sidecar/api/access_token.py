"""A token of the callers' own: with SECRETS_TOKEN_FILE set, who does not show it is not answered.

Sources: RFC 6750 (bearer tokens), https://docs.python.org/3/library/hmac.html#hmac.compare_digest
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import os
import re
from collections.abc import Awaitable
from pathlib import Path

from starlette.types import ASGIApp, Receive, Scope, Send

from secret_sidecar import problems
from secret_sidecar.authorization import bearer_token
from secret_sidecar.errors import INVALID_BEARER, SettingsError, Unauthenticated
from secret_sidecar.files import read_file

LARGEST = 4096
_TOKEN = re.compile(rb"[A-Za-z0-9._~+/-]{16,}=*")
_FORM = "one line of at least 16 characters: letters, digits and '-._~+/', maybe '=' at the end"

log = logging.getLogger(__name__)


class TokenFile:
    """The token in a file, read again whenever the file is another; of the token only a digest is kept."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, ...] = ()
        self._digest: bytes | None = None
        self.reason = ""
        if not self._current():
            raise SettingsError(f"SECRETS_TOKEN_FILE={str(path)!r}: {self.reason}")

    def check(self, headers: list[tuple[bytes, bytes]]) -> Unauthenticated | None:
        """Return why a request with these headers, names in lowercase, is not answered; None if it is.

        Without a readable token nobody is.
        """
        try:
            token = bearer_token(headers, "the token of SECRETS_TOKEN_FILE")
        except Unauthenticated as refusal:
            return refusal.with_traceback(None)  # which has the headers in it
        expected = self._current()
        if expected is None:
            return Unauthenticated(f"no token is accepted now: {self.reason}", INVALID_BEARER)
        if hmac.compare_digest(hashlib.sha256(token).digest(), expected):
            return None
        return Unauthenticated("header 'Authorization': not the token of SECRETS_TOKEN_FILE", INVALID_BEARER)

    def _current(self) -> bytes | None:
        """Return the digest of the token that is in the file now."""
        seen: tuple[int, ...]
        try:
            found = os.stat(self._path)
            seen = (found.st_dev, found.st_ino, found.st_mtime_ns, found.st_ctime_ns, found.st_size)
            if seen == self._seen:
                return self._digest
            token = read_file(self._path, LARGEST + 1).strip()
        except OSError as error:
            seen, token, reason = (), b"", error.strerror or type(error).__name__
        else:
            reason = f"expected {_FORM}"
        good = len(token) <= LARGEST and _TOKEN.fullmatch(token) is not None
        if not good and reason != self.reason:
            log.warning("no access token", extra={"reason": reason})
        self._seen, self._digest = seen, hashlib.sha256(token).digest() if good else None
        self.reason = "" if good else reason
        return self._digest


class TokenRequired:
    """Middleware: lets a request through if it shows the token."""

    def __init__(self, app: ASGIApp, token_file: TokenFile) -> None:
        self._app = app
        self._token_file = token_file

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Answer 401 or hand the request on."""
        if scope["type"] == "http" and (refusal := self._token_file.check(scope["headers"])):
            return problems.response(refusal)(scope, receive, send)
        return self._app(scope, receive, send)
