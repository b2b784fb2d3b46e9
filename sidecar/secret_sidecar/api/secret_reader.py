"""What the API asks of the vault: a secret in full, which version of it, and which field."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from typing import Any

from secret_sidecar.api.json_field import pick
from secret_sidecar.errors import BadRequest
from secret_sidecar.settings import Settings
from secret_sidecar.vaults.store import Secret, Store

LONGEST = 512
"""Characters of a version, a stage or a key; vaults have limits of their own below it."""
PARTS = ("version", "stage", "key")


@dataclass(frozen=True, slots=True)
class Selection:
    """Which version of a secret, and which field of it: each as it was asked for."""

    version: str | None = None
    stage: str | None = None
    key: str | None = None

    @classmethod
    def of(cls, given: Mapping[Any, Any]) -> Selection:
        """Return the selection that these members are, or raise BadRequest."""
        for part, value in given.items():
            if part not in PARTS:
                raise BadRequest(f"{part[:80]!r}: expected one of {', '.join(PARTS)}")
            if not isinstance(value, str) or not 0 < len(value) <= LONGEST:
                raise BadRequest(f"{part}: expected 1 to {LONGEST} characters of text")
        if "version" in given and "stage" in given:
            raise BadRequest("version and stage are both given: expected one of them, because each selects a version")
        return cls(**given)

    def members(self) -> dict[str, str]:
        """Return what was asked for, as answers and problems repeat it."""
        asked = {"version": self.version, "stage": self.stage, "key": self.key}
        return {part: value for part, value in asked.items() if value is not None}


CURRENT = Selection()


class Asker:
    """The store as the API asks it: names in full, and one deadline for each request."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self.store = store
        self.backend = store.backend
        self._spelling = store.spelling
        self._prefix = settings.prefix
        self._timeout = settings.timeout

    def deadline(self) -> float:
        """Return when a request that arrives now has to be answered, in the loop's time."""
        return asyncio.get_running_loop().time() + self._timeout

    def full_name(self, name: str) -> str:
        """Return a name in full, or raise InvalidName."""
        return self._spelling.full_name(name, self._prefix)

    def read(self, name: str, selection: Selection, deadline: float) -> Awaitable[Secret]:
        """Return what was selected of the secret of a full name, or raise a SidecarError."""
        reading = self.store.get(name, deadline, version=selection.version, stage=selection.stage)
        return reading if selection.key is None else _picked(reading, selection.key)


async def _picked(reading: Awaitable[Secret], key: str) -> Secret:
    return pick(await reading, key)
