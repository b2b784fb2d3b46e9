"""The resources that a stack is about to have, from `pulumi preview --json`. Pure.

Source: https://www.pulumi.com/docs/iac/cli/commands/pulumi_preview/; what is known only after the update is spelled
as a UUID of Pulumi's (sdk/go/common/resource/plugin/rpc.go, UnknownStringValue).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .errors import DocumentError

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
HIDDEN = "[secret]"
NOT_ISOLATED = "the documents do not keep namespaces apart"
"""How `require_isolation` fails a program: all of it was registered then, so its documents can be judged."""


@dataclass(frozen=True)
class Resource:
    """A resource as the program asks for it."""

    urn: str
    type: str
    inputs: Mapping[str, Any]
    depends_on: Mapping[str, tuple[str, ...]]
    """URNs that an input was computed from, by input."""
    parent: str = ""
    """URN of the component that it belongs to."""

    @property
    def name(self) -> str:
        return self.urn.rpartition("::")[2]

    @property
    def stack(self) -> str:
        """The stack's name: `urn:pulumi:STACK::PROJECT::TYPE::NAME`."""
        return self.urn.removeprefix("urn:pulumi:").partition("::")[0]

    def text(self, key: str) -> str | None:
        """Return an input as text, a document as JSON; None where it is missing or not known yet."""
        value = self.inputs.get(key)
        value = json.dumps(value) if isinstance(value, Mapping) else value
        return value if isinstance(value, str) and UNKNOWN not in value and value != HIDDEN else None

    def is_pending(self, key: str) -> bool:
        """Return whether an input is given and not known yet."""
        return self.inputs.get(key) is not None and self.text(key) is None


def resources(text: str) -> list[Resource]:
    """Return the resources that are there after the update; raises DocumentError."""
    try:
        preview = json.loads(text)
    except ValueError as error:
        fix = "give what `pulumi preview --json` prints"
        raise DocumentError(f"the preview is not JSON: {error}; {fix}") from None
    if not isinstance(preview, Mapping) or not isinstance(preview.get("steps"), list):
        given = sorted(preview)[:5] if isinstance(preview, Mapping) else type(preview).__name__
        raise DocumentError(f"the preview has no steps: {given}; expected what `pulumi preview --json` prints")
    errors = [each["message"].strip() for each in preview.get("diagnostics", []) if each.get("severity") == "error"]
    if errors and not errors[0].startswith(NOT_ISOLATED):
        raise DocumentError(f"the preview failed, so not all documents are in it: {errors[0]}")
    found: dict[str, Resource] = {}
    for step in preview["steps"]:
        state = step.get("newState")
        if isinstance(state, Mapping):
            found[step["urn"]] = _resource(step["urn"], state)
        elif step.get("op") == "delete":
            found.pop(step["urn"], None)
    return list(found.values())


def _resource(urn: str, state: Mapping[str, Any]) -> Resource:
    depends_on = {key: tuple(urns or ()) for key, urns in (state.get("propertyDependencies") or {}).items()}
    return Resource(urn, str(state["type"]), state.get("inputs") or {}, depends_on, str(state.get("parent") or ""))
