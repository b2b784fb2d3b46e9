"""What all resources of Azure Resource Manager have in common."""

from __future__ import annotations

from typing import ClassVar

from local.standins.errors import Gone, Refused
from local.standins.kinds import Kind
from local.standins.protocol import Properties


class Resource(Kind):
    """A resource of Azure Resource Manager: its id is its path, and writing it again changes it."""

    version: ClassVar[str]
    computed: ClassVar[tuple[str, ...]] = ("azureApiVersion", "name", "type")
    none_when_empty: ClassVar[tuple[str, ...]] = ("tags",)

    def path(self, inputs: Properties) -> str:
        """Its id."""
        raise NotImplementedError

    def document(self, inputs: Properties) -> Properties:
        """What is written."""
        raise NotImplementedError

    def inputs_of(self, found: Properties) -> Properties:
        """The inputs that would write it as it is."""
        raise NotImplementedError

    def known_of(self, found: Properties) -> Properties:
        """What Azure alone knows of it."""
        return {"azureApiVersion": self.version, "name": found["name"], "type": found["type"]}

    def create(self, inputs: Properties) -> str:
        identity = self.path(inputs)
        try:
            self.api.get(identity, self.version)
        except Gone:
            self.api.put(identity, self.version, self.document(inputs))
            return identity
        raise Refused(f"cannot create already existing resource {identity!r}")

    def read(self, identity: str) -> tuple[Properties, Properties]:
        found = self.api.get(identity, self.version)
        return self.inputs_of(found), self.known_of(found)

    def update(self, identity: str, live: Properties, inputs: Properties) -> None:
        del live
        self.api.put(identity, self.version, self.document(inputs))

    def delete(self, identity: str, inputs: Properties) -> None:
        del inputs
        self.api.delete(identity, self.version)


def tags_of(document: Properties) -> Properties:
    return {"tags": document["tags"]} if document.get("tags") else {}
