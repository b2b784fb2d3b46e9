"""Parts of a manifest as expressions of CEL, for admission policies. Pure.

https://kubernetes.io/docs/reference/using-api/cel/
"""

import json
import string
from collections.abc import Mapping
from typing import Any


def literal(value: Any) -> str:
    """Return a value of JSON as a literal.

    Kubernetes takes lists and mappings of values of one type alone, unless each is `dyn`. An object is written as a
    mapping and not as `Object…{…}`: a list of these makes the API server 1.36.3 panic when it patches.
    """
    if isinstance(value, Mapping):
        fields = (f"{literal(str(key))}: dyn({literal(item)})" for key, item in value.items())
        return "{" + ", ".join(fields) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(f"dyn({literal(item)})" for item in value) + "]"
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # whole numbers arrive as floats from other languages
    return json.dumps(value, ensure_ascii=False)


def has_all_of(expression: str, manifest: Any, *, quantities: bool = False) -> str:
    """Return the condition that an object has all that a manifest has.

    It may have more: defaults that the API server fills in, and items behind those of a list. What is empty in the
    manifest the API server leaves out. Below `resources`, numbers are `quantities`: `1000m` is `1`.
    """
    if isinstance(manifest, Mapping):
        items = [(literal(str(key)), item, quantities or key == "resources") for key, item in manifest.items()]
    elif isinstance(manifest, list | tuple):
        items = [(literal(number), item, quantities) for number, item in enumerate(manifest)]
    elif quantities:
        same = f"quantity(q).compareTo(quantity({literal(manifest)})) == 0"
        return f"{expression}.optMap(q, {same}).orValue(false)"
    else:
        return f"{expression} == optional.of({literal(manifest)})"
    parts = [
        has_all_of(f"{expression}[?{key}]", item, quantities=are_quantities) for key, item, are_quantities in items
    ]
    return " && ".join(part for part in parts if part != "true") or "true"


def text(template: str, **words: str) -> str:
    """Return a template of `str.format` as an expression; `words` are expressions of texts."""
    parts = []
    for before, name, _, _ in string.Formatter().parse(template):
        parts += [literal(before)] if before else []
        parts += [words[name]] if name else []
    return " + ".join(parts)
