"""When credentials end by this machine's clock, which may be wrong: a cloud's dates count from its own `Date`."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from secret_sidecar.http_client.connection import Answer

TOLERATED = 60.0
"""Seconds that two clocks may differ without being corrected: a `Date` has whole seconds, and answers take time."""
_FOREVER = 1e9


def clock_ahead(answer: Answer) -> float:
    """Return the seconds that this machine's clock is ahead of the server's, by its Date (RFC 9110 section 6.6.1).

    0 if there is no Date, or they differ by no more than is tolerated; negative if the clock is behind.
    """
    try:
        date = parsedate_to_datetime(answer.headers.get("date", ""))
        ahead = time.time() - (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, OverflowError):
        return 0.0
    return ahead if abs(ahead) > TOLERATED else 0.0


def ends_at(text: str, answer: Answer) -> float:
    """Return a time of the server's in ISO 8601 as seconds since 1970 by this machine's clock, or raise ValueError."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("an Expiration without a time zone")
    return at.timestamp() + clock_ahead(answer)


def ends_after(lifetime: object) -> float | None:
    """Return when what lasts for these seconds ends; None where nobody knows, or it lasts for decades.

    RFC 6749 section 5.1 only recommends to say it, and some say it as a text. What has no known end is used until the
    vault refuses it. ValueError where the end has come already.
    """
    if isinstance(lifetime, bool) or not isinstance(lifetime, int | float | str):
        return None
    try:
        seconds = float(lifetime)
    except (ValueError, OverflowError):  # no number; a number larger than any time
        return None
    if seconds <= 0:
        raise ValueError("a lifetime that is over")
    return time.time() + seconds if seconds < _FOREVER else None
