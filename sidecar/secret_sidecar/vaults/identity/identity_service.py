"""What identity services have in common: a ServiceAccount's token goes there, and a bearer token comes back."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from secret_sidecar.errors import (
    ConnectFailed,
    ConnectionLost,
    DeadlineExceeded,
    IdentityDelayed,
    IdentityTimedOut,
    IdentityUnavailable,
    TransportError,
)
from secret_sidecar.files import read_file
from secret_sidecar.http_client.connection import Answer
from secret_sidecar.http_client.http import Client, Headers
from secret_sidecar.vaults.identity.credentials import Bearer
from secret_sidecar.vaults.identity.expiry import ends_after

Token = Callable[[], str]
"""Gives the token to show to an identity service, or raises IdentityUnavailable."""

FORM = ("Content-Type", "application/x-www-form-urlencoded")
_TOKEN_SIZE = 64 << 10


async def ask(
    service: str,
    client: Client,
    method: str,
    target: str,
    headers: Headers,
    body: bytes,
    deadline: float,
    identity: str,
) -> Answer:
    """Return a service's answer, whatever its status, or raise IdentityDelayed or IdentityUnavailable.

    One attempt takes half of the time that is left, so that a service that hangs once can be asked again.
    """
    now = asyncio.get_running_loop().time()
    attempt_ends = now + (deadline - now) / 2
    try:
        return await client.send(method, target, headers, body, attempt_ends)
    except (ConnectFailed, ConnectionLost) as error:
        raise IdentityDelayed(f"{service}: {error}", identity=identity) from None
    except DeadlineExceeded:
        detail = f"{service}: no answer from {client.origin} in {max(0.0, attempt_ends - now):.1f} seconds"
        kind = IdentityDelayed if asyncio.get_running_loop().time() < deadline else IdentityTimedOut
        raise kind(detail, identity=identity) from None
    except TransportError as error:
        raise IdentityUnavailable(f"{service}: {error}", identity=identity) from None


def bearer(document: dict[str, Any] | None, identity: str) -> Bearer | None:
    """Return the token of an answer as RFC 6749 section 5.1 has it, or None if there is none in it."""
    match document:
        case {"access_token": str(token), **rest} if is_token(token):
            try:
                return Bearer(token, ends_after(rest.get("expires_in")), identity)
            except ValueError:
                return None
    return None


def is_token(text: str) -> bool:
    """Return whether a text can be sent as a bearer token (RFC 6750 section 2.1, and no more than printable ASCII)."""
    return bool(text) and text.isascii() and text.isprintable() and " " not in text


def token_of_file(path: Path, identity: str, field: str | None = None) -> str:
    """Return the token in a file, read anew because the kubelet rotates it, or raise IdentityUnavailable.

    With a field, the file is a JSON object that has the token there. `identity` is who the token is to become.
    """
    try:
        token = read_file(path, _TOKEN_SIZE).decode("ascii").strip()
        if field is not None:
            token = json.loads(token)[field]
    except OSError as error:
        raise IdentityUnavailable(f"token file {path}: {error.strerror}", identity=identity) from None
    except (ValueError, LookupError, TypeError, RecursionError):
        token = ""
    if not (isinstance(token, str) and is_token(token)):
        expected = "one JSON Web Token" if field is None else f"a JSON object with a token as {field!r}"
        raise IdentityUnavailable(f"token file {path}: expected {expected}", identity=identity)
    return token


def subject(token: str) -> str:
    """Return whom a JSON Web Token says it is about, or an empty text; only to name it, for nothing is verified."""
    payload = token.split(".")[1:2]
    try:
        claims = json.loads(base64.urlsafe_b64decode(f"{payload[0]}==="))
        return str(claims["sub"])[:256]
    except (ValueError, LookupError, TypeError, RecursionError):
        return ""
