"""Conditions of IAM statements, as far as the documents tell. Pure.

What a request will hold is known only in part. So a condition holds, does not hold, or may hold: an Allow counts where
its conditions may hold, a Deny only where they hold, and no verdict is too mild.

Source: IAM User Guide, "IAM JSON policy elements: Condition operators" and "Conditions with multiple context keys or
values".
"""

from collections.abc import Callable, Mapping

from ..strings import ANYTHING, NOTHING, Part, Pattern, StringSet, complement, glob, literal, union
from .statements import Condition, Statement


def _in_any_case(text: str) -> Pattern:
    return Pattern(tuple(Part(frozenset({char.lower(), char.upper()})) for char in text))


_COMPARED: Mapping[str, Callable[[str], StringSet]] = {
    "StringEquals": literal,
    "StringEqualsIgnoreCase": _in_any_case,
    "StringLike": glob,
}
"""What a value matches, by operator. Those of ARNs, numbers, dates and addresses may hold, as far as anybody knows."""


def matching(condition: Condition) -> StringSet | None:
    """Return the values of its key with which a condition holds; None where that cannot be told."""
    operator = _operator(condition)
    if operator == "Null":
        return NOTHING if "true" in condition.values else ANYTHING
    compared = _COMPARED.get(operator.replace("Not", ""))
    if compared is None or any("${" in value for value in condition.values):
        return None
    found = union(compared(value) for value in condition.values)
    return complement(found) if "Not" in operator else found


def may_hold(condition: Condition, known: Mapping[str, str]) -> bool:
    """Return whether a condition may hold, given what is known of the request."""
    return _outcome(condition, known) is not False


def holds(condition: Condition, known: Mapping[str, str]) -> bool:
    """Return whether a condition certainly holds."""
    return _outcome(condition, known) is True


def applies(statement: Statement, known: Mapping[str, str], *, without: str = "") -> bool:
    """Return whether a statement counts: an Allow that may apply, a Deny that does.

    Conditions on the key `without` are left to the caller.
    """
    test = may_hold if statement.is_allow else holds
    return all(test(each, known) for each in statement.conditions if each.key.lower() != without)


def _outcome(condition: Condition, known: Mapping[str, str]) -> bool | None:
    value = known.get(condition.key.lower())
    found = None if value is None else matching(condition)
    return None if found is None else value in found


def _operator(condition: Condition) -> str:
    return condition.operator.rpartition(":")[2].removesuffix("IfExists")
