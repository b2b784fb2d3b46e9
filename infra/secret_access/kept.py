"""What the engine keeps of a resource, where the program asks for something else: with `ignore_changes`, `--target` or
`--exclude`. Pure.

Sources: https://www.pulumi.com/docs/iac/concepts/options/ignorechanges/, https://www.pulumi.com/docs/iac/cli/commands/pulumi_up/
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from .proof.preview import UNKNOWN, Resource

_EVERY = "*"
Values = Mapping[str, Any]


def with_ignored(asked: Resource, ignored: Iterable[str], answered: Values) -> Resource:
    """Return a resource with the engine's own values where the program's are ignored; what it does not say is unknown.

    `ignored` are paths, of which the first part is an input.
    """
    first = {re.split(r"[.\[]", path.strip("[]\"'"), maxsplit=1)[0] for path in ignored}
    keys = set(asked.inputs) if _EVERY in first else first & set(asked.inputs)
    if not keys:
        return asked
    return replace(asked, inputs={**asked.inputs, **{key: answered.get(key, UNKNOWN) for key in keys}})


def as_kept(asked: Resource, answered: Values) -> Resource:
    """Return a resource with the engine's values where these are others than the program's, and both are known."""
    other = {
        key: answered[key]
        for key, value in asked.inputs.items()
        if key in answered and value != answered[key] and not _is_same(value, answered[key])
    }
    return replace(asked, inputs={**asked.inputs, **other}) if other else asked


def _is_same(asked: Any, answered: Any) -> bool:
    """Return whether a value is what was asked for, as far as both are known; a provider may add to it and sort it."""
    if UNKNOWN in (asked, answered) or None in (asked, answered):
        return True
    if isinstance(asked, Mapping) and isinstance(answered, Mapping):
        return all(_is_same(value, answered.get(key)) for key, value in asked.items())
    if isinstance(asked, list) and isinstance(answered, list):
        sides = sorted(asked, key=_text), sorted(answered, key=_text)
        return len(asked) == len(answered) and all(map(_is_same, *sides))
    if isinstance(asked, str) and isinstance(answered, str):
        return asked == answered or _is_same_document(asked, answered)
    return bool(asked == answered)


def _is_same_document(asked: str, answered: str) -> bool:
    try:
        return bool(_canonical(json.loads(asked)) == _canonical(json.loads(answered)))
    except ValueError:
        return False


def _canonical(value: Any) -> Any:
    """Return a document as AWS returns it in any of its ways: lists in any order, and one item without its list."""
    if isinstance(value, Mapping):
        return {key: _canonical(each) for key, each in value.items()}
    if isinstance(value, list):
        items = sorted((_canonical(each) for each in value), key=_text)
        return items[0] if len(items) == 1 else items
    return value


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)
