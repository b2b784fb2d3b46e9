"""The API's description in OpenAPI 3.1, built per request: it takes no memory until it is requested.

Source: https://spec.openapis.org/oas/v3.1.1.html
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from secret_sidecar import problems
from secret_sidecar.api import events, request_parsing
from secret_sidecar.api.queries import parameters
from secret_sidecar.api.responses import json_response
from secret_sidecar.api.schemas import SCHEMAS

Document = dict[str, Any]

_ANY = "bad-request unauthenticated misdirected internal-error"
_VAULT = (
    "bad-name denied not-found deleted disabled throttled bad-upstream-response vault-unavailable identity-unavailable "
    "overloaded timed-out"
)
_BODY = "too-large not-json"
_SERVER = (408, 413, 414, 431, 503)
"""The statuses with which the server itself answers, before there is a request."""


class Description:
    """The route of /openapi.json."""

    def __init__(self, *, writable: bool) -> None:
        self._writable = writable

    @property
    def routes(self) -> list[Route]:
        """The application's routes."""
        return [Route("/openapi.json", self.describe, methods=["GET"])]

    async def describe(self, request: Request) -> Response:
        """GET /openapi.json: this API, with writes only where they are enabled."""
        parameters(request)
        return json_response(document(writable=self._writable))


def document(*, writable: bool) -> Document:
    """Return the description."""
    name: Document = {"parameters": [_name()]}
    paths = {
        "/v1/secrets/{name}": name | _get(_read()) | (_writes() if writable else {}),
        "/v1/secrets": _get(_declared()),
        "/v1/secrets:batchGet": {"post": _batch()},
        "/v1/events": _get(_events()),
        "/openapi.json": _get(_description()),
    }
    return {
        "openapi": "3.1.1",
        "info": {
            "title": "secret-sidecar",
            "version": "1",
            "summary": "Reads secrets for an application, through the pod's own cloud identity.",
            "license": {"name": "Apache License 2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{}, {"token": []}],
        "paths": paths,
        "components": {
            "schemas": SCHEMAS,
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "Required if SECRETS_TOKEN_FILE is set, and in shared mode.",
                }
            },
        },
    }


def _name() -> Document:
    return {
        "name": "name",
        "in": "path",
        "required": True,
        "description": "A name without '/' belongs to the pod's namespace; '/' may be sent as it is or as %2F.",
        "schema": _ref("Name"),
    }


def _read() -> Document:
    query = [
        _parameter("query", "version", "Selection", "The version with this id of the vault."),
        _parameter(
            "query", "stage", "Selection", "The version with this label of the vault; cannot be combined with version."
        ),
        _parameter("query", "key", "Selection", "One field of a secret that is a JSON object."),
        _parameter("header", "If-None-Match", "Tags", "The versions that the client has."),
    ]
    tag = {"ETag": _header("The version, in quotes.", pattern='^".*"$')}
    not_modified = {"description": "The client has the current version.", "headers": tag | _no_store()}
    answers = {"200": _answer("The secret.", "Secret", tag), "304": not_modified}
    return _operation("read", "Read a secret", f"{_VAULT} no-such-key not-an-object", answers, parameters=query)


def _writes() -> Document:
    location = {"Location": _header("The URL of the new secret.", pattern="^/v1/secrets/.")}
    deleted = {"description": "Deleted, or marked for deletion.", "headers": _no_store()}
    kept = f"{_VAULT} bad-value conflict quota-exceeded"
    written = f"{kept} {_BODY} already-exists"
    body = _body("NewValue")
    return {
        "post": _operation(
            "create", "Create a secret", written, {"201": _answer("Created.", "Written", location)}, requestBody=body
        ),
        "put": _operation(
            "put", "Give a secret a new value", written, {"200": _answer("Written.", "Written")}, requestBody=body
        ),
        "delete": _operation("delete", "Delete a secret", kept, {"204": deleted}),
    }


