"""The routes of one secret, and of the names declared for this workload."""

from __future__ import annotations

from collections.abc import Coroutine, Iterable
from typing import Any
from urllib.parse import unquote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import Receive, Scope, Send

from secret_sidecar import problems
from secret_sidecar.api.queries import parameters
from secret_sidecar.api.responses import json_response, secret_response
from secret_sidecar.api.secret_reader import CURRENT, PARTS, Asker, Selection
from secret_sidecar.api.writes import WRITING, Writes
from secret_sidecar.errors import BadRequest, KeyMissing, NotAnObject, VaultError

PATH = "/v1/secrets/"
_PATH = PATH.encode()


class _SecretRoute(Route):
    """A route for everything below a path: the rest is the name, slashes and line breaks included."""

    def __init__(self, secrets: Secrets, methods: list[str]) -> None:
        super().__init__(f"{PATH}{{name}}", secrets, methods=methods)
        self._secrets = secrets

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Return whether the path, as it was sent, is below, and the method one of the route's."""
        if scope["type"] != "http" or not scope["raw_path"].startswith(_PATH):
            return Match.NONE, {}
        return Match.FULL if self.methods is None or scope["method"] in self.methods else Match.PARTIAL, {}

    def handle(self, scope: Scope, receive: Receive, send: Send) -> Coroutine[Any, Any, None]:
        """Serve; 405 names the setting that enables writes to those who try to write without it."""
        method, methods = scope["method"], self.methods or set()
        if method in methods:
            return self._secrets(scope, receive, send)
        allowed = ", ".join(sorted(methods))
        detail = f"expected one of {allowed}"
        if method in WRITING:
            detail = (
                f"{method} writes, which is not enabled here: {detail}, or SECRETS_ACCESS=read_write in the sidecar's "
                "environment (`access: read_write` in a stack's file)"
            )
        raise HTTPException(405, detail, {"Allow": allowed})


class Secrets:
    """/v1/secrets/{name}, as an ASGI application: reading needs nothing of what a Request adds."""

    def __init__(self, asker: Asker, writes: Writes | None) -> None:
        self._asker = asker
        self._writes = writes
        self._written_by = {} if writes is None else writes.methods

    @property
    def routes(self) -> list[Route]:
        """What the application serves: one route, so that its 405 lists every method there is."""
        return [_SecretRoute(self, ["GET", *self._written_by])]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        if scope["method"] in self._written_by:
            response = await self._write(Request(scope, receive))
        else:
            response = await self._read(scope)
        await response(scope, receive, send)

    async def _read(self, scope: Scope) -> Response:
        """GET /v1/secrets/{name}: a version of a secret or a field of it, or why it could not be read."""
        asker = self._asker
        deadline = asker.deadline()
        name = asker.full_name(_asked_name(scope))
        selection = Selection.of(parameters(Request(scope), *PARTS)) if scope["query_string"] else CURRENT
        try:
            secret = await asker.read(name, selection, deadline)
        except (VaultError, KeyMissing, NotAnObject) as error:
            return problems.response(error, name=name, backend=asker.backend, **selection.members())
        known = [value.decode("latin-1") for header, value in scope["headers"] if header == b"if-none-match"]
        return secret_response(secret, selection, known)

    async def _write(self, request: Request) -> Response:
        """Answer the other methods, where writes are enabled."""
        assert self._writes is not None  # noqa: S101
        parameters(request)
        return await self._writes.write(request, self._asker.full_name(_asked_name(request.scope)))


class Declared:
    """The route of /v1/secrets."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = list(names)

    @property
    def routes(self) -> list[Route]:
        """The application's routes."""
        return [Route("/v1/secrets", self.names, methods=["GET"])]

    async def names(self, request: Request) -> Response:
        """GET /v1/secrets: the declared names. The vault is not called, so no list permission is needed."""
        parameters(request)
        return json_response({"names": self._names})


def _asked_name(scope: Scope) -> str:
    """Return the name in a request's path: `/` and `%2F` are the same, and escapes are undone once.

    So a `%` that was escaped itself stays in the name, which no vault can spell.
    """
    raw = scope["raw_path"][len(_PATH) :].decode("ascii")
    try:
        name = unquote(raw, errors="strict") if "%" in raw else raw
    except UnicodeDecodeError:
        raise BadRequest("the path's escapes are not UTF-8: expected a secret's name") from None
    if not name:
        raise BadRequest(f"the path names no secret: expected {PATH}NAME")
    return name
