"""What AWS's resource types of one region have in common.

As everywhere, ids are the real provider's, but for those of resources that are given a region: `NAME@REGION`.
"""

from __future__ import annotations

from typing import Any, ClassVar

from local.standins.aws_kind import AwsKind
from local.standins.protocol import Properties

UNTOUCHED = "leave it out"
"""The fix for an input that the stand-in does not know."""


class Regional(AwsKind):
    """A resource of one region, which its id ends in."""

    service: ClassVar[str]
    not_read: ClassVar[tuple[str, ...]] = ("region",)
    deletes: ClassVar[tuple[str, str]]
    """The call that deletes it, and the argument that takes its name."""

    def delete(self, identity: str, inputs: Properties) -> None:
        del inputs
        client, name = self._asked(identity)
        call, argument = self.deletes
        getattr(client, call)(**{argument: name})

    def _identity(self, name: str, inputs: Properties) -> str:
        return f"{name}@{inputs['region']}" if inputs.get("region") else name

    def _asked(self, identity: str, service: str = "") -> tuple[Any, str]:
        """The client of the region, and the name."""
        name, _, region = identity.partition("@")
        return self.api.client(service or self.service, region), name

    def _made(self, inputs: Properties) -> Any:
        return self.api.client(self.service, str(inputs.get("region") or ""))

    def _of(self, arn: str) -> Any:
        """The client of the region of an ARN."""
        return self.api.client(self.service, arn.split(":")[3])
