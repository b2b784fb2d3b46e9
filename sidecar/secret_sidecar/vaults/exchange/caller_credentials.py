"""A caller's credentials: used until they expire and never renewed, because the token was not stored."""

from __future__ import annotations

import time
from typing import Generic

from secret_sidecar.vaults.identity.credentials import C
from secret_sidecar.vaults.identity.refreshing import RENEWED_LATELY

ENDED = 0.0
"""The end of what the vault does not take any more, in seconds since 1970: long ago, by any clock."""


class CallerCredentials(Generic[C]):
    """A Source of what was obtained once.

    What the vault does not take any more has ended, unless it is brand new: new ones would not help then.
    """

    def __init__(self, credentials: C) -> None:
        self._credentials = credentials
        self._obtained = time.monotonic()
        self.expires = credentials.expires

    async def get(self, deadline: float) -> C:  # noqa: ARG002
        """Return them."""
        return self._credentials

    async def renew(self, refused: C, deadline: float) -> C:  # noqa: ARG002
        """Return the same; the caller's next request brings its token, and with that new ones."""
        if time.monotonic() - self._obtained >= RENEWED_LATELY:
            self.expires = ENDED
        return refused

    async def close(self) -> None:
        """Hold nothing."""
