"""The Authorization header of a request, which has to be of the scheme Bearer (RFC 6750 section 2.1)."""

from __future__ import annotations

from secret_sidecar.errors import INVALID_BEARER, Unauthenticated


def bearer_token(headers: list[tuple[bytes, bytes]], expected: str) -> bytes:
    """Return the token of a request with these headers, names in lowercase, or raise Unauthenticated.

    `expected` says which token it should be.
    """
    given = [value for name, value in headers if name == b"authorization"]
    if not given:
        raise Unauthenticated(f"header 'Authorization': expected 'Bearer ' and {expected}")
    scheme, _, token = given[0].partition(b" ")
    if len(given) > 1 or scheme.lower() != b"bearer":
        raise Unauthenticated(f"header 'Authorization': expected one, 'Bearer ' and {expected}", INVALID_BEARER)
    return token.strip()
