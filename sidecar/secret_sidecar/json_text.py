"""The text of one member of a JSON object, as it stands there: to parse and write it again would change numbers.

RFC 8259: section 4 (names should differ; of equal ones the last counts, as for most parsers), section 6 (numbers have
any size and precision), section 8.1 (a byte order mark may be ignored), section 9 (nesting may be limited; here to what
Python's own parser takes, about a thousand levels).
"""

from __future__ import annotations

import json
import re
from typing import NoReturn

_BYTE_ORDER_MARK = "\ufeff"
_space = re.compile(r"[ \t\n\r]*")


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)  # NaN and Infinity are Python's, not JSON's


# Numbers stay text, for Python holds neither 1e400 nor, by default, an integer of 5,000 digits.
_scan = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=_refuse).raw_decode


def member(text: str, name: str) -> str | None:
    """Return the JSON text of an object's member, or None if it has none of that name.

    Raises ValueError if the text is no JSON object, or is nested too deeply.
    """
    try:
        return _member(text, name)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _member(text: str, name: str) -> str | None:
    found = None
    at = _after("{", text, len(_BYTE_ORDER_MARK) if text.startswith(_BYTE_ORDER_MARK) else 0)
    if not text.startswith("}", at):
        while True:
            if not text.startswith('"', at):
                raise ValueError("no name of a member")
            key, end = _scan(text, at)
            start = _after(":", text, end)
            end = _scan(text, start)[1]
            if key == name:
                found = text[start:end]
            at = _skip_space(text, end)
            if not text.startswith(",", at):
                break
            at = _skip_space(text, at + 1)
    if _after("}", text, at) != len(text):
        raise ValueError("more than one object")
    return found


def _after(mark: str, text: str, at: int) -> int:
    """Return where the text goes on after a mark, with space on both sides, or raise ValueError if it is not there."""
    at = _skip_space(text, at)
    if not text.startswith(mark, at):
        raise ValueError(f"no {mark!r}")
    return _skip_space(text, at + 1)


def _skip_space(text: str, at: int) -> int:
    match = _space.match(text, at)
    assert match is not None  # noqa: S101
    return match.end()
