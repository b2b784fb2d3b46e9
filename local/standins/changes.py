"""What differs between two versions of a resource's inputs, in the engine's own terms."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from pulumi.runtime.proto import provider_pb2

from local.standins.protocol import Properties

_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


@dataclass(frozen=True)
class Change:
    """One property that differs; ``path`` is spelled as Pulumi spells it: ``spec.ports[0].name``, ``data["a.b"]``."""

    path: str
    kind: Literal["ADD", "DELETE", "UPDATE"]


def changes(old: Any, new: Any, path: str = "") -> Iterator[Change]:
    """The smallest parts that differ. Keys that begin with ``__`` are the provider's own notes."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted({*old, *new}):
            if not key.startswith("__"):
                yield from _member(old, new, key, _join(path, key))
    elif isinstance(old, list) and isinstance(new, list):
        before, after = dict(enumerate(old)), dict(enumerate(new))
        for index in sorted({*before, *after}):
            yield from _member(before, after, index, f"{path}[{index}]")
    elif old != new:
        yield Change(path, "UPDATE")


def _member(old: dict[Any, Any], new: dict[Any, Any], key: Any, path: str) -> Iterator[Change]:
    before, after = old.get(key), new.get(key)
    if before is None and after is not None:
        yield Change(path, "ADD")
    elif before is not None and after is None:
        yield Change(path, "DELETE")
    else:
        yield from changes(before, after, path)


def _join(path: str, key: str) -> str:
    if not _PLAIN_KEY.fullmatch(key):
        return f'{path}["{key}"]'
    return f"{path}.{key}" if path else key


def under(*roots: str) -> Callable[[str], bool]:
    """A test of whether a path is one of ``roots`` or lies in one."""
    return lambda path: any(path == root or path.startswith((f"{root}.", f"{root}[")) for root in roots)


def answer(
    old: Properties, new: Properties, *, replaces: Callable[[str], bool], delete_first: bool
) -> provider_pb2.DiffResponse:
    """The engine's form of the differences: which force a replacement, and whether the old one must go first."""
    found = list(changes(old, new))
    forced = [change.path for change in found if replaces(change.path)]
    detailed = {
        change.path: provider_pb2.PropertyDiff(
            kind=provider_pb2.PropertyDiff.Kind.Value(change.kind + ("_REPLACE" if change.path in forced else "")),
            inputDiff=True,
        )
        for change in found
    }
    return provider_pb2.DiffResponse(
        changes=provider_pb2.DiffResponse.DIFF_SOME if found else provider_pb2.DiffResponse.DIFF_NONE,
        diffs=sorted({re.split(r"[.\[]", change.path, maxsplit=1)[0] for change in found}),
        replaces=forced,
        deleteBeforeReplace=bool(forced) and delete_first,
        hasDetailedDiff=True,
        detailedDiff=detailed,
    )
