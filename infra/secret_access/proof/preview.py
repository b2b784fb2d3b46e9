"""The resources that a stack is about to have, from `pulumi preview --json --show-sames`. Pure.

Source: https://www.pulumi.com/docs/iac/cli/commands/pulumi_preview/; what is known only after the update is spelled
as a UUID of Pulumi's (sdk/go/common/resource/plugin/rpc.go, UnknownStringValue).
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from .errors import DocumentError

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
HIDDEN = "[secret]"
DEEPEST = 100
"""Levels of a document: IAM's has 6."""
_ENVELOPE = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105  no secret, but what marks one
_OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
_STREAMING = "PULUMI_ENABLE_STREAMING_JSON_PREVIEW"
_COMMAND = "`pulumi preview --json --show-sames`"
_GIVE = f"give what {_COMMAND} prints"
_COUNTED = frozenset({"create", "import", "replace", "same", "update"})
"""Operations after which there is a resource, each of them a step: Pulumi counts them in `changeSummary`."""
_KEPT = " (kept when it is replaced)"
"""Ends the URN of an old resource that stays in the cloud beside the new one."""
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
    provider: str = ""
    """URN of its provider, `::` and the provider's id."""

    @property
    def name(self) -> str:
        return self.urn.split("::", 3)[-1]  # a name may have `::` in it

    @property
    def stack(self) -> str:
        """The stack's name: `urn:pulumi:STACK::PROJECT::TYPE::NAME`."""
        return self.urn.removeprefix("urn:pulumi:").partition("::")[0]

    @cached_property
    def environments(self) -> tuple[Mapping[str, Any], ...]:
        """The environment of each container in a manifest of Kubernetes; each cloud's judge asks for it."""
        return tuple(_environments(self.inputs))

    def text(self, key: str) -> str | None:
        """Return an input as text, a document as JSON; None where it is missing or not known yet."""
        value = self.inputs.get(key)
        value = json.dumps(value) if isinstance(value, Mapping) else value
        return value if isinstance(value, str) and UNKNOWN not in value and value != HIDDEN else None

    def is_pending(self, key: str) -> bool:
        """Return whether an input is given and not known yet."""
        return self.inputs.get(key) is not None and self.text(key) is None


def object_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return a document's object for `json.loads`; raises ValueError where a key stands in it twice."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError(f"a key twice among {[key for key, _ in pairs]}; expected each once")
    return found


def resources(text: str | bytes) -> list[Resource]:
    """Return the resources that are there after the update; raises DocumentError.

    What the program only reads is another stack's, and left out, as in a running program.
    """
    if not text.strip():
        raise DocumentError(f"the preview is empty: pulumi stopped, and said why on its standard error; {_GIVE}")
    try:
        preview = json.loads(text, object_pairs_hook=object_of)
    except (ValueError, RecursionError) as error:
        raise DocumentError(f"the preview is not JSON: {_not_json(text, error)}") from None
    if not isinstance(preview, Mapping) or not isinstance(preview.get("steps"), list):
        given = sorted(preview)[:5] if isinstance(preview, Mapping) else type(preview).__name__
        raise DocumentError(f"the preview has no steps: {given}; expected what {_COMMAND} prints")
    errors = [
        str(each.get("message")).strip()
        for each in _list(preview.get("diagnostics"))
        if isinstance(each, Mapping) and each.get("severity") == "error"
    ]
    if errors and not errors[0].removeprefix("error: ").startswith(NOT_ISOLATED):
        raise DocumentError(f"the preview failed, so not all documents are in it: {errors[0]}")
    found: dict[str, Resource] = {}
    replaced: dict[str, Resource] = {}
    for number, step in enumerate(preview["steps"], 1):
        for key in ("urn", "op"):
            if not isinstance(step, Mapping) or not isinstance(step.get(key), str):
                raise DocumentError(f"step {number} of the preview has no {key}; expected what {_COMMAND} prints")
        _take(step, found, replaced)
    _check_complete(preview)
    return [*found.values(), *(_beside(each, replaced) for each in replaced.values())]


def _take(step: Mapping[str, Any], found: dict[str, Resource], replaced: dict[str, Resource]) -> None:
    """Note what a step makes or keeps in `found`, by URN, and in `replaced` what stays beside what replaces it."""
    operation, urn, old, new = step.get("op"), step["urn"], step.get("oldState"), step.get("newState")
    is_kept = isinstance(old, Mapping) and bool(old.get("retainOnDelete"))
    if isinstance(old, Mapping) and is_kept and operation in ("replace", "delete-replaced"):
        replaced[urn] = _resource(urn, old)
    if isinstance(new, Mapping):
        if new.get("external"):
            found.pop(urn, None)
        else:
            found[urn] = _resource(urn, new)
    elif operation in _COUNTED:
        raise DocumentError(f"the preview does not say what {urn} will be (op: {operation}); expected its newState")
    elif operation == "delete" and isinstance(old, Mapping) and is_kept:
        found[urn] = _resource(urn, old)
    elif operation == "delete":
        found.pop(urn, None)


