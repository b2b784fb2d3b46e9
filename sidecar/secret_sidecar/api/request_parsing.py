"""Request bodies: JSON objects with that Content-Type, limited in size."""

from __future__ import annotations

import json
from typing import Any

from starlette.requests import ClientDisconnect, Request

from secret_sidecar.errors import BadRequest, BodyNotJson, BodyTooLarge

MEDIA_TYPE = "application/json"


async def json_object(request: Request, limit: int) -> dict[str, Any]:
    """Return a request's body, of at most so many bytes, or raise BadRequest."""
    media_type = request.headers.get("content-type", "")
    if media_type.partition(";")[0].strip().lower() != MEDIA_TYPE:
        raise BodyNotJson(f"Content-Type {media_type[:80]!r}: expected {MEDIA_TYPE}")
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > limit:
                raise BodyTooLarge(f"the body has more than {limit} bytes: expected at most that")
    except ClientDisconnect:
        raise BadRequest("the body ended early") from None
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise BadRequest("the body is not JSON: expected a JSON object") from None
    if not isinstance(document, dict):
        raise BadRequest("the body is not a JSON object: expected one")
    return document


def no_others(document: dict[str, Any], expected: str) -> None:
    """Raise BadRequest if the object has members besides these, which are separated by spaces."""
    for member in document:
        if member not in expected.split():
            raise BadRequest(f"{member[:80]!r}: expected no members but {', '.join(expected.split())}")
