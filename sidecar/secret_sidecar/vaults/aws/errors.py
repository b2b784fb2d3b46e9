"""AWS's answers that are no secret, told apart by their error code: the HTTP status counts only where there is none.

Sources: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html#API_GetSecretValue_Errors
and CommonErrors.html beside it; https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html for where the code is.
"""

from __future__ import annotations

from typing import NamedTuple

from secret_sidecar.errors import (
    AlreadyExists,
    BadUpstreamResponse,
    Conflict,
    CredentialsRefused,
    Deleted,
    Denied,
    NotFound,
    QuotaExceeded,
    ValueRefused,
    VaultError,
)
from secret_sidecar.http_client.connection import Answer
from secret_sidecar.vaults.aws.signing_clock import WRONG_TIME
from secret_sidecar.vaults.bearer import json_object
from secret_sidecar.vaults.error_kinds import DENIED, NAME_REFUSED, THROTTLED, UNAVAILABLE, Kind, is_passing, otherwise

VAULT = "AWS Secrets Manager"

_KINDS: dict[str, Kind] = {
    "AccessDeniedException": DENIED,
    "ResourceNotFoundException": (NotFound, "{vault} has no secret {name}, or it has no {which}"),
    "InvalidParameterException": NAME_REFUSED,
    "ValidationException": NAME_REFUSED,
    "DecryptionFailure": (BadUpstreamResponse, "{vault} could not decrypt {name} with its KMS key"),
}
_OF_WRITES: dict[str, Kind] = {
    "AccessDeniedException": (Denied, "{vault} refused {action} of {name} to {identity}"),
    "EncryptionFailure": (BadUpstreamResponse, "{vault} could not encrypt {name} with its KMS key"),
    "InvalidParameterException": (ValueRefused, "{vault} rejected the value of {name}, or the name"),
    "InvalidRequestException": (Conflict, "{vault} does not allow {action} of {name} in the state that it is in"),
    "LimitExceededException": (QuotaExceeded, "{vault} has reached its limit of secrets, or of versions of {name}"),
    "ResourceExistsException": (AlreadyExists, "{vault} has a secret {name} already"),
    "ResourceNotFoundException": (NotFound, "{vault} has no secret {name}"),
    "ValidationException": (ValueRefused, "{vault} rejected the value of {name}, or the name"),
}
# The codes that AWS's own SDKs send a request again for, whichever service answers so.
_THROTTLED = frozenset({
    "BandwidthLimitExceeded",
    "EC2ThrottledException",
    "LimitExceededException",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "TransactionInProgressException",
})  # fmt: skip
_UNAVAILABLE = frozenset({
    "InternalFailure",
    "InternalServerError",
    "InternalServerException",
    "InternalServiceError",
    "InternalServiceErrorException",
    "RequestTimeout",
    "RequestTimeoutException",
    "ServiceUnavailable",
    "ServiceUnavailableException",
})  # fmt: skip
_CREDENTIALS_REFUSED = WRONG_TIME | {
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "IncompleteSignatureException",
    "InvalidClientTokenId",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "NotAuthorized",
    "UnrecognizedClientException",
}
_KINDS |= dict.fromkeys(_THROTTLED, THROTTLED)
_KINDS |= dict.fromkeys(_UNAVAILABLE, UNAVAILABLE)
_KINDS |= dict.fromkeys(
    _CREDENTIALS_REFUSED,
    (CredentialsRefused, "{vault} did not accept the credentials of {identity}: {code}"),
)
_KINDS_OF_WRITES = _KINDS | _OF_WRITES


class Call(NamedTuple):
    """An action on a secret; `which` says what is to be there beside the secret itself."""

    action: str
    name: str
    which: str = "current value"
    writes: bool = False


def error_of(answer: Answer, call: Call, identity: str) -> VaultError:
    """Return what an answer with another status than 200 means for a call by an identity."""
    code, message = _code_and_message(answer)
    kind, detail = _meaning(answer.status, code, message, writes=call.writes)
    words = {"vault": VAULT, "name": repr(call.name), "action": call.action, "which": call.which}
    return kind(
        detail.format(**words, identity=identity, code=code, status=answer.status),
        code=code,
        request_id=request_id(answer),
        identity=identity,
    )


def passes(answer: Answer, code: str | None) -> bool:
    """Return whether an answer of AWS's, with that error code, is one to a request that may succeed if sent again."""
    return is_passing(answer.status) or code in _THROTTLED or code in _UNAVAILABLE


def request_id(answer: Answer) -> str | None:
    """Return the id by which AWS finds the call again."""
    return answer.headers.get("x-amzn-requestid")


def _code_and_message(answer: Answer) -> tuple[str | None, str]:
    document = json_object(answer) or {}
    code = answer.headers.get("x-amzn-errortype") or document.get("__type") or document.get("code")
    if not isinstance(code, str):
        return None, ""
    message = document.get("message") or document.get("Message")
    return code.partition(":")[0].rpartition("#")[2], message if isinstance(message, str) else ""


def _meaning(status: int, code: str | None, message: str, *, writes: bool) -> Kind:
    if code == "InvalidRequestException" and "deletion" in message.lower():
        return Deleted, "{vault} has {name} marked for deletion"
    kinds = _KINDS_OF_WRITES if writes else _KINDS
    return kinds.get(code or "") or otherwise(status, code)
