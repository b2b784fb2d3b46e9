"""What the pinned SDKs know of resources and their inputs, and what is wrong with inputs that they do not know.

Read once per SDK version (sdk_types.py) and kept in the user's cache folder.
"""

from __future__ import annotations

import difflib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from local.standins.errors import UnknownType
from local.standins.protocol import UNKNOWN, Properties

_START = Path(__file__).with_name("start.py")


@dataclass(frozen=True)
class Failure:
    """An input that cannot be: where it stands, and why."""

    path: str
    reason: str
    unknown: bool = False
    """Whether there is no such input, rather than one of another form."""


class Sdk:
    """The pinned SDK of one package, such as ``aws`` or ``azure-native``.

    ``tokens`` are types that will be asked for: their modules are read together with the first that is.
    """

    def __init__(self, package: str, tokens: Iterable[str] = ()) -> None:
        self.package = package
        self._expected = {self._module_of(token) for token in tokens}
        self.version = metadata.version(f"pulumi_{package}")
        self._modules: dict[str, Properties] = {}
        self._lock = threading.Lock()

    def failures(self, token: str, inputs: Properties) -> list[Failure]:
        """Everything in the inputs of a resource that its type does not have; raises UnknownType."""
        module = self.module(token)
        if token not in module["resources"]:
            raise UnknownType(
                f"{self.package} {self.version} has no resource type {token!r}"
                + _did_you_mean(token, module["resources"] or self._tokens_like(token, module["modules"]))
            )
        return list(_check_object("", inputs, module["resources"][token], module["objects"]))

    def module(self, token: str) -> Properties:
        """What the SDK says of the module of a type token; without resources where it has no such module."""
        name = self._module_of(token)
        with self._lock:
            if name not in self._modules:
                self._modules[name] = self._load(name)
            return self._modules[name]

    def _module_of(self, token: str) -> str:
        package, middle, _ = token.split(":", 2)
        return f"{self.package}:provider" if package == "pulumi" else f"{package}:{middle}"

    def _load(self, module: str) -> Properties:
        if not self._kept(module).exists():
            self._read([module, *sorted(one for one in self._expected - {module} if not self._kept(one).exists())])
        described: Properties = json.loads(self._kept(module).read_bytes())
        return described

    def _kept(self, module: str) -> Path:
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "secret-access" / "sdk-types"
        name = f"{module.replace('/', '_').replace(':', '_')}.json"
        return cache / f"pulumi-{self.package}-{self.version}" / name

    def _read(self, modules: list[str]) -> None:
        """Read modules in one process, whose start costs more than all of them."""
        read = subprocess.run([sys.executable, _START, "sdk_types", *modules], stdout=subprocess.PIPE, check=True)
        for module, described in zip(modules, read.stdout.splitlines(), strict=True):
            kept = self._kept(module)
            kept.parent.mkdir(parents=True, exist_ok=True)
            half = kept.with_suffix(f".{os.getpid()}")
            half.write_bytes(described)
            half.rename(kept)

    def _tokens_like(self, token: str, modules: Iterable[str]) -> list[str]:
        """The same resource name in modules that are there."""
        kind = token.rsplit(":", 1)[-1]
        return [f"{self.package}:{module}:{kind}" for module in modules]


def _check_object(path: str, given: Properties, name: str, objects: Properties) -> Iterator[Failure]:
    known = objects[name]["properties"]
    for key, value in given.items():
        where = f"{path}.{key}" if path else key
        if key.startswith("__"):
            continue
        if key not in known:
            yield Failure(where, f"unknown property {key!r}{_did_you_mean(key, known)}", unknown=True)
        else:
            yield from _check(where, value, known[key], objects)
    for key in objects[name]["required"]:
        if given.get(key) is None:
            yield Failure(f"{path}.{key}" if path else key, f"missing required property {key!r}")


def _check(path: str, value: Any, alternatives: list[Any], objects: Properties) -> Iterator[Failure]:
    if value is None or value == UNKNOWN or "any" in alternatives or not alternatives:
        return
    forms = {key: of for form in alternatives if isinstance(form, dict) for key, of in form.items()}
    if isinstance(value, list) and "list" in forms:
        for index, member in enumerate(value):
            yield from _check(f"{path}[{index}]", member, forms["list"], objects)
    elif isinstance(value, dict) and "object" in forms:
        yield from _check_object(path, value, forms["object"], objects)
    elif isinstance(value, dict) and "map" in forms:
        for key, member in value.items():
            yield from _check(f"{path}.{key}", member, forms["map"], objects)
    elif isinstance(value, dict | list) or "scalar" not in alternatives:
        expected = " or ".join(
            _FORM_NAMES[form] for form in [*forms, *(["scalar"] if "scalar" in alternatives else [])]
        )
        yield Failure(path, f"expected {expected}, got {_name_of(value)}")


_FORM_NAMES = {"list": "a list", "map": "a map", "object": "an object", "scalar": "a string, number or boolean"}


def _name_of(value: Any) -> str:
    if isinstance(value, list):
        return "a list"
    return "an object" if isinstance(value, dict) else f"a {type(value).__name__}"


def _did_you_mean(given: str, known: Iterable[str]) -> str:
    """The nearest spelling that is known; snake_case for camelCase is the commonest slip."""
    plain = {_squeezed(name): name for name in known}
    near = difflib.get_close_matches(_squeezed(given), plain, n=1, cutoff=0.6)
    if near:
        return f"; did you mean {plain[near[0]]!r}?"
    names = sorted(plain.values())
    return f"; expected one of {', '.join(names)}" if len(names) <= 40 else ""


def _squeezed(name: str) -> str:
    return name.replace("_", "").lower()
