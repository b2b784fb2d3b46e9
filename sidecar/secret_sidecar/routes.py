"""The API: reading a secret."""

from __future__ import annotations

import asyncio
import json
from urllib.parse import unquote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Scope

import secret_names
from secret_sidecar import problems
from secret_sidecar.errors import BadRequest, VaultError
from secret_sidecar.settings import Settings
from secret_sidecar.stores import Secret, Store

PATH = "/v1/secrets/"


class Secrets:
    """The routes under /v1/secrets."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._prefix = settings.prefix
        self._timeout = settings.timeout

    @property
    def routes(self) -> list[Route]:
        """What the application serves."""
        return [Route(f"{PATH}{{name:path}}", self.read, methods=["GET"])]

    async def read(self, request: Request) -> Response:
        """GET /v1/secrets/{name}: the current version, or the problem that kept it from being read."""
        deadline = asyncio.get_running_loop().time() + self._timeout
        name = self._store.check_name(secret_names.qualify(asked_name(request.scope), self._prefix))
        if request.scope["query_string"]:
            asked = next(iter(request.query_params), "")
            raise BadRequest(f"query parameter {asked[:80]!r}: expected none")
        try:
            secret = await self._store.get(name, deadline)
        except VaultError as error:
            return problems.response(error, name=name, backend=self._store.backend)
        return answer(secret, request.headers.getlist("if-none-match"))


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


def answer(secret: Secret, if_none_match: list[str]) -> Response:
    """Return a secret, or 304 if the caller has this version (RFC 9110 section 13.1.2)."""
    etag = f'"{secret.version}"'
    headers = {"ETag": etag, **problems.NO_STORE}
    if if_none_match and _matches(etag, if_none_match):
        return Response(status_code=304, headers=headers)
    members = {"name": secret.name, "value": secret.value, "version": secret.version}
    if secret.encoding:
        members["encoding"] = secret.encoding
    return Response(json.dumps(members).encode(), headers=headers, media_type="application/json")


def _matches(etag: str, if_none_match: list[str]) -> bool:
    tags = {tag.strip().removeprefix("W/") for line in if_none_match for tag in line.split(",")}
    return etag in tags or "*" in tags
