"""Key Vault's answers that are no secret, told apart by the innermost error code, for the outer one is often Forbidden.

Sources: https://learn.microsoft.com/azure/key-vault/general/rest-error-codes,
https://learn.microsoft.com/azure/key-vault/general/authentication-requests-and-responses (the 401's challenge)
"""

from __future__ import annotations

import re

from secret_sidecar.errors import Conflict, CredentialsRefused, Deleted, Denied, Disabled, VaultError
from secret_sidecar.http_client.connection import Answer
from secret_sidecar.vaults.bearer import json_object
from secret_sidecar.vaults.error_kinds import DENIED, NAME_REFUSED, NOT_FOUND, THROTTLED, Kind, otherwise

VAULT = "Azure Key Vault"
NOT_FROM_HERE = frozenset({"ForbiddenByConnection", "ForbiddenByFirewall"})
"""Codes that tell of the network that a request came from, not of the identity."""

_ELSEWHERE = (Denied, "{vault} takes no requests from this pod's network ({code}): allow it in the vault's firewall")
_NO_ROLE = (DENIED[0], f"{DENIED[1]}; if a role was just assigned, it takes some minutes to act")
_DELETED = (Deleted, "{vault} has {name} deleted, and not purged yet: recover it, or purge it")
_REFUSED = (CredentialsRefused, "{vault} did not accept the token of {identity}{trusts}")
_KINDS: dict[str, Kind] = {
    **dict.fromkeys(("AccessDenied", "Forbidden", "ForbiddenByPolicy"), DENIED),
    "ForbiddenByRbac": _NO_ROLE,
    **dict.fromkeys(NOT_FROM_HERE, _ELSEWHERE),
    "SecretDisabled": (Disabled, "{vault} has {name} disabled"),
    "SecretNotFound": NOT_FOUND,
    "BadParameter": NAME_REFUSED,
    "ObjectIsBeingDeleted": _DELETED,
    "ObjectIsDeletedButRecoverable": _DELETED,
    "ObjectIsBeingRecovered": (Conflict, "{vault} is recovering {name}"),
    "Conflict": (Conflict, "{vault} cannot change {name} as it is"),
    "Throttled": THROTTLED,
    "TooManyRequests": THROTTLED,
    "Unauthorized": _REFUSED,
}
_AUTHORITY = re.compile(r'authorization(?:_uri)?="(https://[^"\s]{1,200})"')


def error_of(answer: Answer, name: str, identity: str) -> VaultError:
    """Return what an answer with another status than 200 means for a call about a name by an identity."""
    codes = _codes(answer)
    code = codes[0] if codes else None
    kind, detail = _meaning(answer.status, codes)
    authority = _AUTHORITY.search(answer.headers.get("www-authenticate", ""))
    return kind(
        detail.format(
            vault=VAULT,
            name=repr(name),
            identity=identity,
            code=code,
            status=answer.status,
            trusts=f"; it trusts those of {authority[1]}" if authority else "",
        ),
        code=code,
        request_id=request_id(answer),
        identity=identity,
    )


def request_id(answer: Answer) -> str | None:
    """Return the id by which Azure finds the call again."""
    return answer.headers.get("x-ms-request-id")


def _codes(answer: Answer) -> list[str]:
    """Return an answer's error codes, the innermost first."""
    error, codes = (json_object(answer) or {}).get("error"), []
    while isinstance(error, dict):
        if isinstance(error.get("code"), str):
            codes.append(error["code"][:80])
        error = error.get("innererror")
    return codes[::-1]


def _meaning(status: int, codes: list[str]) -> Kind:
    known = next((_KINDS[code] for code in codes if code in _KINDS), None)
    return known or (_REFUSED if status == 401 else otherwise(status, codes[0] if codes else None))
