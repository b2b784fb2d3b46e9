"""What the aws stand-in must know of a resource type, and do with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from local.standins.protocol import Properties

Iam = Any


@dataclass(frozen=True)
class Kind:
    """One resource type: its token and what the engine must know of its inputs."""

    token: ClassVar[str]
    replaces: ClassVar[tuple[str, ...]] = ()
    documents: ClassVar[tuple[str, ...]] = ()
    sets: ClassVar[tuple[str, ...]] = ()
    """Inputs that are lists in no particular order."""
    defaults: ClassVar[Mapping[str, Any]] = {}
    computed: ClassVar[tuple[str, ...]] = ()
    refused: ClassVar[Mapping[str, str]] = {}
    named: ClassVar[bool] = False
    tagged: ClassVar[bool] = False

    default_tags: Mapping[str, str] = field(default_factory=dict)

    def create(self, iam: Iam, inputs: Properties) -> str:
        """Create the resource and return its id."""
        raise NotImplementedError

    def read(self, iam: Iam, identity: str) -> tuple[Properties, Properties]:
        """The inputs that would make it as it is, and what AWS alone knows; raises NoSuchEntity."""
        raise NotImplementedError

    def update(self, iam: Iam, identity: str, live: Properties, inputs: Properties) -> None:
        """Update the resource so that it matches the inputs."""
        raise NotImplementedError

    def delete(self, iam: Iam, identity: str, inputs: Properties) -> None:
        """Delete the resource."""
        raise NotImplementedError

    def tags(self, inputs: Properties) -> dict[str, str]:
        """The resource's tags, over the provider's default tags."""
        return {**self.default_tags, **(inputs.get("tags") or {})}

    def own_tags(self, listed: list[dict[str, str]]) -> Properties:
        """The input ``tags`` that explains the tags listed."""
        found = {tag["Key"]: tag["Value"] for tag in listed}
        own = {key: value for key, value in found.items() if self.default_tags.get(key) != value}
        return {"tags": own} if own else {}
