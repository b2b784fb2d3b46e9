"""The inputs that would make a Kubernetes object as it is now.

What the program manages is followed, so that drift shows; what the API server, controllers and other people
manage is not. https://kubernetes.io/docs/reference/using-api/server-side-apply/#merge-strategy
"""

from __future__ import annotations

import base64
import copy
from decimal import Decimal, InvalidOperation
from typing import Any

Object = dict[str, Any]

_SERVERS_OWN = (
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "ownerReferences",
    "resourceVersion",
    "selfLink",
    "uid",
)
_KEYS = ("name", "mountPath", "containerPort", "port", "ip", "key", "type")
_QUANTITIES = ("limits", "requests", "capacity", "hard", "sizeLimit", "divisor")
_SUFFIXES = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}


def imported(live: Object) -> Object:
    """The whole object without what only the API server writes."""
    inputs = copy.deepcopy({key: value for key, value in live.items() if key != "status"})
    for key in _SERVERS_OWN:
        inputs["metadata"].pop(key, None)
    annotations = inputs["metadata"].get("annotations", {})
    annotations.pop("kubectl.kubernetes.io/last-applied-configuration", None)
    annotations.pop("deployment.kubernetes.io/revision", None)
    if not annotations:
        inputs["metadata"].pop("annotations", None)
    return inputs


def managed(inputs: Object, live: Object) -> Object:
    """The inputs with every value that they hold as it is in the live object."""
    seen = {**live, "stringData": _decoded(live.get("data") or {})} if live["kind"] == "Secret" else live
    return dict(_follow(inputs, seen, quantity=False))


def _follow(ours: Any, live: Any, *, quantity: bool) -> Any:
    if isinstance(ours, dict) and isinstance(live, dict):
        return {
            key: _follow(value, live.get(key), quantity=quantity or key in _QUANTITIES)
            for key, value in ours.items()
            if key in live or _empty(value)
        } | {key: value for key, value in ours.items() if key.startswith("__")}
    if isinstance(ours, list) and isinstance(live, list):
        return _follow_list(ours, live, quantity=quantity)
    if _empty(ours) and live is None:
        return ours
    if quantity and _amount(ours) is not None and _amount(ours) == _amount(live):
        return ours
    return live


def _follow_list(ours: list[Any], live: list[Any], *, quantity: bool) -> list[Any]:
    """Members with a key are found by it, and those of others left alone; all else is one value as a whole."""
    key = _key_of(ours)
    if key is None or key != _key_of(live):
        same_length = len(ours) == len(live)
        return [_follow(*pair, quantity=quantity) for pair in zip(ours, live, strict=True)] if same_length else live
    by_key = {member[key]: member for member in live}
    return [_follow(member, by_key[member[key]], quantity=quantity) for member in ours if member[key] in by_key]


def _key_of(members: list[Any]) -> str | None:
    if not members or not all(isinstance(member, dict) for member in members):
        return None
    for key in _KEYS:
        values = [member.get(key) for member in members]
        if None not in values and len(set(map(str, values))) == len(values):
            return key
    return None


def _empty(value: Any) -> bool:
    """Whether a value is empty: the API server drops those, so they are no difference."""
    return value is None or value in ({}, [], "", 0, False)


def _amount(value: Any) -> Decimal | None:
    """A quantity's number: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/"""
    text = str(value)
    digits = text.rstrip("".join({*"".join(_SUFFIXES), *"KMGTPEi"}))
    suffix = text[len(digits) :]
    try:
        if suffix in _BINARY:
            return Decimal(digits) * Decimal(1024) ** _BINARY[suffix]
        return Decimal(digits).scaleb(_SUFFIXES[suffix])
    except (InvalidOperation, KeyError):
        return None


def _decoded(data: Object) -> Object:
    return {key: base64.b64decode(value).decode(errors="replace") for key, value in data.items()}
