"""A vault whose values change while it is read; the test decides when each call is read and answered."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from secret_names.vaults import AWS
from secret_sidecar.errors import Denied, VaultError
from secret_sidecar.reading.store_wrapper import Wrapped
from secret_sidecar.vaults.store import Secret


@dataclass(eq=False)
class Call:
    """A read that the vault received at `sent`, in `step`."""

    number: int
    name: str
    sent: float
    step: int
    answer: asyncio.Future[Secret]
    decided: Secret | VaultError | None = None


@dataclass
class Value:
    """A secret's current value, a number that only grows, and when each of its values was replaced."""

    number: int = 0
    replaced: list[float] = field(default_factory=list)
    refusal: type[VaultError] | None = None
    is_hidden: bool = False
    """Whether its metadata is denied, though its value may be read."""
    was_hidden: bool = False
    """Whether the metadata was denied the last time."""


class RotatingVault(Wrapped):
    """Holds calls until the test decides them, and their answers until the test delivers them."""

    backend = "test"
    spelling = AWS

    def __init__(self) -> None:
        self.now = 0.0
        self.step = 0
        self.values: dict[str, Value] = {}
        self.calls: list[Call] = []
        self.made: list[Call] = []
        self.refused_at: dict[str, int] = {}
        self.seen: dict[str, int] = {}

    def value(self, name: str) -> Value:
        """The state of a name."""
        return self.values.setdefault(name, Value())

    async def get(
        self,
        name: str,
        deadline: float,  # noqa: ARG002
        *,
        version: str | None = None,  # noqa: ARG002
        stage: str | None = None,  # noqa: ARG002
    ) -> Secret:
        """Wait for the test."""
        answer: asyncio.Future[Secret] = asyncio.get_running_loop().create_future()
        call = Call(len(self.made), name, self.now, self.step, answer)
        self.made.append(call)
        self.calls.append(call)
        return await answer

    async def current_version(self, name: str, deadline: float) -> str:  # noqa: ARG002
        """Answer at once."""
        value = self.value(name)
        refusal = value.refusal or (Denied if value.is_hidden else None)
        is_news = refusal is not Denied or not value.was_hidden
        value.was_hidden = refusal is Denied
        if refusal:
            if is_news:
                self._refused(name)
            raise refusal("no")
        self.seen[name] = value.number
        return str(value.number)

    def _refused(self, name: str) -> None:
        """Note that the sidecar sees a refusal; what it sends because of that is sent after it."""
        self.refused_at[name] = self.step
        self.step += 1

    async def close(self) -> None:
        """Hold nothing."""

    def rotate(self, name: str) -> None:
        """Give a secret its next value."""
        value = self.value(name)
        value.number += 1
        value.replaced.append(self.now)

    def decide(self, call: Call, fault: type[VaultError] | None) -> None:
        """Fix the answer of a call to the current state."""
        value = self.value(call.name)
        kind = fault or value.refusal
        call.decided = kind("no") if kind else Secret(call.name, f"{value.number} by {call.number}", str(value.number))

    def deliver(self, call: Call, refusals: tuple[type[VaultError], ...]) -> None:
        """Deliver the answer."""
        self.calls.remove(call)
        if call.answer.done():
            return
        if isinstance(call.decided, VaultError):
            if isinstance(call.decided, refusals):
                self._refused(call.name)
            call.answer.set_exception(call.decided)
        else:
            assert call.decided is not None
            call.answer.set_result(call.decided)
