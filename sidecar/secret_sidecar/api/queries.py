"""Queries of requests: each parameter known, given once, and of text."""

from __future__ import annotations

from urllib.parse import parse_qsl

from starlette.requests import Request

from secret_sidecar.errors import BadRequest


def parameters(request: Request, *expected: str) -> dict[str, str]:
    """Return the query's parameters, or raise BadRequest if there is another than expected, or one twice.

    A `+` is a space, as in forms; what was escaped has to be UTF-8 (RFC 3986 section 2.5).
    """
    query: bytes = request.scope["query_string"]
    given: dict[str, str] = {}
    if not query:
        return given
    try:
        pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True, errors="strict")
    except UnicodeDecodeError:
        raise BadRequest("the query's escapes are no UTF-8: expected text") from None
    for parameter, value in pairs:
        if parameter not in expected:
            raise BadRequest(f"query parameter {parameter[:80]!r}: expected {' or '.join(expected) or 'none'}")
        if parameter in given:
            raise BadRequest(f"query parameter {parameter!r} is given twice: expected it once")
        given[parameter] = value
    return given
