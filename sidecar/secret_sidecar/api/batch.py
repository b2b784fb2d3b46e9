"""Many secrets in one request, fetched side by side: what failed is reported by name, the rest is served."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from secret_names import InvalidName
from secret_sidecar import problems
from secret_sidecar.api.answers import json_response, members
from secret_sidecar.api.asking import CURRENT, PARTS, Asker, Selection
from secret_sidecar.api.bodies import json_object, no_others
from secret_sidecar.api.picking import pick
from secret_sidecar.api.queries import parameters
from secret_sidecar.errors import BadRequest, SidecarError, TimedOut
from secret_sidecar.stores import Secret

MAX_BODY = 64 << 10
MAX_NAMES = 100
SIDE_BY_SIDE = 10
"""Calls of one request that are under way at a time, so that other callers get their turn."""

Wanted = tuple[str, Selection]
Outcome = Secret | SidecarError | InvalidName


class Batch:
    """The route of /v1/secrets:batchGet."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker

    @property
    def routes(self) -> list[Route]:
        """What the application serves."""
        return [Route("/v1/secrets:batchGet", self.get, methods=["POST"])]

    async def get(self, request: Request) -> Response:
        """POST /v1/secrets:batchGet: the secrets that could be read, and a problem document for each that could not.

        What is asked for twice is answered once, and fields of one version come from one call. One deadline holds for
        all.
        """
        deadline = self._asker.deadline()
        parameters(request)
        wanted = dict.fromkeys(self._spelled(item) for item in _items(await json_object(request, MAX_BODY)))
        slots = asyncio.Semaphore(SIDE_BY_SIDE)
        calls: dict[Wanted, asyncio.Task[Outcome]] = {}
        async with asyncio.TaskGroup() as group:
            for call in map(_whole, wanted):
                if call not in calls:
                    calls[call] = group.create_task(self._outcome(call, slots, deadline))
        answer: dict[str, list[dict[str, Any]]] = {"secrets": [], "errors": []}
        for item in wanted:
            name, selection = item
            found = _picked(calls[_whole(item)].result(), selection)
            if isinstance(found, Secret):
                answer["secrets"].append(members(found, selection))
            else:
                context = {"name": name, "backend": self._asker.backend, **selection.members()}
                answer["errors"].append(problems.document(found, **context))
        return json_response(answer)

    def _spelled(self, item: Wanted) -> Wanted:
        """Return the item with its name in full, so that a secret has one name; what is no name is found out later."""
        name, selection = item
        try:
            return self._asker.full_name(name), selection
        except InvalidName:
            return item

    async def _outcome(self, call: Wanted, slots: asyncio.Semaphore, deadline: float) -> Outcome:
        name, selection = call
        try:
            full_name = self._asker.full_name(name)
            async with slots:
                if asyncio.get_running_loop().time() >= deadline:
                    raise TimedOut("the deadline passed before this name had its turn")
                return await self._asker.read(full_name, selection, deadline)
        except (SidecarError, InvalidName) as error:
            return error


def _whole(item: Wanted) -> Wanted:
    name, selection = item
    return (name, replace(selection, key=None))


def _picked(outcome: Outcome, selection: Selection) -> Outcome:
    if not isinstance(outcome, Secret) or selection.key is None:
        return outcome
    try:
        return pick(outcome, selection.key)
    except SidecarError as error:
        return error


def _items(document: dict[str, Any]) -> list[Wanted]:
    """Return what the body asks for, or raise BadRequest."""
    no_others(document, "names")
    names = document.get("names")
    if not isinstance(names, list) or not 0 < len(names) <= MAX_NAMES:
        raise BadRequest(f"names: expected a list of 1 to {MAX_NAMES} names")
    return [_item(given) for given in names]


def _item(given: object) -> Wanted:
    match given:
        case str(name):
            return name, CURRENT
        case {"name": str(name), **rest}:
            return name, Selection.of(rest)
    raise BadRequest(f"names: expected each to be a name, or an object with name and maybe {', '.join(PARTS)}")
