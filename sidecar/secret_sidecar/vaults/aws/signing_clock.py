"""The time that requests are signed with: AWS refuses a signature that is more than five minutes off.

Its answers say what time it is, and AWS's own SDKs correct their clock by that:
https://aws.amazon.com/blogs/developer/clock-skew-correction/
"""

from __future__ import annotations

import time

from secret_sidecar.http_client.connection import Answer
from secret_sidecar.vaults.identity.expiry import TOLERATED, clock_ahead

WRONG_TIME = frozenset({
    "AuthFailure",
    "InvalidSignatureException",
    "RequestExpired",
    "RequestInTheFuture",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
})  # fmt: skip
"""The codes of a signature that is refused, which may be for its time."""


class SigningClock:
    """This machine's clock, corrected once AWS refused it."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def now(self) -> float:
        """Return seconds since 1970, as AWS counts them."""
        return time.time() - self._ahead

    def is_corrected_by(self, answer: Answer, code: str | None) -> bool:
        """Correct it by an answer with this error code; False if it was right, or the answer is about something else.

        A clock that was corrected here, and set right on the machine since, is corrected back in the same way.
        """
        if code not in WRONG_TIME:
            return False
        ahead = clock_ahead(answer)
        if abs(ahead - self._ahead) <= TOLERATED:
            return False
        self._ahead = ahead
        return True
