"""Conditions of IAM statements, as far as the documents tell. Pure.

What a request will hold is known only in part. So a condition holds, does not hold, or may hold: an Allow counts where
its conditions may hold, a Deny only where they hold, and no verdict is too mild.

Source: IAM User Guide, "IAM JSON policy elements: Condition operators" and "Conditions with multiple context keys or
values".
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from ..emptiness import member
from ..strings import ANYTHING, NOTHING, Part, Pattern, StringSet, complement, glob, literal, sequence, union
from .statements import Condition, Statement, filled, pattern


def _in_any_case(text: str) -> Pattern:
    return Pattern(tuple(Part(frozenset({char.lower(), char.upper()})) for char in text))


def _arn(text: str) -> StringSet:
    """Return the ARNs that a pattern matches: the first five parts one by one, `*` in them stops at a colon."""
    parts = text.split(":", 5)
    if len(parts) < 6:
        return NOTHING
    patterns = [
        Pattern(tuple(Part(_IN_PARTS, part.many) if part.chars is None else part for part in glob(each).parts))
        for each in parts[:5]
    ]
    return sequence(*(piece for pattern in patterns for piece in (pattern, literal(":"))), glob(parts[5]))


_IN_PARTS = frozenset(map(chr, range(0x21, 0x7F))) - {":"}
_COMPARED: Mapping[str, Callable[[str], StringSet]] = {
    "StringEquals": literal,
    "StringEqualsIgnoreCase": _in_any_case,
    "StringLike": glob,
    "ArnEquals": _arn,
    "ArnLike": _arn,
}
"""What a value matches, by operator. Those of numbers, dates and addresses may hold, as far as anybody knows."""
Known = Mapping[str, str | StringSet]
"""What is known of a request, by key in lower case: a value, or the values that it may have."""


def matching(condition: Condition, known: Known = MappingProxyType({})) -> StringSet | None:
    """Return the values of its key with which a condition holds; None where that cannot be told."""
    operator = _operator(condition)
    if operator == "Null":
        return NOTHING if "true" in condition.values and "false" not in condition.values else ANYTHING
    positive = operator.replace("Not", "")
    variables = {key: value for key, value in known.items() if isinstance(value, str)}
    texts = [filled(value, variables) if condition.has_variables else value for value in condition.values]
    if positive not in _COMPARED or None in texts:
        return None
    if tuple(texts) == condition.values:
        found = union(map(_COMPARED[positive], condition.values))
    elif positive.startswith("Arn"):
        return None  # a value may have a colon, which tells the parts of an ARN apart
    elif positive == "StringLike":
        found = union(pattern(value, variables, None) for value in condition.values)
    else:
        found = union(_COMPARED[positive](text) for text in texts if text is not None)
    return complement(found) if "Not" in operator else found


def may_hold(condition: Condition, known: Known) -> bool:
    """Return whether a condition may hold, given what is known of the request."""
    return _outcome(condition, known) is not False


def holds(condition: Condition, known: Known) -> bool:
    """Return whether a condition certainly holds."""
    return _outcome(condition, known) is True


def applies(statement: Statement, known: Known, *, without: str = "") -> bool:
    """Return whether a statement counts: an Allow that may apply, a Deny that does.

    Conditions on the key `without` are left to the caller.
    """
    test = may_hold if statement.is_allow else holds
    return all(test(each, known) for each in statement.conditions if each.key.lower() != without)


def _outcome(condition: Condition, known: Known) -> bool | None:
    value = known.get(condition.key.lower())
    found = None if value is None else matching(condition, known)
    if found is None or value is None:
        return None
    if isinstance(value, str):
        return value in found
    if member(value & found) is None:
        return False
    return True if member(value - found) is None else None


def _operator(condition: Condition) -> str:
    return condition.operator.rpartition(":")[2].removesuffix("IfExists")
