"""The fields of Kubernetes' objects, as Pulumi's Kubernetes SDK has them. It takes a misspelt one in silence."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, get_args, get_origin

from pulumi import _types

from ..checks import invalid
from ..messages import nearest
from ..program_errors import InvalidArgument
from .checks import outline

SPELLING = "fields are spelled as in a manifest"


def check(what: str, given: object, form: type) -> None:
    """Refuse fields, at any depth, that a type of the SDK's inputs does not have. `form`: such as `PodSpecArgs`.

    Of values it checks that what has fields is a mapping, and that a list is one: all else is the API server's to say.
    """
    if given is None:
        return
    if not isinstance(given, Mapping):
        raise invalid(what, _shown(what, given), f"a mapping: {SPELLING}", "correct it")
    types, python_names = _fields(form)
    for name, value in given.items():
        if name not in types:
            raise _unknown(what, name, types, python_names)
        _check_value(f"{what}.{name}", value, types[name])


def _check_value(what: str, given: object, kind: Any) -> None:
    if given is None:
        return
    form = _form_in(kind)
    if get_origin(kind) is Sequence:
        if not isinstance(given, list | tuple):
            shown = _shown(what, given)
            raise invalid(what, shown, "a list", f"write [{shown!r}]" if isinstance(given, str) else "correct it")
        if form:
            for index, item in enumerate(given):
                check(f"{what}[{index}]", item, form)
    elif get_origin(kind) is Mapping:
        if not isinstance(given, Mapping):
            raise invalid(what, _shown(what, given), "a mapping", "correct it")
    elif form:
        check(what, given, form)


def _shown(what: str, given: object) -> object:
    """Return what a message may show: a text in full, unless it is below `env`."""
    return given if isinstance(given, str) and ".env" not in what else outline(given)


def _form_in(kind: Any) -> type | None:
    """Return the type with fields that a value, or each item of a list, has; None for texts, numbers and the like."""
    if isinstance(kind, type) and _types.is_input_type(kind):
        return kind
    return next((form for part in get_args(kind) if (form := _form_in(part))), None)


@cache
def _fields(form: type) -> tuple[Mapping[str, Any], Mapping[str, str]]:
    """Return the types of the fields by their names in a manifest, and these by their names in Python."""
    return _types.input_type_types(form), _types.input_type_py_to_pulumi_names(form)


def _unknown(what: str, name: object, known: Mapping[str, Any], python_names: Mapping[str, str]) -> InvalidArgument:
    near = python_names.get(str(name)) or nearest(str(name), known)
    fix = f"did you mean {near}? {SPELLING}" if near else "remove it"
    return invalid(f"unknown field of {what}", name, f"one of {', '.join(sorted(known))}", fix)
