"""One field of a secret that is a JSON object: how vaults' consoles keep a user and a password together."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, NoReturn

from secret_sidecar.errors import KeyMissing, NotAnObject
from secret_sidecar.vaults.store import Secret


def pick(secret: Secret, key: str) -> Secret:
    """Return the secret with the field's value instead of its own: text as it is, all else as JSON text.

    A caller in any language so finds a string under `value`, whatever the field holds.
    """
    document = None if secret.encoding else _object(secret.value)
    if document is None:
        raise NotAnObject(f"{secret.name!r} is no JSON object: expected one, for the field {key[:80]!r} was asked for")
    if key not in document:
        raise KeyMissing(f"{secret.name!r} has no field {key[:80]!r}: expected one of the fields of its JSON object")
    field = document[key]
    return replace(secret, value=field if isinstance(field, str) else json.dumps(field))


def _object(text: str) -> dict[str, Any] | None:
    try:
        document = json.loads(text, parse_constant=_refuse, parse_float=_finite)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)  # NaN and Infinity are Python's, not JSON's


def _finite(text: str) -> float:
    number = float(text)
    if number in {float("inf"), float("-inf")}:
        raise ValueError(text)  # it could not be written as JSON again
    return number
