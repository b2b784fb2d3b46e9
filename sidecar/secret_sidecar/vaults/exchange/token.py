"""The caller's ServiceAccount token: its unverified claims, which only the cloud can verify.

Sources: RFC 7519 (JSON Web Tokens), RFC 6750 (bearer tokens),
https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/#bound-service-account-tokens
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass
from typing import Any

import secret_names
from secret_sidecar.authorization import bearer_token
from secret_sidecar.errors import INVALID_BEARER, Unauthenticated

LARGEST = 8 << 10
"""Bytes of a token; Kubernetes' own have about one thousand."""

_FORM = re.compile(rb"[\w-]{2,}\.[\w-]{2,}\.[\w-]{2,}", re.ASCII)
_OBJECT_NAME = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?")
_SUBJECT = "system:serviceaccount:"
_LATEST = 1e11
"""A time that no token reaches, in seconds since 1970."""


@dataclass(frozen=True, slots=True)
class Claims:
    """A token's claims; verified once the cloud has accepted the same bytes."""

    namespace: str
    service_account: str
    pod: str
    expires: float

    @property
    def subject(self) -> str:
        """The token's `sub`, as trust policies name it."""
        return f"{_SUBJECT}{self.namespace}:{self.service_account}"

    def fill(self, template: str) -> str:
        """Return a template with `{namespace}` and `{service_account}` as they are here."""
        return template.replace("{namespace}", self.namespace).replace("{service_account}", self.service_account)


def token_of(headers: list[tuple[bytes, bytes]]) -> bytes:
    """Return the token of a request with these headers, names in lowercase, or raise Unauthenticated."""
    token = bearer_token(headers, "the caller's ServiceAccount token")
    if len(token) > LARGEST:
        raise invalid(f"a token of {len(token)} bytes: expected at most {LARGEST}")
    return token


def claims_of(token: bytes, now: float) -> Claims:
    """Return a token's claims, or raise Unauthenticated if no cloud could accept it; the error quotes nothing of it."""
    if not _FORM.fullmatch(token):
        raise invalid("not a JSON Web Token: expected three parts in base64url with dots between them")
    claims = _object(token.split(b".")[1])
    namespace, service_account = _of_subject(claims.get("sub"))
    bound = claims.get("kubernetes.io", {})
    pod = ""
    if isinstance(bound, dict):
        if (said := bound.get("namespace", namespace)) != namespace or not isinstance(said, str):
            raise invalid("a token whose sub and kubernetes.io are of different namespaces")
        match bound.get("pod"):
            case {"name": str(name)} if _OBJECT_NAME.fullmatch(name):
                pod = name
    expires = claims.get("exp")
    if isinstance(expires, bool) or not isinstance(expires, int | float) or not 0 < expires < _LATEST:
        raise invalid("a token without an end: expected exp, in seconds since 1970")
    if expires <= now:
        raise invalid("the token has expired: expected the one that the kubelet last wrote")
    return Claims(namespace, service_account, pod, float(expires))


def invalid(reason: str) -> Unauthenticated:
    """Return the refusal of a token."""
    return Unauthenticated(f"token: {reason}", INVALID_BEARER)


def _object(part: bytes) -> dict[str, Any]:
    try:
        document = json.loads(base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4)))
    except (ValueError, RecursionError, binascii.Error):
        document = None
    if not isinstance(document, dict):
        raise invalid("not a JSON Web Token: expected its second part to be a JSON object") from None
    return document


def _of_subject(subject: object) -> tuple[str, str]:
    """Return namespace and ServiceAccount, of an alphabet that needs no escapes in a role's name."""
    if isinstance(subject, str) and subject.startswith(_SUBJECT):
        namespace, _, name = subject.removeprefix(_SUBJECT).partition(":")
        try:
            secret_names.default_prefix(namespace)
        except secret_names.InvalidName as error:
            raise invalid(str(error)) from None
        if _OBJECT_NAME.fullmatch(name):
            return namespace, name
    raise invalid(f"not a ServiceAccount's: expected sub to be '{_SUBJECT}NAMESPACE:NAME'")
