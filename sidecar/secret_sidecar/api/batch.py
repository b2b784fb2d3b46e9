"""Many secrets in one request, fetched side by side: what failed is reported by name, the rest is served."""

from __future__ import annotations

import asyncio
import json
import math
import sys
from collections import deque
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from secret_names import InvalidName
from secret_sidecar import problems
from secret_sidecar.api.json_field import pick
from secret_sidecar.api.memory_budget import BUDGET, Budget, Reservation
from secret_sidecar.api.queries import parameters
from secret_sidecar.api.request_parsing import json_object, no_others
from secret_sidecar.api.responses import Parts, members
from secret_sidecar.api.secret_reader import CURRENT, PARTS, Asker, Selection
from secret_sidecar.errors import BadRequest, Overloaded, SidecarError, TimedOut
from secret_sidecar.flat_json import json_of
from secret_sidecar.vaults.store import Secret

MAX_BODY = 64 << 10
MAX_NAMES = 100
SIDE_BY_SIDE = 10
"""Calls of one request that are under way at a time, so that other callers get their turn."""
TURNS = 4
"""Requests that are answered at a time, for each holds all its values until the last is there; the others wait."""
PART = 64 << 10
"""Bytes of an answer that are sent at a time, at least: what was sent is let go of."""

Wanted = tuple[str, Selection]
Outcome = Secret | SidecarError | InvalidName


class Batch:
    """The route of /v1/secrets:batchGet."""

    def __init__(self, asker: Asker, budget: Budget = BUDGET) -> None:
        self._asker = asker
        self._budget = budget
        self._turns = asyncio.Semaphore(TURNS)

    @property
    def routes(self) -> list[Route]:
        """The application's routes."""
        return [Route("/v1/secrets:batchGet", self.get, methods=["POST"])]

    async def get(self, request: Request) -> Response:
        """POST /v1/secrets:batchGet: the secrets that could be read, and a problem document for each that could not.

        What is asked for twice is answered once, and fields of one version come from one call. One deadline holds for
        all. What finds no room in memory beside the batches that are being answered is not served: Overloaded.
        """
        deadline = self._asker.deadline()
        parameters(request)
        wanted = dict.fromkeys(self._spelled(item) for item in _items(await json_object(request, MAX_BODY)))
        reservation = Reservation(self._budget)
        has_turn = await self._turn(deadline)
        try:
            # Without a turn nothing is asked for: the clock may say that the deadline is a moment away yet.
            found = await self._found(wanted, reservation, deadline if has_turn else -math.inf)
            return Parts(self._answer(wanted, found, reservation), reservation)
        except BaseException:
            reservation.release_all()
            raise
        finally:
            if has_turn:
                self._turns.release()

    async def _turn(self, deadline: float) -> bool:
        """Wait for a turn; False if the deadline passes before, and with it that of every name."""
        try:
            async with asyncio.timeout_at(deadline):
                return await self._turns.acquire()
        except TimeoutError:
            return False

    async def _found(
        self, wanted: Iterable[Wanted], reservation: Reservation, deadline: float
    ) -> dict[Wanted, Outcome]:
        slots = asyncio.Semaphore(SIDE_BY_SIDE)
        calls: dict[Wanted, asyncio.Task[Outcome]] = {}
        async with asyncio.TaskGroup() as group:
            for call in map(_whole, wanted):
                if call not in calls:
                    calls[call] = group.create_task(self._outcome(call, slots, reservation, deadline))
        return {call: task.result() for call, task in calls.items()}

    def _answer(self, wanted: Iterable[Wanted], found: dict[Wanted, Outcome], reservation: Reservation) -> deque[bytes]:
        """Return the answer's bytes, reserving their memory, and releasing what the values held."""
        parts: deque[bytes] = deque()
        part: list[bytes] = [b'{"secrets": [']
        failures: list[dict[str, Any]] = []
        size, separator = 0, b""
        for item in wanted:
            name, selection = item
            shown = _shown(_picked(found[_whole(item)], selection), selection, reservation)
            if not isinstance(shown, bytes):
                context = {"name": name, "backend": self._asker.backend, **selection.members()}
                failures.append(problems.document(shown, **context))
                continue
            part += (separator, shown)
            size, separator = size + len(shown), b", "
            if size >= PART:
                parts.append(b"".join(part))
                part, size = [], 0
        parts.append(b"".join((*part, b'], "errors": ', json.dumps(failures).encode(), b"}")))
        reservation.release(sum(map(_size, found.values())))
        return parts

    def _spelled(self, item: Wanted) -> Wanted:
        """Return the item with its name in full, so that a secret has one name; what is no name is found out later."""
        name, selection = item
        try:
            return self._asker.full_name(name), selection
        except InvalidName:
            return item

    async def _outcome(
        self, call: Wanted, slots: asyncio.Semaphore, reservation: Reservation, deadline: float
    ) -> Outcome:
        name, selection = call
        try:
            full_name = self._asker.full_name(name)
            async with slots:
                if asyncio.get_running_loop().time() >= deadline:
                    raise TimedOut("the deadline passed before this name was requested")
                secret = await self._asker.read(full_name, selection, deadline)
            reservation.take(_size(secret))
        except (SidecarError, InvalidName) as error:
            return error.with_traceback(None)  # which has the value in it that there was no room for
        else:
            return secret


def _size(outcome: Outcome) -> int:
    """Return the bytes that a value takes."""
    return sys.getsizeof(outcome.value) if isinstance(outcome, Secret) else 0


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


def _shown(outcome: Outcome, selection: Selection, reservation: Reservation) -> bytes | SidecarError | InvalidName:
    """Return a secret as JSON, reserving their memory, or why it cannot be shown."""
    if not isinstance(outcome, Secret):
        return outcome
    shown = json_of(members(outcome, selection))
    try:
        reservation.take(len(shown))
    except Overloaded as error:
        return error
    return shown


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
