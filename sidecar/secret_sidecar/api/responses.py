"""Successful answers of the API: JSON that must not be cached."""

from __future__ import annotations

import json
from collections import deque
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from secret_sidecar.api.memory_budget import Reservation
from secret_sidecar.api.request_parsing import MEDIA_TYPE
from secret_sidecar.api.secret_reader import CURRENT, Selection
from secret_sidecar.flat_json import json_of
from secret_sidecar.problems import NO_STORE
from secret_sidecar.vaults.store import Secret

_NO_STORE = (b"cache-control", b"no-store")
_JSON = (b"content-type", MEDIA_TYPE.encode())


class _SecretResponse(Response):
    """A secret: the most frequent answer, so without the overhead of a general response."""

    def __init__(self, body: bytes, etag: str) -> None:
        self.status_code = 200
        self.background = None
        self.body = body
        length = (b"content-length", b"%d" % len(body))
        self.raw_headers = [(b"etag", etag.encode("latin-1")), _NO_STORE, length, _JSON]


class Parts(Response):
    """An answer in parts, each released once the client has read it."""

    def __init__(self, parts: deque[bytes], reservation: Reservation) -> None:
        self.status_code = 200
        self.background = None
        self._parts = parts
        self._reservation = reservation
        self.raw_headers = [_NO_STORE, (b"content-length", b"%d" % sum(map(len, parts))), _JSON]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Send them."""
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            while self._parts:
                part = self._parts.popleft()
                await send({"type": "http.response.body", "body": part, "more_body": bool(self._parts)})
        finally:
            self._reservation.release_all()


def json_response(document: dict[str, Any], status: int = 200, **headers: str) -> Response:
    """Return a document."""
    return Response(json.dumps(document).encode(), status, {**headers, **NO_STORE}, media_type=MEDIA_TYPE)


def secret_response(secret: Secret, selection: Selection, if_none_match: list[str]) -> Response:
    """Return a secret, or 304 if the client has this version (RFC 9110 section 13.1.2)."""
    etag = f'"{secret.version}"'
    if if_none_match and _matches(etag, if_none_match):
        return Response(status_code=304, headers={"ETag": etag, **NO_STORE})
    return _SecretResponse(json_of(members(secret, selection)), etag)


def members(secret: Secret, selection: Selection) -> dict[str, str]:
    """Return a secret as answers show it."""
    shown = {"name": secret.name, "value": secret.value, "version": secret.version}
    if secret.encoding:
        shown["encoding"] = secret.encoding
    return shown if selection is CURRENT else selection.members() | shown


def _matches(etag: str, if_none_match: list[str]) -> bool:
    tags = {tag.strip().removeprefix("W/") for line in if_none_match for tag in line.split(",")}
    return etag in tags or "*" in tags
