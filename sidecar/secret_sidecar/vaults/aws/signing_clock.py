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
        self.ahead = 0.0
        """Seconds that this machine's clock is ahead of AWS's, as far as AWS has told; negative if it is behind."""

    def now(self) -> float:
        """Return seconds since 1970, as AWS counts them."""
        return time.time() - self.ahead

    def is_corrected_by(self, answer: Answer, code: str | None, ahead: float) -> bool:
        """Correct it by an answer with this error code to a request that was signed when `ahead` was so much.

        False if it was right then, or the answer is about something else. What was in flight when another answer
        corrected it was signed at the wrong time all the same. A clock that was corrected here, and set right on the
        machine since, is corrected back in the same way.
        """
        if code not in WRONG_TIME:
            return False
        found = clock_ahead(answer)
        if abs(found - ahead) <= TOLERATED:
            return False
        self.ahead = found
        return True
