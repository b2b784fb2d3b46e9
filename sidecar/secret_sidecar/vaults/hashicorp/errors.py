"""Vault's answers that are no secret. It gives no code: the HTTP status decides, and its own words beside it.

Sources: https://developer.hashicorp.com/vault/api-docs#http-status-codes,
https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2
"""

from __future__ import annotations

import re
from typing import Any

from secret_sidecar.errors import (
    BadUpstreamResponse,
    Conflict,
    Deleted,
    Denied,
    NotFound,
    Throttled,
    Unavailable,
    ValueRefused,
    VaultError,
)
from secret_sidecar.http_client.connection import Answer
from secret_sidecar.vaults.bearer import json_object

VAULT = "Vault"
PASSING = frozenset({408, 412, 429, 472, 473})
"""Statuses beside the 5xx that pass: among them a node that lags behind (412), and standby nodes (472, 473)."""

_LISTED = re.compile(r"^\s*\* (.+)$", re.MULTILINE)
_SHOWN = 160
_UNAVAILABLE = (Unavailable, "{vault} is not available: {reason}")
_STANDBY = (
    Unavailable,
    "{vault} is a standby that sends callers elsewhere: expected the address of the active node, or of a load balancer",
)
_KINDS: dict[int, tuple[type[VaultError], str]] = {
    404: (NotFound, "{vault} has no secret {name}, or it has no such version"),
    413: (ValueRefused, "{vault} takes no value as large as this one for {name}"),
    429: (Throttled, "{vault} has had too many requests"),
    **dict.fromkeys((408, 412, 472, 473), _UNAVAILABLE),
    **dict.fromkeys((301, 302, 307, 308), _STANDBY),
}
# The same status says several things: what it says beside it decides.
_WORDS: dict[tuple[int, str], tuple[type[VaultError], str]] = {
    (400, "check-and-set parameter did not match"): (Conflict, "{vault} has got another version of {name} meanwhile"),
    (400, "Upgrading from non-versioned"): _UNAVAILABLE,
    (404, ""): (
        BadUpstreamResponse,
        "{vault} has no KV engine of version 2 there: {reason}",
    ),  # nor such a namespace of Vault's
}


class DeniedInDoubt(Denied):
    """Denied in words that a token which has ended gets too."""


class DeletedVersion(Deleted):
    """The latest version, or the one asked for, is deleted or destroyed; `version` is its number."""

    version = 0


def error_of(answer: Answer, name: str, identity: str) -> VaultError:
    """Return what an answer other than a success means for a call about a name by an identity."""
    document = json_object(answer) or {}
    found = reasons(document)
    kind, detail = _meaning(answer.status, found, document)
    reason = "; ".join(found) or f"HTTP {answer.status}"
    error = kind(
        detail.format(vault=VAULT, name=repr(name), identity=identity, reason=reason),
        code=found[0] if found else None,
        request_id=request_id(document),
        identity=identity,
    )
    if isinstance(error, DeletedVersion):
        error.version = version_of(document) or 0
    return error


def reasons(document: dict[str, Any]) -> list[str]:
    """Return Vault's own words, one reason an entry, each on one line and not too long."""
    texts = document.get("errors")
    if not isinstance(texts, list):
        return []
    found = [reason for text in texts if isinstance(text, str) for reason in _LISTED.findall(text) or [text]]
    return [" ".join(reason.split())[:_SHOWN] for reason in found if reason.strip()]


def request_id(document: dict[str, Any]) -> str | None:
    """Return the id that Vault's audit log has too; errors mostly come without."""
    found = document.get("request_id")
    return found if isinstance(found, str) and found else None


def version_of(document: dict[str, Any]) -> int | None:
    """Return the number of the version that an answer is about."""
    match document:
        case {"data": {"metadata": {"version": int(version)}}} if version > 0:
            return version
    return None


def _meaning(status: int, found: list[str], document: dict[str, Any]) -> tuple[type[VaultError], str]:
    if status == 403:
        kind = Denied if _is_by_policy(found, document) else DeniedInDoubt
        return kind, "{vault} refused {name} to {identity}, or there is no such secret"
    if status == 404 and version_of(document):
        return DeletedVersion, "{vault} has this version of {name} deleted or destroyed"
    for (of_status, words), meaning in _WORDS.items():
        if status == of_status and any(words in reason for reason in found):
            return meaning
    other = (
        _UNAVAILABLE if status >= 500 else (BadUpstreamResponse, "{vault} answered as no such call can be: {reason}")
    )
    return _KINDS.get(status, other)


def _is_by_policy(found: list[str], document: dict[str, Any]) -> bool:
    """Return whether the words are those of a policy's refusal: a list, which a token that has ended does not get."""
    listed = any(isinstance(text, str) and _LISTED.search(text) for text in document.get("errors") or ())
    return listed and not any("token" in reason for reason in found)
