"""What the JSON of each command has to have, so that a report can be made of it. Pure."""

from collections.abc import Callable, Mapping
from typing import Any

from ..proof.errors import DocumentError

COMMANDS = {
    "evaluation": "secret-access evaluate --json",
    "proof": "secret-access prove --json",
    "rbac": "secret-access rbac --json",
    "preflight": "secret-access preflight --json",
}
Check = Callable[[Any], bool]
Shape = Mapping[str, tuple[str, Check]]
"""Of each key, what is expected in words, and the check. A key that ends in `?` may be missing, or null."""


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


def _maps_to(check: Check) -> Check:
    return lambda value: isinstance(value, Mapping) and all(map(check, value.values()))


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


TEXT, TEXTS, OBJECT = ("text", _is_text), ("a list of texts", _are_texts), ("an object", _maps_to(lambda _: True))
LISTS: Mapping[str, Mapping[str, Shape]] = {
    "evaluation": {
        "clouds": {
            "cloud": TEXT,
            "namespaces": ("an object of texts", _maps_to(_is_text)),
            "judged": TEXTS,
            "breaches": ("a list", lambda value: isinstance(value, list)),
            "undecided": TEXTS,
            "unreadable": TEXTS,
            "not_in_the_documents": TEXTS,
        },
        "documents?": {"urn": TEXT, "type": TEXT, "name": TEXT, "inputs": OBJECT},
    },
    "proof": {
        "cells": {
            "vault": TEXT,
            "from": TEXT,
            "name": TEXT,
            "expected": ("200 or 403", lambda value: _is_whole(value) and value in (200, 403)),
            "status": ("an HTTP status or null", lambda value: value is None or _is_whole(value)),
            "decided_by": TEXT,
            **dict.fromkeys(("asked_by?", "detail?", "identity?", "request_id?", "place?"), TEXT),
        },
    },
    "rbac": {
        "ways": {
            **dict.fromkeys(("subject", "namespace", "way", "by", "mend"), TEXT),
        },
        "identities?": {"namespace": TEXT, "service_account": TEXT},
        "refused?": {"subject": TEXT, "refused_by": TEXT},
    },
    "preflight": {"checks": {**dict.fromkeys(("id", "severity", "what", "found"), TEXT), "mend?": TEXT}},
}
"""The lists of each command's JSON, and what each item of them has."""
BREACH: Shape = {
    "namespace": TEXT,
    "owner": ("text or null", lambda value: value is None or _is_text(value)),
    "name": TEXT,
    "identity": TEXT,
    "statements": TEXTS,
}
REST: Shape = {
    **dict.fromkeys(("stack?", "cluster?", "evaluated_at?", "asked_at?", "scanned_at?", "checked_at?"), TEXT),
    **dict.fromkeys(("wrong?", "notes?", "not_seen?"), TEXTS),
    "expected?": ("an object of numbers", _maps_to(_is_whole)),
}


def check(kind: str, given: Any) -> None:
    """Raise DocumentError with what a command's answer lacks."""
    if not isinstance(given, Mapping):
        raise DocumentError(f"the {kind} is no object: given {type(given).__name__}; {_fix(kind)}")
    _check_item(kind, "the answer", given, REST)
    for name, shape in LISTS[kind].items():
        _check_list(kind, name, given, shape)
    if kind == "evaluation":
        for cloud in given["clouds"]:
            _check_list(kind, "breaches", cloud, BREACH)
        clouds = [cloud["cloud"] for cloud in given["clouds"]]
        for name in clouds:
            if clouds.count(name) > 1:
                raise DocumentError(f"the {kind} has {name!r} twice among its clouds, expected each once; {_fix(kind)}")


def _check_list(kind: str, name: str, given: Mapping[str, Any], shape: Shape) -> None:
    items = given.get(name.removesuffix("?"))
    if items is None and name.endswith("?"):
        return
    if not isinstance(items, list):
        raise DocumentError(f"the {kind} has no list {name.removesuffix('?')!r}; {_fix(kind)}")
    for item in items:
        if not isinstance(item, Mapping):
            raise DocumentError(f"an item of {name!r} in the {kind} is no object, given {item!r:.60}; {_fix(kind)}")
        _check_item(kind, f"an item of {name.removesuffix('?')!r}", item, shape)


def _check_item(kind: str, what: str, item: Mapping[str, Any], shape: Shape) -> None:
    missing = [key for key in shape if not key.endswith("?") and key not in item]
    if missing:
        raise DocumentError(f"{what} in the {kind} lacks {', '.join(missing)}; {_fix(kind)}")
    for key, (expected, is_so) in shape.items():
        value = item.get(key.removesuffix("?"))
        if not (is_so(value) or (key.endswith("?") and value is None)):
            name = key.removesuffix("?")
            raise DocumentError(
                f"{name!r} of {what} in the {kind}: given {value!r:.60}, expected {expected}; {_fix(kind)}"
            )


def _fix(kind: str) -> str:
    return f"give what `{COMMANDS[kind]}` prints"
