"""Answers of the API that are no problems: JSON that nobody may keep."""

from __future__ import annotations

import json
from typing import Any

from starlette.responses import Response

from secret_sidecar.api.asking import CURRENT, Selection
from secret_sidecar.api.bodies import MEDIA_TYPE
from secret_sidecar.problems import NO_STORE
from secret_sidecar.stores import Secret


def json_response(document: dict[str, Any], status: int = 200, **headers: str) -> Response:
    """Return a document."""
    return Response(json.dumps(document).encode(), status, {**headers, **NO_STORE}, media_type=MEDIA_TYPE)


def secret_response(secret: Secret, selection: Selection, if_none_match: list[str]) -> Response:
    """Return a secret, or 304 if the caller has this version (RFC 9110 section 13.1.2)."""
    etag = f'"{secret.version}"'
    if if_none_match and _matches(etag, if_none_match):
        return Response(status_code=304, headers={"ETag": etag, **NO_STORE})
    return json_response(members(secret, selection), ETag=etag)


def members(secret: Secret, selection: Selection) -> dict[str, Any]:
    """Return a secret as answers show it."""
    shown = {"name": secret.name, "value": secret.value, "version": secret.version}
    if secret.encoding:
        shown["encoding"] = secret.encoding
    return shown if selection is CURRENT else selection.members() | shown


def _matches(etag: str, if_none_match: list[str]) -> bool:
    tags = {tag.strip().removeprefix("W/") for line in if_none_match for tag in line.split(",")}
    return etag in tags or "*" in tags
