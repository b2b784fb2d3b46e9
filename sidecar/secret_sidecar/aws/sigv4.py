"""AWS Signature Version 4, in headers, over a body that is wholly there.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import quote

from secret_sidecar.aws.credentials import Credentials

ALGORITHM = "AWS4-HMAC-SHA256"
Unsigned = tuple[Credentials, str, str, tuple[tuple[str, str], ...]]
"""By whom, method, target and headers."""


_DATE = "\0"
"""Stands for the date in what is prepared: no header can hold it."""


class _Prepared(NamedTuple):
    """What is the same for requests that differ in body and date alone: the canonical request around them."""

    of: Unsigned
    before_date: str
    after_date: str
    names: str


class Signer:
    """Signs for one service in one region. The signing key, which serves for a day, is kept, and what is prepared."""

    def __init__(self, service: str, region: str) -> None:
        self._service = service
        self._region = region
        self._key_of: tuple[str, str] | None = None
        self._key = b""
        self._second = -1
        self._stamp = ""
        self._prepared: _Prepared | None = None

    def sign(
        self,
        credentials: Credentials,
        method: str,
        target: str,
        headers: Iterable[tuple[str, str]],
        body: bytes,
        now: float,
    ) -> list[tuple[str, str]]:
        """Return the headers to send: those given, which must contain Host, and the signature's own.

        `target` is the request's path and query as they are sent; `now` is in seconds since 1970.
        """
        if self._second != int(now):
            self._second, self._stamp = int(now), time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
        stamp = self._stamp
        day = stamp[:8]
        of = (credentials, method, target, tuple(headers))
        prepared = self._prepared
        if prepared is None or prepared.of != of:
            prepared = self._prepared = _prepare(of)
        request = f"{prepared.before_date}{stamp}{prepared.after_date}{hashlib.sha256(body).hexdigest()}"
        scope = f"{day}/{self._region}/{self._service}/aws4_request"
        text = f"{ALGORITHM}\n{stamp}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
        signature = hmac.digest(self._signing_key(credentials.secret_key, day), text.encode(), "sha256").hex()
        authorization = (
            f"{ALGORITHM} Credential={credentials.access_key}/{scope}, "
            f"SignedHeaders={prepared.names}, Signature={signature}"
        )
        return [*_signed(of, stamp), ("Authorization", authorization)]

    def _signing_key(self, secret_key: str, day: str) -> bytes:
        if self._key_of != (secret_key, day):
            key = f"AWS4{secret_key}".encode()
            for part in (day, self._region, self._service, "aws4_request"):
                key = hmac.digest(key, part.encode(), "sha256")
            self._key, self._key_of = key, (secret_key, day)
        return self._key


def _signed(of: Unsigned, stamp: str) -> tuple[tuple[str, str], ...]:
    """Return the headers that are signed."""
    credentials, _, _, headers = of
    token = (("X-Amz-Security-Token", credentials.token),) if credentials.token else ()
    return (*headers, ("X-Amz-Date", stamp), *token)


def _prepare(of: Unsigned) -> _Prepared:
    _, method, target, _ = of
    names, canonical_headers = _canonical_headers(_signed(of, _DATE))
    path, _, query = target.partition("?")
    parts = (method, _canonical_path(path), _canonical_query(query), canonical_headers, "", names, "")
    before, _, after = "\n".join(parts).partition(_DATE)
    return _Prepared(of, before, after, names)


def _canonical_headers(headers: Iterable[tuple[str, str]]) -> tuple[str, str]:
    """Lowercase names in order, and `name:value` lines, runs of spaces made one, equal names joined by commas."""
    values: dict[str, str] = {}
    for name, value in headers:
        key, trimmed = name.lower().strip(), " ".join(value.split())
        values[key] = f"{values[key]},{trimmed}" if key in values else trimmed
    names = sorted(values)
    return ";".join(names), "\n".join(f"{name}:{values[name]}" for name in names)


def _canonical_query(query: str) -> str:
    """Pairs in order, by name and then by value, as they are sent."""
    pairs = sorted(part.partition("=")[::2] for part in query.split("&")) if query else []
    return "&".join(f"{name}={value}" for name, value in pairs)


def _canonical_path(path: str) -> str:
    """Every service but S3: without dot segments and empty ones, and encoded once more than it is sent."""
    if path in {"", "/"}:
        return "/"
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del kept[-1:]
        elif segment not in {"", "."}:
            kept.append(segment)
    first = "/" if path.startswith("/") else ""
    last = "/" if path.endswith("/") and kept else ""
    return quote(first + "/".join(kept) + last, safe="/-_.~")
