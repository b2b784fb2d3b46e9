"""The bindings of Google Cloud's IAM, in every form that Pulumi's provider takes. Pure.

Sources: IAM, "Principal identifiers"; Secret Manager, "Access control with IAM".
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..proof.preview import UNKNOWN, Resource
from .manifests import items, known, mapping

_TYPE = re.compile(r"gcp:(?P<module>[^/]*).*(IAM|Iam)(Binding|Member|Policy)")
_NATIVE = re.compile(
    r"google-native:(?P<service>\w+)/\w+:(?P<module>Project|Folder|Organization|\w*?)Iam(Binding|Member|Policy)"
)
_WIDE = {
    "projects": "the project",
    "Project": "the project",
    "folder": "the folder",
    "Folder": "the folder",
    "organizations": "the organization",
    "Organization": "the organization",
}
_HARMLESS = ("roles/secretmanager.viewer",)


@dataclass(frozen=True)
class Binding:
    """A role for members, on something."""

    role: str
    members: Sequence[str]
    place: str
    """What it is granted on, for people."""
    is_unlimited: bool
    """Whether it is for a whole project or more, and no condition names resources."""

    @property
    def is_for_secrets(self) -> bool:
        """Whether the role is one of Secret Manager's that gives values away, or replaces them."""
        return self.role.startswith("roles/secretmanager.") and self.role not in _HARMLESS


def bindings(resource: Resource) -> Iterator[Binding]:
    """Yield the bindings of a resource; of a whole policy, each one."""
    found = _TYPE.fullmatch(resource.type) or _NATIVE.fullmatch(resource.type)
    if found is None:
        return
    module = found["module"]
    place = _WIDE.get(module, f"{resource.name}")
    for given in _given(resource):
        role = known(given.get("role"))
        if role is not None:
            condition = given.get("condition")
            is_unlimited = module in _WIDE and not _names_resources(condition)
            yield Binding(role, _members(given), place, is_unlimited)


def _given(resource: Resource) -> list[Mapping[str, Any]]:
    if isinstance(resource.inputs.get("bindings"), list):
        return items(resource.inputs["bindings"])
    if "policyData" not in resource.inputs:
        return [resource.inputs]
    try:
        return items(mapping(json.loads(resource.text("policyData") or "{}")).get("bindings"))
    except ValueError:
        return []


def _members(given: Mapping[str, Any]) -> list[str]:
    listed = given.get("members")
    found = list(listed) if isinstance(listed, list | tuple) else [given.get("member")]
    return [each for each in found if isinstance(each, str) and UNKNOWN not in each]


def _names_resources(condition: object) -> bool:
    """Whether a condition compares the resource's name; one that is known only later is left to the proof."""
    if condition is None:
        return False
    expression = mapping(condition).get("expression")
    return known(expression) is None or "resource.name" in str(expression)
