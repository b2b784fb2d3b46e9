"""What AWS's resource types have beyond those of other clouds: policy documents, and tags over default tags."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from local.standins import documents
from local.standins.kinds import Kind
from local.standins.protocol import UNKNOWN, Properties
from local.standins.schema import Failure


class AwsKind(Kind):
    """One resource type of AWS."""

    none_when_empty = ("tags",)
    documents: ClassVar[tuple[str, ...]] = ()
    """Inputs that are policy documents."""
    tagged: ClassVar[bool] = False

    @property
    def iam(self) -> Any:
        """IAM's client."""
        return self.api.client("iam")

    def faults(self, inputs: Properties) -> list[Failure]:
        given = {key: inputs[key] for key in self.documents if isinstance(inputs.get(key), str)}
        faults = {key: documents.fault(value) for key, value in given.items() if value != UNKNOWN}
        return [Failure(key, f"{key!r} {fault}") for key, fault in faults.items() if fault]

    def same(self, key: str, old: Any, new: Any) -> bool:
        if key in self.documents:
            texts = isinstance(old, str) and isinstance(new, str)
            return texts and UNKNOWN not in (old, new) and documents.same(old, new)
        return super().same(key, old, new)

    def outputs(self, inputs: Properties, known: Properties) -> Properties:
        outputs = super().outputs(inputs, {})
        if self.tagged:
            outputs["tagsAll"] = UNKNOWN if inputs.get("tags") == UNKNOWN else self.tags(inputs)
        return {**outputs, **known}

    def tags(self, inputs: Properties) -> dict[str, str]:
        """The resource's tags, over the provider's default tags."""
        return {**self.api.default_tags, **(inputs.get("tags") or {})}

    def listed(self, inputs: Properties) -> list[dict[str, str]]:
        """The resource's tags as most services of AWS take them."""
        return _listed(self.tags(inputs))

    def tag_changes(self, live: Properties, inputs: Properties) -> tuple[list[str], list[dict[str, str]]]:
        """The keys to take away, and the tags to set."""
        before, after = self.tags(live), self.tags(inputs)
        changed = {key: value for key, value in after.items() if before.get(key) != value}
        return sorted(before.keys() - after.keys()), _listed(changed)

    def own_tags(self, listed: list[dict[str, str]]) -> Properties:
        """The input ``tags`` that explains the tags listed."""
        found = {tag["Key"]: tag["Value"] for tag in listed}
        own = {key: value for key, value in found.items() if self.api.default_tags.get(key) != value}
        return {"tags": own} if own else {}


def _listed(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]
