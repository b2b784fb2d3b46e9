"""The Date header, which an origin server with a clock has to send (RFC 9110 section 6.6.1)."""

from __future__ import annotations

import time
from functools import lru_cache


def date_line() -> bytes:
    """Return the header with its end of line, as of now."""
    return _line(int(time.time()))


@lru_cache(maxsize=1)
def _line(second: int) -> bytes:
    return time.strftime("date: %a, %d %b %Y %H:%M:%S GMT\r\n", time.gmtime(second)).encode()