def _declared() -> Document:
    return _operation("declared", "List the names declared for this workload", "", {"200": _answer("Names.", "Names")})


def _batch() -> Document:
    answers = {"200": _answer("The secrets that could be read, and a problem for each of the others.", "Batch")}
    return _operation("batchGet", "Read many secrets", _BODY, answers, requestBody=_body("BatchRequest"))


def _events() -> Document:
    listening = [
        {
            "name": "names",
            "in": "query",
            "required": True,
            "description": f"At most {events.MAX_NAMES} names, separated by commas.",
            "schema": {"type": "string", "minLength": 1},
        },
        _parameter(
            "header", "Last-Event-ID", "EventId", "The id of the last event received; only later changes are sent."
        ),
    ]
    stream = {
        "description": "Events of type version, with VersionEvent as data, and problem, with Problem as data.",
        "headers": _no_store(),
        "content": {events.MEDIA_TYPE: {}},
    }
    return _operation(
        "events", "Listen for new versions", "bad-name too-many-streams", {"200": stream}, parameters=listening
    )


def _description() -> Document:
    return _operation("describe", "Read this description", "", {"200": _answer("OpenAPI 3.1.", "Description")})


def _get(operation: Document) -> Document:
    """Return GET, and HEAD, which is the same without content."""
    responses = {
        status: {part: value for part, value in answer.items() if part != "content"}
        for status, answer in operation["responses"].items()
    }
    head = {**operation, "operationId": f"{operation['operationId']}Head", "responses": responses}
    return {"get": operation, "head": head}


def _operation(name: str, summary: str, slugs: str, answers: Document, **rest: Any) -> Document:
    return {"operationId": name, "summary": summary, **rest, "responses": answers | _problems(f"{_ANY} {slugs}")}


def _problems(slugs: str) -> Document:
    """Return an answer for each status that these problems have, or the server's own."""
    wanted = slugs.split()
    kinds: dict[int, dict[str, str]] = defaultdict(dict)
    for kind in (*problems.KINDS.values(), problems.INTERNAL_ERROR):
        if kind.slug in wanted:
            kinds[kind.status][f"{problems.TYPES}{kind.slug}"] = kind.title
    for status in _SERVER:
        kinds[status]["about:blank"] = "A limit of the server is exceeded"
    return {str(status): _problem(status, kinds[status]) for status in sorted(kinds)}


def _problem(status: int, titles: dict[str, str]) -> Document:
    headers = _no_store()
    if status in {429, 503}:
        headers["Retry-After"] = _header("Seconds.", required=status == 429, pattern="^[0-9]+$")
    if status == 401:
        headers["WWW-Authenticate"] = _header("RFC 6750.", required=True, pattern="^Bearer ")
    only = {"properties": {"status": {"const": status}, "type": {"enum": sorted(titles)}}}
    return {
        "description": "; ".join(dict.fromkeys(titles.values())),
        "headers": headers,
        "content": {problems.MEDIA_TYPE: {"schema": {"allOf": [_ref("Problem"), only]}}},
    }


def _answer(description: str, schema: str, headers: Document | None = None) -> Document:
    content = {request_parsing.MEDIA_TYPE: {"schema": _ref(schema)}}
    return {"description": description, "headers": (headers or {}) | _no_store(), "content": content}


def _body(schema: str) -> Document:
    return {"required": True, "content": {request_parsing.MEDIA_TYPE: {"schema": _ref(schema)}}}


def _parameter(where: str, name: str, schema: str, description: str) -> Document:
    return {"name": name, "in": where, "description": description, "schema": _ref(schema)}


def _header(description: str, *, required: bool = True, **schema: Any) -> Document:
    return {"description": description, "required": required, "schema": {"type": "string", **schema}}


def _no_store() -> Document:
    return {"Cache-Control": _header("Must not be cached.", const="no-store")}


def _ref(schema: str) -> Document:
    return {"$ref": f"#/components/schemas/{schema}"}
