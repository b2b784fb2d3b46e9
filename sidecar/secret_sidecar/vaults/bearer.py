"""Calls to a vault that takes a bearer token and speaks JSON: made again where that may help, once with a new token."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from secret_sidecar.errors import (
    BadUpstreamResponse,
    ConnectFailed,
    ConnectionLost,
    CredentialsRefused,
    DeadlineExceeded,
    MalformedAnswer,
    Throttled,
    TimedOut,
    TransportError,
    Unavailable,
    VaultError,
)
from secret_sidecar.http_client.connection import Answer
from secret_sidecar.http_client.http import Client
from secret_sidecar.retry import retrying
from secret_sidecar.vaults.identity.credentials import Bearer, Source

ErrorOf = Callable[[Answer, str, str], VaultError]
"""What an answer other than a success means for a call about a name by an identity."""

_CONTENT_TYPE = ("Content-Type", "application/json")
_LONGEST_INTEGER = 640
"""Digits of a number that Python always makes an int of; of more it may refuse to, and JSON has no such limit."""


def _integer(digits: str) -> int | float:
    """Return a number, as a float if it is too long to be one of ours."""
    return int(digits) if len(digits) <= _LONGEST_INTEGER else float(digits)


_decode = json.JSONDecoder(parse_int=_integer).decode  # json.loads would look for other encodings than UTF-8 first
_DONE = frozenset({200, 204})
_DOUBT = "; the vault may have done it: look before trying again"
TRANSPORT: dict[type[TransportError], type[VaultError]] = {
    ConnectFailed: Unavailable,
    ConnectionLost: Unavailable,
    MalformedAnswer: BadUpstreamResponse,
    DeadlineExceeded: TimedOut,
}
"""What it means for a vault that the client got no answer."""


class BearerClient:
    """One vault, asked by whoever the source says; `vault` is its name in messages."""

    def __init__(
        self,
        vault: str,
        client: Client,
        source: Source[Bearer],
        error_of: ErrorOf,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        self._vault = vault
        self._client = client
        self._source = source
        self._error_of = error_of
        self._headers = headers

    @property
    def expires(self) -> float | None:
        """When the token in use ends, in seconds since 1970."""
        return self._source.expires

    async def send(
        self, method: str, target: str, name: str, deadline: float, document: dict[str, Any] | None = None
    ) -> tuple[Answer, str]:
        """Return the vault's answer, of status 200 or 204, and the identity that asked, or raise a VaultError.

        A call that fails in passing is made again, so it must be one that may arrive twice.
        """
        return await retrying(lambda: self._send(method, target, name, deadline, document, once=False), deadline)

    async def send_once(
        self, method: str, target: str, name: str, deadline: float, document: dict[str, Any] | None = None
    ) -> tuple[Answer, str]:
        """Do the same without trying again, so that the call cannot arrive twice.

        Only if the token is not accepted, a renewed one is tried.
        """
        return await self._send(method, target, name, deadline, document, once=True)

    async def _send(
        self, method: str, target: str, name: str, deadline: float, document: dict[str, Any] | None, *, once: bool
    ) -> tuple[Answer, str]:
        body = b"" if document is None else json.dumps(document).encode()
        bearer = await self._source.get(deadline)
        try:
            return await self._exchange(bearer, method, target, name, body, deadline, once=once)
        except CredentialsRefused:
            renewed = await self._source.renew(bearer, deadline)
            if renewed is bearer:
                raise
        return await self._exchange(renewed, method, target, name, body, deadline, once=once)

    def bad_response(self, detail: str, identity: str, request_id: str | None = None) -> BadUpstreamResponse:
        """Return the error for an answer that is not about what was asked for, and drop the connection it came over.

        Each answer that follows over that connection may be the one to the request before.
        """
        self._client.retire_connections()
        return BadUpstreamResponse(f"{self._vault} answered {detail}", identity=identity, request_id=request_id)

    async def close(self) -> None:
        """Close connections and stop a refresh."""
        await self._source.close()
        await self._client.close()

    async def _exchange(
        self, bearer: Bearer, method: str, target: str, name: str, body: bytes, deadline: float, *, once: bool
    ) -> tuple[Answer, str]:
        authorization = ("Authorization", f"Bearer {bearer.token}")
        headers = (authorization, *self._headers, *((_CONTENT_TYPE,) if body else ()))
        try:
            answer = await self._client.send(method, target, headers, body, deadline, once=once)
        except TransportError as error:
            doubt = _DOUBT if once and not isinstance(error, ConnectFailed) else ""
            raise TRANSPORT[type(error)](f"{self._vault}: {error}{doubt}", identity=bearer.identity) from None
        if answer.status not in _DONE:
            raise self._refusal(answer, name, bearer.identity)
        return answer, bearer.identity

    def _refusal(self, answer: Answer, name: str, identity: str) -> VaultError:
        refusal = self._error_of(answer, name, identity)
        if isinstance(refusal, Throttled):
            refusal.retry_after = _retry_after(answer) or refusal.retry_after
        return refusal


def _retry_after(answer: Answer) -> int:
    """Return the seconds that an answer asks to wait (RFC 9110 section 10.2.3), or 0 if it gives no number."""
    seconds = answer.headers.get("retry-after", "")
    return int(seconds) if seconds.isascii() and seconds.isdigit() and len(seconds) < 6 else 0


def json_object(answer: Answer) -> dict[str, Any] | None:
    """Return the JSON object that an answer's body is, whatever its Content-Type says, or None if it is none."""
    try:
        document = _decode(answer.body.decode())
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None
