"""Read what a pinned Pulumi SDK says of its resources: ``start.py sdk_types MODULE …`` prints a line of JSON for each.

``MODULE`` is the middle of a type token, such as ``aws:iam/role`` or ``kubernetes:apps/v1``; ``aws:provider`` is the
provider itself. A process of its own, since importing an SDK takes seconds and what comes out never changes.

A type is a list of alternatives, each ``"scalar"``, ``"any"``, ``{"list": T}``, ``{"map": T}`` or ``{"object": NAME}``.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import inspect
import json
import typing
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

Type = list[Any]
Object = dict[str, Any]

_SCALARS = (str, int, float, bool)
_COLLECTIONS = {Sequence: "list", Mapping: "map"}


def main(arguments: list[str]) -> None:
    """Print what ``describe`` says of each module."""
    for module in arguments:
        print(json.dumps(describe(module)))


def describe(module: str) -> Object:
    """The resources of a module of the SDK with every object type that their inputs reach, and its fellow modules."""
    package, _, name = module.partition(":")
    registered = {entry["mod"]: entry for entry in _registered(package)}
    objects: dict[str, Object] = {}
    resources = {token: _object(arguments, objects) for token, arguments in _resources(registered.get(name))}
    return {"resources": resources, "objects": objects, "modules": sorted(registered)}


def _resources(entry: Object | None) -> list[tuple[str, type]]:
    """The tokens of a registered module with the classes of their arguments."""
    if entry is None:
        return []
    holder = importlib.import_module(entry["fqn"])
    arguments = {
        token: getattr(holder, f"{cls}InitArgs", None) or getattr(holder, f"{cls}Args", None)
        for token, cls in entry["classes"].items()
    }
    return [(token, cls) for token, cls in arguments.items() if cls is not None]


@functools.cache
def _registered(package: str) -> list[Object]:
    """The table with which the SDK registers its modules, read from its source, since importing it runs it."""
    sdk = f"pulumi_{package.replace('-', '_')}"
    found = importlib.util.find_spec(sdk)
    if found is None or found.origin is None:
        raise SystemExit(f"{sdk} is not installed; run uv sync in the repository")
    source = Path(found.origin).read_text()
    table = source.partition('resource_modules="""')[2].partition('"""')[0]
    modules: list[Object] = json.loads(table)
    provider = {
        "mod": "provider",
        "fqn": sdk,
        "classes": {f"pulumi:providers:{package}": "Provider"},
    }
    return [*modules, provider]


def _object(cls: type, objects: dict[str, Object]) -> str:
    """Describe one class of arguments and all that it reaches; its name."""
    from pulumi import _types  # noqa: PLC0415  (of the pinned version: the SDK has no public way to its wire names)

    name = f"{cls.__module__}.{cls.__name__}"
    if name not in objects:
        objects[name] = {}
        python_names = _types.input_type_py_to_pulumi_names(cls)
        objects[name].update(
            properties={wire: _alternatives(hint, objects) for wire, hint in _types.input_type_types(cls).items()},
            required=[
                python_names[parameter.name]
                for parameter in inspect.signature(cls.__init__).parameters.values()  # type: ignore[misc]  # of a class, by purpose
                if parameter.name in python_names and parameter.default is inspect.Parameter.empty
            ],
        )
    return name


def _alternatives(hint: Any, objects: dict[str, Object]) -> Type:
    """The JSON forms that a type hint allows; that a value may come later (Awaitable, Output) is no form."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Union:
        found: Type = []
        for member in arguments:
            found += [form for form in _alternatives(member, objects) if form not in found]
        return found
    if origin in _COLLECTIONS:
        return [{_COLLECTIONS[origin]: _alternatives(arguments[-1], objects)}]
    if inspect.isclass(hint) and getattr(hint, "_pulumi_input_type", False):
        return [{"object": _object(hint, objects)}]
    if hint in _SCALARS:
        return ["scalar"]
    return ["any"] if origin is None and hint is not type(None) else []
