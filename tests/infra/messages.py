"""What a refusal says."""

import re

import pytest

from secret_access.errors import SecretAccessError

WHOLE = re.compile(r"(: given .+, expected .+| is unknown: expected one of .+); \S.*", re.DOTALL)
"""The value given, the value expected and the fix; of what is unknown the name is the value."""
STUTTER = re.compile(r"(?:\A|: )(\w+): \1\b")


def assert_all_in(parts: list[str], error: pytest.ExceptionInfo[SecretAccessError]) -> None:
    missing = [part for part in parts if part not in str(error.value)]
    assert not missing, str(error.value)


def assert_whole(problem: SecretAccessError) -> None:
    """Fail where a refusal lacks the value given, the value expected or the fix, or names its argument twice."""
    assert WHOLE.search(str(problem)), f"no value given, value expected and fix: {problem}"
    assert not STUTTER.search(str(problem)), f"says a word twice: {problem}"
