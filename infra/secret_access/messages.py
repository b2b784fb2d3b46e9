"""The one form of message, and the nearest spelling. Pure."""

import difflib
from collections.abc import Iterable


def refusal(what: str, given: object, expected: str, fix: str) -> str:
    """Return what is wrong, the value given, the value expected and the fix."""
    return f"{what}: given {given!r}, expected {expected}; {fix}"


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that is spelled most alike, if one is alike at all."""
    near = difflib.get_close_matches(name, list(known), n=1)
    return near[0] if near else None
