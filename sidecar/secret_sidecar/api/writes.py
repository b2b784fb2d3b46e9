"""The API's writes, enabled by SECRETS_ACCESS=read_write."""

from __future__ import annotations

import base64
import sys
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from secret_sidecar import problems
from secret_sidecar.api.memory_budget import BUDGET, Budget, Reservation
from secret_sidecar.api.request_parsing import json_object, no_others
from secret_sidecar.api.responses import json_response
from secret_sidecar.api.secret_reader import Asker
from secret_sidecar.errors import BadRequest, VaultError
from secret_sidecar.vaults.store import NewValue

MAX_BODY = 400 << 10
"""Bytes: the 64 KiB that AWS and Google keep, each of which JSON may spell in six (`\\u0000`), and room beside them."""

WRITING = frozenset(("POST", "PUT", "DELETE"))

Write = Callable[[Request, str, float, Reservation], Awaitable[Response]]


class Writes:
    """POST, PUT and DELETE of /v1/secrets/{name}.

    A write is not cut short where its caller goes away, and one that the deadline ended may yet have happened. A value
    that finds no room in memory beside those that are being written, and the batches, is not: Overloaded.
    """

    def __init__(self, asker: Asker, budget: Budget = BUDGET) -> None:
        self._asker = asker
        self._budget = budget
        self.methods: dict[str, Write] = {"POST": self.create, "PUT": self.put, "DELETE": self.delete}

    async def write(self, request: Request, name: str) -> Response:
        """Answer one of the methods, for a full name."""
        reservation = Reservation(self._budget)
        try:
            return await self.methods[request.method](request, name, self._asker.deadline(), reservation)
        except VaultError as error:
            return problems.response(error, name=name, backend=self._asker.backend)
        finally:
            reservation.release_all()

    async def create(self, request: Request, name: str, deadline: float, reservation: Reservation) -> Response:
        """POST: 201 for a new secret, 409 if there is one."""
        written = await self._asker.store.create(name, await _new_value(request, reservation), deadline)
        location = f"/v1/secrets/{quote(name)}"
        return json_response({"name": name, "version": written.version}, 201, Location=location)

    async def put(self, request: Request, name: str, deadline: float, reservation: Reservation) -> Response:
        """PUT: 200 for a new current value, 404 if there is no secret."""
        written = await self._asker.store.put(name, await _new_value(request, reservation), deadline)
        return json_response({"name": name, "version": written.version})

    async def delete(self, request: Request, name: str, deadline: float, reservation: Reservation) -> Response:  # noqa: ARG002
        """DELETE: 204, for as long as the vault keeps what is deleted it can be restored."""
        await self._asker.store.delete(name, deadline)
        return Response(status_code=204, headers=problems.NO_STORE)


async def _new_value(request: Request, reservation: Reservation) -> NewValue:
    """Return what the body says is to be written, reserving memory for it and for the call that takes it there."""
    document = await json_object(request, MAX_BODY)
    no_others(document, "value encoding")
    value: Any = document.get("value")
    encoding: Any = document.get("encoding")
    if not isinstance(value, str):
        raise BadRequest('value: expected text; where it is binary, in base64 beside "encoding": "base64"')
    if encoding is not None and encoding != "base64":
        raise BadRequest("encoding: expected base64, or none for text")
    if encoding and not _is_base64(value):
        raise BadRequest("value: expected base64 (RFC 4648 section 4), as encoding says")
    reservation.take(2 * sys.getsizeof(value))
    return NewValue(value, encoding)


def _is_base64(text: str) -> bool:
    try:
        return base64.b64encode(base64.b64decode(text, validate=True)).decode() == text
    except ValueError:
        return False
