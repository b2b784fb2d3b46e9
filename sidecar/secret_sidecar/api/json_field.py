"""One field of a secret that is a JSON object: how vaults' consoles keep a user and a password together."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace

from secret_sidecar.errors import KeyMissing, NotAnObject
from secret_sidecar.json_text import member
from secret_sidecar.vaults.store import Secret


def pick(secret: Secret, key: str) -> Secret:
    """Return the secret with one field's value instead of the whole: text as it is, all else as its JSON text.

    So a caller in any language finds text under `value`, whatever the field holds.
    """
    field = _field(secret, key)
    if field is None:
        raise KeyMissing(f"{secret.name!r} has no field {key[:80]!r}: expected one of the fields of its JSON object")
    return replace(secret, value=json.loads(field) if field.startswith('"') else field)


def _field(secret: Secret, key: str) -> str | None:
    if not secret.encoding:
        with suppress(ValueError):
            return member(secret.value, key)
    raise NotAnObject(f"{secret.name!r} is not a JSON object: expected one, because the request has key={key[:80]!r}")
