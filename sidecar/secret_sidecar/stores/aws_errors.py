"""AWS's answers that are no secret, told apart by their error code: the HTTP status counts only where there is none.

Sources: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html#API_GetSecretValue_Errors
and CommonErrors.html beside it; https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html for where the code is.
"""

from __future__ import annotations

import json
from typing import Any

from secret_sidecar.errors import (
    CredentialsRefused,
    Deleted,
    Denied,
    NameRefused,
    NotFound,
    OddAnswer,
    Throttled,
    Unavailable,
    VaultError,
)
from secret_sidecar.http import Answer

VAULT = "AWS Secrets Manager"

_KINDS: dict[str, tuple[type[VaultError], str]] = {
    "AccessDeniedException": (Denied, "{vault} refused {name} to {identity}, or there is no such secret"),
    "ResourceNotFoundException": (NotFound, "{vault} has no secret {name}, or it has no current value"),
    "InvalidParameterException": (NameRefused, "{vault} takes no such name as {name}"),
    "ValidationException": (NameRefused, "{vault} takes no such name as {name}"),
    "DecryptionFailure": (OddAnswer, "{vault} could not decrypt {name} with its KMS key"),
}
_GROUPS: tuple[tuple[type[VaultError], str, frozenset[str]], ...] = (
    (
        Throttled,
        "{vault} has had too many requests",
        frozenset({
            "LimitExceededException",
            "RequestLimitExceeded",
            "ThrottledException",
            "Throttling",
            "ThrottlingException",
            "TooManyRequestsException",
        }),
    ),
    (
        Unavailable,
        "{vault} is not available: {code}",
        frozenset({
            "InternalFailure",
            "InternalServerError",
            "InternalServiceError",
            "InternalServiceErrorException",
            "ServiceUnavailable",
            "ServiceUnavailableException",
        }),
    ),
    (
        CredentialsRefused,
        "{vault} did not accept the credentials of {identity}: {code}",
        frozenset({
            "ExpiredToken",
            "ExpiredTokenException",
            "IncompleteSignature",
            "IncompleteSignatureException",
            "InvalidClientTokenId",
            "InvalidSignatureException",
            "MissingAuthenticationToken",
            "MissingAuthenticationTokenException",
            "NotAuthorized",
            "RequestExpired",
            "SignatureDoesNotMatch",
            "UnrecognizedClientException",
        }),
    ),
)  # fmt: skip
for _kind, _detail, _codes in _GROUPS:
    _KINDS |= dict.fromkeys(_codes, (_kind, _detail))


def error_of(answer: Answer, name: str, identity: str) -> VaultError:
    """Return what an answer with another status than 200 means for a read of a name by an identity."""
    code, message = _code_and_message(answer)
    kind, detail = _meaning(answer.status, code, message)
    return kind(
        detail.format(vault=VAULT, name=repr(name), identity=identity, code=code, status=answer.status),
        code=code,
        request_id=request_id(answer),
        identity=identity,
    )


def request_id(answer: Answer) -> str | None:
    """Return the id by which AWS finds the call again."""
    return answer.headers.get("x-amzn-requestid")


def json_object(answer: Answer) -> dict[str, Any] | None:
    """Return the JSON object that an answer's body is, or None if it is none."""
    if "json" not in answer.headers.get("content-type", ""):
        return None
    try:
        document = json.loads(answer.body)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _code_and_message(answer: Answer) -> tuple[str | None, str]:
    document = json_object(answer) or {}
    code = answer.headers.get("x-amzn-errortype") or document.get("__type") or document.get("code")
    if not isinstance(code, str):
        return None, ""
    message = document.get("message") or document.get("Message")
    return code.partition(":")[0].rpartition("#")[2], message if isinstance(message, str) else ""


def _meaning(status: int, code: str | None, message: str) -> tuple[type[VaultError], str]:
    if code is None:
        if status >= 500:
            return Unavailable, "{vault} is not available: HTTP {status}"
        return OddAnswer, "{vault} answered HTTP {status} without an error code"
    if code == "InvalidRequestException" and "delet" in message.lower():
        return Deleted, "{vault} has {name} marked for deletion"
    if code in _KINDS:
        return _KINDS[code]
    if status >= 500:
        return Unavailable, "{vault} is not available: {code}"
    return OddAnswer, "{vault} answered with an error that a read cannot have: {code}"
