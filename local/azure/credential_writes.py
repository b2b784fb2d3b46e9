"""Federated credentials are written one at a time: while one of an identity's is, Azure refuses another with a 409.

Source: Entra, "Important considerations and restrictions for federated identity credentials" ("Concurrent updates
aren't supported").
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

from local.azure.refusal import Refused
from local.http_service import Reply, Request

CREDENTIAL = re.compile(r"(?P<identity>/subscriptions/.+)/federatedIdentityCredentials/[^/]+", re.IGNORECASE)


class CredentialWrites:
    """Answers by `answer`; a write of a credential takes until `lasts` is over."""

    def __init__(self, answer: Callable[[Request], Reply], lasts: Callable[[], Awaitable[object]]) -> None:
        self._answer = answer
        self._lasts = lasts
        self._writing: set[str] = set()
        """Identities, by resource id in lower case."""

    async def answer(self, request: Request) -> Reply:
        """Answer a request, or refuse a write beside another."""
        found = CREDENTIAL.fullmatch(request.path) if request.method in ("DELETE", "PUT") else None
        if found is None:
            return self._answer(request)
        identity = found["identity"].lower()
        if identity in self._writing:
            return Refused(
                409,
                "ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity",
                "Too many Federated Identity Credentials are written concurrently for the managed identity "
                f"{identity}. Concurrent Federated Identity Credentials writes under the same managed identity are "
                "not supported.",
            ).reply
        self._writing.add(identity)
        try:
            reply = self._answer(request)
            await self._lasts()
        finally:
            self._writing.discard(identity)
        return reply