def _beside(old: Resource, replaced: Mapping[str, Resource]) -> Resource:
    """Return an old resource under a URN of its own; it came from those of its time."""
    depends_on = {
        key: tuple(f"{urn}{_KEPT}" if urn in replaced else urn for urn in urns) for key, urns in old.depends_on.items()
    }
    return replace(old, urn=f"{old.urn}{_KEPT}", depends_on=depends_on)


def _check_complete(preview: Mapping[str, Any]) -> None:
    """Raise DocumentError if steps are left out: Pulumi counts all, and shows unchanged resources only when asked."""
    summary = preview.get("changeSummary")
    if preview["steps"] and not isinstance(summary, Mapping):
        raise DocumentError(f"the preview has no changeSummary: it was interrupted, or is cut; {_GIVE}")
    shown = Counter(str(step.get("op")) for step in preview["steps"])
    for operation in sorted(_COUNTED):
        counted = summary.get(operation) if isinstance(summary, Mapping) else 0
        if isinstance(counted, int) and counted > shown[operation]:
            which = "unchanged resources" if operation == "same" else f"resources to {operation}"
            raise DocumentError(f"the preview leaves out {counted - shown[operation]} {which}; {_GIVE}")


def _not_json(text: str | bytes, error: Exception) -> str:
    """Say what is wrong with a text, and what to give."""
    if isinstance(error, RecursionError):
        return f"it is nested too deeply; {_GIVE}"
    first = (text if isinstance(text, bytes) else text.encode(errors="replace")).lstrip()[:1000]
    if b'"sequence"' in first:
        return f"it is a stream of events, which do not say what inputs come from; unset {_STREAMING}, and {_GIVE}"
    return f"{error}; {_GIVE}"


def _resource(urn: str, state: Mapping[str, Any]) -> Resource:
    kind, inputs, sources = state.get("type"), state.get("inputs") or {}, state.get("propertyDependencies") or {}
    if not isinstance(kind, str) or not isinstance(inputs, Mapping) or not isinstance(sources, Mapping):
        raise DocumentError(
            f"{urn} has no type, or inputs that are no object: given {kind!r} and {type(inputs).__name__}; "
            f"expected what {_COMMAND} prints"
        )
    depends_on = {key: tuple(each for each in _list(urns) if isinstance(each, str)) for key, urns in sources.items()}
    parent, provider = (value if isinstance(value := state.get(key), str) else "" for key in ("parent", "provider"))
    known = {key: _plain(value, urn) for key, value in inputs.items()}
    return Resource(urn, kind, known, depends_on, parent, provider)


def _plain(value: Any, urn: str, depth: int = 0) -> Any:
    """Return a value without Pulumi's envelopes around secrets and outputs (sdk/go/common/resource/properties.go).

    A secret is as unknown to whoever reads a preview as what is known only later.
    """
    if depth > DEEPEST:
        raise DocumentError(f"{urn} has an input that is nested more than {DEEPEST} levels deep; expected a document")
    if isinstance(value, list):
        return [_plain(each, urn, depth + 1) for each in value]
    if not isinstance(value, Mapping):
        return UNKNOWN if value == HIDDEN else _printable(value) if isinstance(value, str) else value
    envelope = value.get(_ENVELOPE)
    if envelope == _OUTPUT and "value" in value:
        return _plain(value["value"], urn, depth + 1)
    if envelope in (_SECRET, _OUTPUT):
        return UNKNOWN
    return {str(_plain(key, urn)): _plain(each, urn, depth + 1) for key, each in value.items()}


def _environments(given: Any) -> Iterator[dict[str, Any]]:
    if isinstance(given, Mapping):
        env = given.get("env")
        if isinstance(env, list):
            yield {str(each.get("name")): each.get("value") for each in env if isinstance(each, Mapping)}
        for each in given.values():
            yield from _environments(each)
    elif isinstance(given, list):
        for each in given:
            yield from _environments(each)


def _printable(text: str) -> str:
    """Return a text without halves of surrogate pairs, which JSON may spell and nothing can print."""
    return text if text.isascii() else text.encode(errors="replace").decode()


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
