"""Settings as fields of a frozen dataclass, each read from the first of its environment variables that is set."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import Field, field, fields
from pathlib import Path
from typing import Any, NamedTuple

from secret_names import InvalidName
from secret_sidecar.errors import SettingsError

_USER_AND_PASSWORD = re.compile(r"(?<=://).*@|^[^/:@]+:[^/@]*@")
"""In a URL, whose scheme may be missing: messages do not show it."""


class Variable(NamedTuple):
    """A setting as --help and the documents show it."""

    names: list[str]
    about: str
    default: Any


def setting(
    variables: str, about: str, parse: Callable[[str], Any] = str, default: Any = "", *, secret: bool = False
) -> Any:
    """Declare a field that is read from the first of these variables that is set and not empty.

    `parse` raises ValueError with the form expected, or InvalidName.
    """
    metadata = {"variables": variables.split(), "about": about, "parse": parse, "secret": secret}
    return field(default=default, repr=not secret, metadata=metadata)


def read(cls: Any, environment: Mapping[str, str]) -> dict[str, Any]:
    """Return the values of a dataclass's settings, or raise SettingsError with key, value and the form expected."""
    return {f.name: _read(f, environment) for f in fields(cls) if "variables" in f.metadata}


def variables(cls: Any) -> list[Variable]:
    """Return each setting's variables, meaning and default."""
    return [
        Variable(f.metadata["variables"], f.metadata["about"], f.default)
        for f in fields(cls)
        if "variables" in f.metadata
    ]


def both_or_neither(one: str, other: str, values: Mapping[str, object]) -> None:
    """Raise SettingsError if one of two variables has a value and the other has none."""
    if bool(values[one]) != bool(values[other]):
        there, missing = (one, other) if values[one] else (other, one)
        raise SettingsError(f"{missing} is not set though {there} is: expected both or neither")


def printable(text: str) -> str:
    """Return what a header can hold, or raise ValueError with the form expected."""
    if not (text.isascii() and text.isprintable()):
        raise ValueError("printable ASCII")
    return text


def file(text: str) -> Path:
    """Return the path of a file, which may not be there yet, or raise ValueError: a FIFO would be waited for."""
    if os.path.exists(text) and not os.path.isfile(text):
        raise ValueError("a regular file")
    return Path(text)


def file_name(text: str) -> str:
    """Return the path of a file as text, or raise ValueError as `file` does."""
    return str(file(text))


def _read(setting: Field[Any], environment: Mapping[str, str]) -> Any:
    for variable in setting.metadata["variables"]:
        if text := environment.get(variable, "").strip():
            shown = "…" if setting.metadata["secret"] else repr(_USER_AND_PASSWORD.sub("…@", text))
            try:
                value = setting.metadata["parse"](text)
                text.encode()  # what the environment holds of other bytes comes as surrogates (PEP 383)
            except InvalidName as error:
                raise SettingsError(f"{variable}={shown}: {error}") from None
            except UnicodeError:
                raise SettingsError(f"{variable}={shown}: expected text in UTF-8") from None
            except ValueError as error:
                raise SettingsError(f"{variable}={shown}: expected {error}") from None
            return value
    return setting.default
