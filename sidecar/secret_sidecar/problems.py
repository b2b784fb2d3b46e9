"""Errors as answers: the one place where the error tree meets HTTP (RFC 9457).

Every problem has type, title, status and detail. A failed read or write adds what is known: name, backend, identity,
and the cloud's own code and request_id, which together say that the cloud decided.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any, NamedTuple

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from secret_names import InvalidName
from secret_sidecar import errors

TYPES = "urn:secret-access:problem:"
MEDIA_TYPE = "application/problem+json"
NO_STORE = {"Cache-Control": "no-store"}
KIND = "secret_sidecar.problem"
"""The key in the ASGI scope for the type of the problem that a request was answered with."""


class Kind(NamedTuple):
    """How clients see a class of errors: the last part of the problem's type, its status and its title."""

    slug: str
    status: int
    title: str


KINDS: dict[type[Exception], Kind] = {
    InvalidName: Kind("bad-name", 400, "The secret name is not valid"),
    errors.NameRefused: Kind("bad-name", 400, "The secret name is not valid"),
    errors.ValueRefused: Kind("bad-value", 400, "The secret value is not valid"),
    errors.BadRequest: Kind("bad-request", 400, "The request is not valid"),
    errors.Unauthenticated: Kind("unauthenticated", 401, "The request has no valid token"),
    errors.TokenRefused: Kind("unauthenticated", 401, "The request has no valid token"),
    errors.Denied: Kind("denied", 403, "The cloud denied access"),
    errors.NotFound: Kind("not-found", 404, "No such secret"),
    errors.KeyMissing: Kind("no-such-key", 404, "The secret has no such field"),
    errors.AlreadyExists: Kind("already-exists", 409, "The secret already exists"),
    errors.Conflict: Kind("conflict", 409, "The secret's state does not allow this"),
    errors.Deleted: Kind("deleted", 410, "The secret is marked for deletion"),
    errors.Disabled: Kind("disabled", 410, "The secret is disabled"),
    errors.BodyTooLarge: Kind("too-large", 413, "The request is too large"),
    errors.BodyNotJson: Kind("not-json", 415, "The Content-Type is not application/json"),
    errors.Misdirected: Kind("misdirected", 421, "The request was not meant for this sidecar"),
    errors.NotAnObject: Kind("not-an-object", 422, "The secret is not a JSON object"),
    errors.Throttled: Kind("throttled", 429, "The vault is throttling"),
    errors.BadUpstreamResponse: Kind("bad-upstream-response", 502, "The vault's answer could not be used"),
    errors.Unavailable: Kind("vault-unavailable", 503, "The vault is not available"),
    errors.IdentityUnavailable: Kind("identity-unavailable", 503, "The identity is not available"),
    errors.Overloaded: Kind("overloaded", 503, "Too many reads are waiting"),
    errors.TooManyStreams: Kind("too-many-streams", 503, "Too many event streams are open"),
    errors.TimedOut: Kind("timed-out", 504, "The vault did not answer in time"),
    errors.QuotaExceeded: Kind("quota-exceeded", 507, "The vault's quota is exceeded"),
}
INTERNAL_ERROR = Kind("internal-error", 500, "An internal error of the sidecar")


def kind_of(error: Exception) -> Kind:
    """Return the table's entry for an error, or for its nearest ancestor in the table."""
    return next((KINDS[cls] for cls in type(error).__mro__ if cls in KINDS), INTERNAL_ERROR)


def document(error: Exception, **context: str | None) -> dict[str, Any]:
    """Return the problem document of an error; of an error from outside the tree, nothing is shown."""
    kind = kind_of(error)
    members = {
        "type": f"{TYPES}{kind.slug}",
        "title": kind.title,
        "status": kind.status,
        "detail": "see the sidecar's log" if kind is INTERNAL_ERROR else str(error),
        **context,
    }
    if isinstance(error, errors.VaultError):
        members |= {"identity": error.identity, "code": error.code, "request_id": error.request_id}
    return {key: value for key, value in members.items() if value is not None}


def response(error: Exception, **context: str | None) -> Response:
    """Return the answer to a request that ended with an error."""
    retry_after = getattr(error, "retry_after", None)
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    if isinstance(error, errors.Unauthenticated | errors.TokenRefused):
        headers["WWW-Authenticate"] = error.challenge
    return _response(document(error, **context), headers)


def answer_to(error: Exception) -> Response:
    """Return the answer to a request whose error no route handled: ours, the router's, or a defect."""
    return _router_problem(error) if isinstance(error, HTTPException) else response(error)


def is_defect(error: Exception) -> bool:
    """Tell whether an error is from outside of what the sidecar and its router raise."""
    return kind_of(error) is INTERNAL_ERROR and not isinstance(error, HTTPException)


def _router_problem(error: HTTPException) -> Response:
    """Return the answer to the router's errors: no such path, or method not allowed."""
    title = HTTPStatus(error.status_code).phrase
    headers = dict(error.headers or {})
    if "Allow" in headers:
        headers["Allow"] = ", ".join(sorted(headers["Allow"].split(", ")))
    detail = "no such path"
    if "Allow" in headers:
        detail = f"expected one of {headers['Allow']}" if error.detail == title else error.detail
    members = {"type": "about:blank", "title": title, "status": error.status_code, "detail": detail}
    return _response(members, headers)


class _Problem(Response):
    """A response that records its type in the scope, for the metrics."""

    kind = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        scope[KIND] = self.kind
        await super().__call__(scope, receive, send)


def _response(members: dict[str, Any], headers: dict[str, str]) -> Response:
    body = json.dumps(members).encode()
    problem = _Problem(body, members["status"], {**NO_STORE, **headers}, media_type=MEDIA_TYPE)
    problem.kind = members["type"].removeprefix(TYPES).replace(":", "-")
    return problem


def not_ready(reason: str) -> Response:
    """Return the answer of a sidecar that is not ready yet."""
    kind = Kind("not-ready", 503, "The sidecar is not ready")
    members = {"type": f"{TYPES}{kind.slug}", "title": kind.title, "status": kind.status, "detail": reason}
    return _response(members, {})
