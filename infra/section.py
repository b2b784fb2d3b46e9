"""A mapping of a stack file, read strictly: errors name the key, and unknown keys are refused."""

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from secret_access import InvalidArgument, InvalidSetting
from secret_access.checks import unknown
from secret_access.messages import nearest

Missing = object()
T = TypeVar("T")


def invalid(key: str, given: object, expected: str, fix: str) -> InvalidSetting:
    """Return an error in the one form of message: key, value given, value expected, fix."""
    return InvalidSetting(f"{key}: given {given!r}, expected {expected}; {fix}")


class Section:
    """The keys under one key of the stack file."""

    def __init__(self, path: str, values: object, separator: str = ".") -> None:
        if not isinstance(values, Mapping):
            raise invalid(path, values, "a mapping of keys to values", "indent its keys under it")
        self.path = path
        self._values: Mapping[str, Any] = values
        self._separator = separator
        self._known: list[str] = []

    def key(self, name: str) -> str:
        """Return the full name of a key, as messages show it."""
        return f"{self.path}{self._separator}{name}"

    def __contains__(self, name: str) -> bool:
        """Tell whether a key is there, with a value or without."""
        return name in self._values

    def take(self, name: str, default: Any = Missing, *, example: str = "a value") -> Any:
        """Return the value as it is; an empty one counts as missing."""
        self._known.append(name)
        value = self._values.get(name)
        if value not in (None, ""):
            return value
        if default is Missing:
            unread = [key for key in self._values if key not in self._known]
            near = nearest(name, unread)
            fix = f"rename {near}" if near else "add it to the stack's file"
            raise InvalidSetting(f"{self.key(name)} is missing: expected {example}; {fix}")
        return default

    def text(self, name: str, default: Any = Missing, *, pattern: str = r".+", example: str) -> Any:
        """Return a text that matches the pattern."""
        value = self.take(name, default, example=example)
        if value is default:
            return default
        if not isinstance(value, str):
            raise invalid(self.key(name), value, f"a text such as {example}", "put it in quotes")
        if not re.fullmatch(pattern, value):
            raise invalid(self.key(name), value, f"a text such as {example}", "correct it in the stack's file")
        return value

    def number(self, name: str, default: int) -> int:
        """Return a whole number, zero or more."""
        value = self.take(name, default)
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise invalid(self.key(name), value, "a whole number", f"leave it out for {default}")
        return value

    def flag(self, name: str, default: bool) -> bool:
        """Return true or false."""
        value = self.take(name, default)
        if not isinstance(value, bool):
            raise invalid(
                self.key(name), value, "true or false, without quotes", f"leave it out for {str(default).lower()}"
            )
        return value

    def mapping(self, name: str, example: str) -> dict[str, str]:
        """Return a mapping of texts to texts, empty if it is missing."""
        value = self.take(name, {})
        expected, fix = f"texts by name such as {example}", "put numbers and booleans in quotes"
        if not isinstance(value, dict):
            raise invalid(self.key(name), value, expected, fix)
        for key, item in value.items():
            if not isinstance(item, str):  # the others are not shown: one may be a secret that should not be there
                raise invalid(f"{self.key(name)}.{key}", item, expected, fix)
        return value

    def section(self, name: str, default: Any = Missing, *, example: str = "a mapping") -> "Section":
        """Return the keys under a key."""
        return Section(self.key(name), self.take(name, default, example=example))

    def sections(self) -> "dict[str, Section]":
        """Return every key with the keys under it, which may be none."""
        self._known.extend(self._values)
        return {
            name: Section(self.key(name), {} if values in (None, "") else values)
            for name, values in self._values.items()
        }

    def checked(self, name: str, check: Callable[[Any], T], value: Any) -> T:
        """Run a check of the components, with the key of the stack's file in front; no name means the section."""
        try:
            return check(value)
        except InvalidArgument as problem:
            text = str(problem).removeprefix(f"{name}: ")
            raise InvalidSetting(f"{self.key(name) if name else self.path}: {text}") from None

    def given(self, checks: Mapping[str, Callable[[Any], Any]]) -> dict[str, Any]:
        """Return what the checks make of those keys that are there; the components' defaults hold for the others."""
        taken = {name: self.take(name, None) for name in checks}
        return {name: self.checked(name, checks[name], value) for name, value in taken.items() if value is not None}

    def close(self) -> None:
        """Refuse keys that were not read: a misspelled one would be silently ignored."""
        for name in self._values:
            if name not in self._known:
                raise InvalidSetting(f"{self.path}{self._separator}{unknown(name, self._known)}")
