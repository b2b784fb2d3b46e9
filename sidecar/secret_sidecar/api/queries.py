"""Queries of requests: each parameter known, and given once."""

from __future__ import annotations

from starlette.requests import Request

from secret_sidecar.errors import BadRequest


def parameters(request: Request, *expected: str) -> dict[str, str]:
    """Return the query's parameters, or raise BadRequest if there is another than expected, or one twice."""
    given: dict[str, str] = {}
    for parameter, value in request.query_params.multi_items():
        if parameter not in expected:
            raise BadRequest(f"query parameter {parameter[:80]!r}: expected {' or '.join(expected) or 'none'}")
        if parameter in given:
            raise BadRequest(f"query parameter {parameter!r} is given twice: expected it once")
        given[parameter] = value
    return given
