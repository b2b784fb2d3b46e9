"""The API: one secret, and the names that were declared for this workload."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import unquote

from starlette.convertors import PathConvertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Scope

from secret_sidecar import problems
from secret_sidecar.api.answers import json_response, secret_response
from secret_sidecar.api.asking import CURRENT, PARTS, Asker, Selection
from secret_sidecar.api.queries import parameters
from secret_sidecar.api.writes import Writes
from secret_sidecar.errors import BadRequest, KeyMissing, NotAnObject, VaultError

PATH = "/v1/secrets/"


class _Rest(PathConvertor):
    """All that follows, line breaks too: what is no name is told so, not that there is no such path."""

    regex = "(?s:.*)"


register_url_convertor("rest", _Rest())


class Secrets:
    """The routes of /v1/secrets/{name}."""

    def __init__(self, asker: Asker, writes: Writes | None) -> None:
        self._asker = asker
        self._writes = writes

    @property
    def routes(self) -> list[Route]:
        """What the application serves: one route, so that its 405 lists every method there is."""
        path = f"{PATH}{{name:rest}}"
        if self._writes is None:
            return [Route(path, self.read, methods=["GET"])]
        return [Route(path, self.read_or_write, methods=["GET", *self._writes.methods])]

    async def read(self, request: Request) -> Response:
        """GET /v1/secrets/{name}: a version of a secret or a field of it, or why it could not be read."""
        deadline = self._asker.deadline()
        name = self._asker.full_name(asked_name(request.scope))
        selection = Selection.of(parameters(request, *PARTS)) if request.scope["query_string"] else CURRENT
        try:
            secret = await self._asker.read(name, selection, deadline)
        except (VaultError, KeyMissing, NotAnObject) as error:
            return problems.response(error, name=name, backend=self._asker.backend, **selection.members())
        return secret_response(secret, selection, request.headers.getlist("if-none-match"))

    async def read_or_write(self, request: Request) -> Response:
        """Answer any method, where writing was granted."""
        assert self._writes is not None  # noqa: S101
        if request.method not in self._writes.methods:
            return await self.read(request)
        parameters(request)
        return await self._writes.write(request, self._asker.full_name(asked_name(request.scope)))


class Declared:
    """The route of /v1/secrets."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = list(names)

    @property
    def routes(self) -> list[Route]:
        """What the application serves."""
        return [Route("/v1/secrets", self.names, methods=["GET"])]

    async def names(self, request: Request) -> Response:
        """GET /v1/secrets: what the stack declared. The vault is not asked, so nobody needs to be granted a list."""
        parameters(request)
        return json_response({"names": self._names})


def asked_name(scope: Scope) -> str:
    """Return the name in a request's path: `/` and `%2F` are the same, and escapes are undone once.

    So a `%` that was escaped itself stays in the name, which no vault can spell.
    """
    raw = scope["raw_path"].decode("ascii")
    if not raw.startswith(PATH):
        raise HTTPException(404)
    try:
        name = unquote(raw.removeprefix(PATH), errors="strict")
    except UnicodeDecodeError:
        raise BadRequest("the path's escapes are no UTF-8: expected a secret's name") from None
    if not name:
        raise BadRequest(f"the path names no secret: expected {PATH}NAME")
    return name
