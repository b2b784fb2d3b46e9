"""Secret Manager's answers that are no secret, told apart by the status of google.rpc.Status, not by the HTTP status.

Sources: https://cloud.google.com/apis/design/errors (the form), https://google.aip.dev/193 and google/rpc/code.proto
(what each status means), google/rpc/error_details.proto (ErrorInfo, RequestInfo).
"""

from __future__ import annotations

from typing import Any

from secret_sidecar.errors import (
    AlreadyExists,
    BadUpstreamResponse,
    CredentialsRefused,
    Deleted,
    Denied,
    Disabled,
    VaultError,
)
from secret_sidecar.http_client.connection import Answer
from secret_sidecar.vaults.bearer import json_object
from secret_sidecar.vaults.error_kinds import DENIED, NAME_REFUSED, NOT_FOUND, THROTTLED, UNAVAILABLE, Kind, otherwise

VAULT = "Google Secret Manager"

_UNAVAILABLE = frozenset({"ABORTED", "CANCELLED", "DEADLINE_EXCEEDED", "INTERNAL", "UNAVAILABLE", "UNKNOWN"})
PASSING = _UNAVAILABLE | {"RESOURCE_EXHAUSTED"}
"""What google.rpc.Status says where the same request may succeed a moment later."""

_KINDS: dict[str, Kind] = {
    "PERMISSION_DENIED": (DENIED[0], f"{DENIED[1]}; if a role was just bound, it takes some minutes to act"),
    "NOT_FOUND": NOT_FOUND,
    "INVALID_ARGUMENT": NAME_REFUSED,
    "ALREADY_EXISTS": (AlreadyExists, "{vault} has a secret {name} already"),
    "RESOURCE_EXHAUSTED": THROTTLED,
    "UNAUTHENTICATED": (CredentialsRefused, "{vault} did not accept the credentials of {identity}: {code}"),
    **dict.fromkeys(_UNAVAILABLE, UNAVAILABLE),
}
# A version that is not enabled is a failed precondition like others (a KMS key that is gone); the message tells.
_STATES: dict[str, Kind] = {
    "DISABLED": (Disabled, "{vault} has this version of {name} disabled"),
    "DESTROYED": (Deleted, "{vault} has this version of {name} destroyed"),
}
DENIED_BY_IAM = "IAM_PERMISSION_DENIED"
"""The reason of a refusal for lack of rights, and not because an API is switched off or a perimeter forbids it."""


def error_of(answer: Answer, name: str, identity: str) -> VaultError:
    """Return what an answer with another status than 200 means for a call about a name by an identity."""
    error = status_of(answer)
    code, message = error.get("status"), error.get("message")
    code = code if isinstance(code, str) else None
    reason = detail_of(error, "ErrorInfo", "reason")
    kind, detail = _meaning(answer.status, code, message if isinstance(message, str) else "")
    if kind is Denied and reason not in {None, DENIED_BY_IAM}:
        code, detail = reason, "{vault} refused {name} to {identity}: {code}"
    return kind(
        detail.format(vault=VAULT, name=repr(name), identity=identity, code=code, status=answer.status),
        code=code,
        request_id=detail_of(error, "RequestInfo", "requestId"),
        identity=identity,
    )


def state_error(state: str, name: str, identity: str) -> VaultError | None:
    """Return what a read of a version in this state ends with, or None if it is enabled."""
    if state == "ENABLED":
        return None
    kind, detail = _STATES.get(state, (BadUpstreamResponse, "{vault} has {name} in an unknown state"))
    return kind(detail.format(vault=VAULT, name=repr(name)), identity=identity)


def status_of(answer: Answer) -> dict[str, Any]:
    """Return an answer's google.rpc.Status, or an empty one."""
    error = (json_object(answer) or {}).get("error")
    return error if isinstance(error, dict) else {}


def detail_of(error: dict[str, Any], kind: str, member: str) -> str | None:
    """Return a member of the first detail of a kind, if it is a text."""
    details = error.get("details")
    for detail in details if isinstance(details, list) else ():
        match detail:
            case {"@type": str(url)} if url.rpartition("google.rpc.")[2] == kind:
                value = detail.get(member)
                return value[:80] if isinstance(value, str) else None
    return None


def _meaning(status: int, code: str | None, message: str) -> Kind:
    if code in _KINDS:
        return _KINDS[code]
    if code == "FAILED_PRECONDITION":
        stated = (meaning for state, meaning in _STATES.items() if f"{state} state" in message)
        return next(stated, (BadUpstreamResponse, "{vault} cannot do it with {name} as it is: {code}"))
    return otherwise(status, code)
