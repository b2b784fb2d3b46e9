"""What a stand-in must know of a resource type, and do with it: the same for every cloud."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar

from local.standins.protocol import Properties
from local.standins.schema import Failure


class Kind:
    """One resource type, made by the calls of its cloud's API.

    ``api`` is what the cloud's ``configure`` returned. It is None while inputs are checked: a check asks nobody.
    """

    type_name: ClassVar[str]
    """The type, such as ``aws:iam/role:Role``, as the pinned SDK spells it."""
    replaces: ClassVar[tuple[str, ...]] = ()
    """Inputs that cannot be changed in place."""
    defaults: ClassVar[Mapping[str, Any]] = {}
    """What the real provider fills in where the program says nothing."""
    named: ClassVar[str] = ""
    """The input that is filled with a name of the resource's own where the program gives none."""
    computed: ClassVar[tuple[str, ...]] = ()
    """Outputs that the cloud alone knows: unknown in the preview that creates it. ``read`` gives them."""
    sets: ClassVar[tuple[str, ...]] = ()
    """Inputs that are lists in no particular order."""
    none_when_empty: ClassVar[tuple[str, ...]] = ()
    """Inputs that the cloud does not read back when they are empty."""
    not_read: ClassVar[tuple[str, ...]] = ()
    """Inputs that the cloud does not read back at all; a refresh leaves them as the program wrote them."""
    refused: ClassVar[Mapping[str, str]] = {}
    """Inputs that the stand-in does not do, each with what to do instead."""

    def __init__(self, api: Any) -> None:
        self.api = api

    def create(self, inputs: Properties) -> str:
        """Create the resource and return its id."""
        raise NotImplementedError

    def read(self, identity: str) -> tuple[Properties, Properties]:
        """The inputs that would make it as it is, and what the cloud alone knows; raises Gone."""
        raise NotImplementedError

    def update(self, identity: str, live: Properties, inputs: Properties) -> None:
        """Update the resource so that it matches the inputs; ``live``: the inputs that ``read`` gives for it."""
        raise NotImplementedError

    def delete(self, identity: str, inputs: Properties) -> None:
        """Delete the resource; raises Gone where it is gone already."""
        raise NotImplementedError

    def faults(self, inputs: Properties) -> list[Failure]:
        """What is wrong with the inputs beyond what the SDK's types say; values may be unknown still."""
        del inputs
        return []

    def auto_name(self, name: str, random: str) -> str:
        """A name for a resource that was given none: the program's own word for it, and some hex digits."""
        return f"{name}-{random[:7]}"

    def same(self, key: str, old: Any, new: Any) -> bool:
        """Whether two values of an input mean the same though they are spelled otherwise."""
        return key in self.sets and isinstance(old, list) and isinstance(new, list) and _as_set(old) == _as_set(new)

    def outputs(self, inputs: Properties, known: Properties) -> Properties:
        """The outputs: the inputs, and what the cloud alone knows as far as it is known."""
        return {**{key: value for key, value in inputs.items() if not key.startswith("__")}, **known}


def _as_set(members: list[Any]) -> set[str]:
    return {json.dumps(member, sort_keys=True) for member in members}
