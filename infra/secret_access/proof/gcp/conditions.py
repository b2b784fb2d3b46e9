"""Conditions of IAM bindings (CEL), as sets of resource names. Pure.

What is said of `resource.name` is exact. What is said of anything else may hold: then the set has more names, never
fewer.

Source: IAM, "Attribute reference for IAM Conditions".
"""

import ast
import re
from collections.abc import Callable
from itertools import pairwise

from ..strings import ANYTHING, NOTHING, Pattern, StringSet, complement, literal, sequence

Bounds = tuple[StringSet, StringSet]
"""The names for which a condition may hold, and those for which it does."""
_TOKEN = re.compile(
    r"""\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\|\||&&|==|!=|<=|>=|[A-Za-z_][\w.]*|\d+|[()!<>,+\-*/\[\]?:])"""
)
_NAME = "resource.name"
_ANY = Pattern(ANYTHING.parts)
_UNKNOWN: Bounds = (ANYTHING, NOTHING)
_CALLS: dict[str, Callable[[str], Pattern]] = {
    f"{_NAME}.startsWith": lambda text: sequence(literal(text), _ANY),
    f"{_NAME}.endsWith": lambda text: sequence(_ANY, literal(text)),
    f"{_NAME}.contains": lambda text: sequence(_ANY, literal(text), _ANY),
}


def may_hold(expression: str) -> StringSet:
    """Return the resource names for which a condition may hold."""
    tokens, end = [], 0
    while match := _TOKEN.match(expression, end):
        tokens.append(match[1])
        end = match.end()
    if expression[end:].strip():
        return ANYTHING
    if "?" in tokens or _is_commented(tokens):
        return ANYTHING
    reader = _Reader(tokens)
    try:
        bounds = reader.either()
    except IndexError:
        return ANYTHING
    return ANYTHING if reader.left else bounds[0]


class _Reader:
    """Reads an expression, token by token. What it does not know leaves tokens over, and is in doubt as a whole."""

    def __init__(self, tokens: list[str]) -> None:
        self.left = tokens

    def either(self) -> Bounds:
        found = self.both()
        while self.left[:1] == ["||"]:
            self.left = self.left[1:]
            other = self.both()
            found = found[0] | other[0], found[1] | other[1]
        return found

    def both(self) -> Bounds:
        found = self.one()
        while self.left[:1] == ["&&"]:
            self.left = self.left[1:]
            other = self.one()
            found = found[0] & other[0], found[1] & other[1]
        return found

    def one(self) -> Bounds:
        first, self.left = self.left[0], self.left[1:]
        if first == "!":
            may, does = self.one()
            return complement(does), complement(may)
        if first == "(":
            found = self.either()
            if self.left[:1] != [")"]:
                raise IndexError
            self.left = self.left[1:]
            return found
        if first in _CALLS and _is_text(self.left[1:2]) and (self.left[0], self.left[2]) == ("(", ")"):
            exact = _CALLS[first](ast.literal_eval(self.left[1]))
            self.left = self.left[3:]
            return exact, exact
        if first == _NAME and self.left[0] in ("==", "!=") and _is_text(self.left[1:2]):
            equal: StringSet = literal(ast.literal_eval(self.left[1]))
            exact_set = equal if self.left[0] == "==" else complement(equal)
            self.left = self.left[2:]
            return exact_set, exact_set
        return self._unknown()

    def _unknown(self) -> Bounds:
        """Skip to the end of a part that is about something else."""
        depth = 0
        while self.left and not (depth == 0 and self.left[0] in ("||", "&&", ")")):
            depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(self.left[0], 0)
            self.left = self.left[1:]
        return _UNKNOWN


def _is_commented(tokens: list[str]) -> bool:
    """Whether the rest of a line may be a comment: CEL has no other use of two slashes."""
    return ("/", "/") in pairwise(tokens)


def _is_text(tokens: list[str]) -> bool:
    return bool(tokens) and tokens[0][0] in "\"'"
