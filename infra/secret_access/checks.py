"""Checks of what the components of every cloud take, with the one form of message.

Pure functions: they return the value, or what it was taken apart into, and raise `InvalidArgument`.
"""

import re
from collections.abc import Callable
from enum import StrEnum

import secret_names

from .errors import InvalidArgument

LABEL = re.compile(r"(?=.{1,63}\Z)[a-z0-9]([a-z0-9-]*[a-z0-9])?")
SERVICE_ACCOUNT = re.compile(r"(?=.{1,253}\Z)[a-z0-9]([a-z0-9.-]*[a-z0-9])?")


class Access(StrEnum):
    """What a namespace may do with its own secrets."""

    READ = "read"
    """Read them."""
    READ_WRITE = "read_write"
    """Read, create, change and delete them."""


def invalid(what: str, given: object, expected: str, fix: str) -> InvalidArgument:
    """The one form of message: what, value given, value expected, fix."""
    return InvalidArgument(f"{what}: given {given!r}, expected {expected}; {fix}")


def match(pattern: re.Pattern[str], what: str, given: object, expected: str, fix: str) -> str:
    if isinstance(given, str) and pattern.fullmatch(given):
        return given
    raise invalid(what, given, expected, fix)


def named(check: Callable[[str], str], what: str, given: object) -> str:
    """A check of secret_names, with our error and the argument's name in front."""
    if not isinstance(given, str):
        raise invalid(what, given, "a text", f"set {what}")
    try:
        return check(given)
    except secret_names.InvalidName as problem:
        raise InvalidArgument(f"{what}: {problem}") from None


def access(value: object) -> Access:
    """`read` or `read_write`."""
    try:
        return Access(str(value))
    except ValueError:
        raise invalid("access", value, "read or read_write", "leave it out to grant reading only") from None


def namespace(name: object) -> str:
    """One namespace, spelled out: a `*` would hand one namespace's secrets to others."""
    return named(secret_names.check_namespace, "namespace", name)


def service_account_name(name: object) -> str:
    """One ServiceAccount, spelled out (RFC 1123 subdomain)."""
    return match(
        SERVICE_ACCOUNT,
        "service_account_name",
        name,
        "lowercase letters, digits, - and ., such as secret-access",
        "name one ServiceAccount; a * would trust them all",
    )


def default_prefix(name: str) -> str:
    """The prefix of a namespace that names none: `test/`."""
    return named(secret_names.default_prefix, "namespace", name)
