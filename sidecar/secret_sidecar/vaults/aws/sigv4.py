"""AWS Signature Version 4, in headers, over a body that is wholly there.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote

from secret_sidecar.vaults.aws.credentials import Credentials

ALGORITHM = "AWS4-HMAC-SHA256"
Headers = tuple[tuple[str, str], ...]

_DATE = "\0"
"""Stands for the date in what is prepared: no header can hold it."""


@dataclass(frozen=True, slots=True, repr=False)
class Prepared:
    """What requests have in common that differ in body and date alone, and the canonical request around these."""

    credentials: Credentials
    headers: Headers
    """Those given, and the session token's; all but the two that signing adds."""
    before_date: str
    after_date: str
    names: str


def prepare(credentials: Credentials, method: str, target: str, headers: Iterable[tuple[str, str]]) -> Prepared:
    """Return what `Signer.sign` signs; `target` is the path and query as they are sent, `headers` must have Host."""
    token = (("X-Amz-Security-Token", credentials.token),) if credentials.token else ()
    constant = (*headers, *token)
    names, canonical_headers = _canonical_headers((*constant, ("X-Amz-Date", _DATE)))
    path, _, query = target.partition("?")
    parts = (method, _canonical_path(path), _canonical_query(query), canonical_headers, "", names, "")
    before, _, after = "\n".join(parts).partition(_DATE)
    return Prepared(credentials, constant, before, after, names)


@dataclass(frozen=True, slots=True, repr=False)
class _Second:
    """What the signatures of one prepared request have in common within a second."""

    request: Prepared
    second: int
    date: tuple[str, str]
    canonical: hashlib._Hash
    """Of the canonical request up to the hash of the body."""
    text: str
    authorization: str


class Signer:
    """Signs for one service in one region. The signing key, which serves for a day, is kept."""

    def __init__(self, service: str, region: str) -> None:
        self._service = service
        self._region = region
        self._key_of: tuple[str, str] | None = None
        self._key = hmac.new(b"", digestmod="sha256")
        self._last: _Second | None = None

    def sign(self, request: Prepared, body: bytes, now: float) -> Headers:
        """Return the two headers that make a request with this body a signed one; `now` is in seconds since 1970."""
        last = self._last
        if last is None or last.second != int(now) or last.request is not request:
            last = self._last = self._begin(request, now)
        canonical = last.canonical.copy()
        canonical.update(hashlib.sha256(body).hexdigest().encode())
        signature = self._key.copy()
        signature.update(f"{last.text}{canonical.hexdigest()}".encode())
        return (last.date, ("Authorization", last.authorization + signature.hexdigest()))

    def _begin(self, request: Prepared, now: float) -> _Second:
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
        day = stamp[:8]
        credentials = request.credentials
        if self._key_of != (credentials.secret_key, day):
            self._key, self._key_of = self._signing_key(credentials.secret_key, day), (credentials.secret_key, day)
        scope = f"{day}/{self._region}/{self._service}/aws4_request"
        return _Second(
            request,
            int(now),
            ("X-Amz-Date", stamp),
            hashlib.sha256(f"{request.before_date}{stamp}{request.after_date}".encode()),
            f"{ALGORITHM}\n{stamp}\n{scope}\n",
            f"{ALGORITHM} Credential={credentials.access_key}/{scope}, SignedHeaders={request.names}, Signature=",
        )

    def _signing_key(self, secret_key: str, day: str) -> hmac.HMAC:
        key = f"AWS4{secret_key}".encode()
        for part in (day, self._region, self._service, "aws4_request"):
            key = hmac.digest(key, part.encode(), "sha256")
        return hmac.new(key, digestmod="sha256")


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
