"""A component's arguments, read strictly: unknown ones are refused, and each message names the component."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar

import pulumi

from .checks import invalid, unknown
from .inputs import is_plain, lift
from .program_errors import InvalidArgument

R = TypeVar("R")


class Arguments:
    """The arguments of one component.

    None counts as left out, and so does an Output that resolves to it. `form` is the component's TypedDict; `example`
    shows what to pass where the arguments are no mapping.
    """

    def __init__(self, where: str, values: object, form: Any, *, example: str = '{"namespace": "test"}') -> None:
        self._where = where
        if not isinstance(values, Mapping):
            raise self._prefixed(
                invalid("the arguments are no mapping", shown(values), f"a value such as {example}", "pass one")
            )
        for name in values:
            if name not in form.__annotations__:
                raise self._prefixed(unknown(str(name), form.__annotations__))
        self._values = values

    def __contains__(self, name: str) -> bool:
        return self._values.get(name) is not None

    def get(self, name: str) -> Any:
        """Return the argument unchecked; None where it was left out."""
        return self._values.get(name)

    def take(self, name: str, check: Callable[[Any], R], default: Any = None) -> pulumi.Input[R]:
        """Return what `check` makes of the argument, or of the default where it was left out."""
        return self.check(lambda value: check(default if value is None else value), self._values.get(name))

    def named(self, name: str, check: Callable[[str, Any], R], default: Any = None) -> pulumi.Input[R]:
        """Return the same for a check that takes the argument's name too."""
        return self.take(name, partial(check, name), default)

    def optional(self, name: str, check: Callable[[Any], R]) -> pulumi.Input[R] | None:
        """Return what `check` makes of an argument that decides what is made, or None where it was left out.

        An Output that turns out to be None comes too late for that, and is refused by the check.
        """
        return self.check(check, self._values[name]) if name in self else None

    def beside(self, name: str, check: Callable[..., R], *values: Any, left_out: Any) -> pulumi.Input[R]:
        """Return what `check` makes of the argument and the values, or `left_out` without waiting for the values."""
        return self.check(check, self._values[name], *values) if name in self else left_out

    def plain(self, name: str, check: Callable[[Any], R], default: Any = None, *, by_name: bool = False) -> R:
        """Return the same of an argument that decides what is made, and so may not be or hold an Output.

        `by_name`: of a mapping its keys decide, and its values may be Outputs.
        """
        value = self._values.get(name)
        if not is_plain(list(value) if by_name and isinstance(value, Mapping) else value):
            raise self._prefixed(
                invalid(name, "an Output", "a plain value, which decides what is made", "write the value itself")
            )
        return self._run(check, default if value is None else value)

    def check(self, function: Callable[..., R], *values: Any, **named: Any) -> pulumi.Input[R]:
        """Return `function` of the values, now or once they are known; its refusals name the component."""

        def run(*known: Any, **known_by_name: Any) -> R:
            return self._run(function, *known, **known_by_name)

        return lift(run, *values, **named)

    def refuse_ignored(self, name: str, where: str, reason: str, fix: str) -> None:
        """Refuse an argument that would be ignored `where`, such as `beside existing_role_arn`, for this reason."""
        if is_said(value := self._values.get(name)):
            raise self._prefixed(invalid(f"{name} {where}", shown(value), f"no {name}: {reason}", fix))

    def nested(self, name: str, form: Any, *, example: str) -> "Arguments":
        """Return the arguments in a mapping, all of those that `form` requires.

        Of one Output for the whole, each is an Output.
        """
        value = self._values.get(name)
        if not isinstance(value, pulumi.Output):
            return self.within(name, value, form, example=example)
        whole = self.check(lambda known: self.within(name, known, form, example=example), value)
        parts = {key: lift(partial(_argument, key), whole) for key in form.__annotations__}
        return self.within(name, parts, form, example=example)

    def within(self, name: str, values: object, form: Any, *, example: str) -> "Arguments":
        """Return the same for a mapping that was given as an Output, once it is known."""
        inner = Arguments(f"{self._where}: {name}", values, form, example=example)
        missing = [key for key in form.__required_keys__ if key not in inner]
        if missing:
            raise self._prefixed(
                invalid(f"{name} has no {min(missing)}", sorted(inner._values), f"a value such as {example}", "add it")
            )
        return inner

    def _run(self, function: Callable[..., R], *values: Any, **named: Any) -> R:
        try:
            return function(*values, **named)
        except InvalidArgument as problem:
            raise self._prefixed(problem) from None

    def _prefixed(self, problem: InvalidArgument) -> InvalidArgument:
        return InvalidArgument(f"{self._where}: {problem}")


def _argument(name: str, of: Arguments) -> Any:
    return of.get(name)


def is_said(value: object) -> bool:
    """Tell whether a value says something; an Output does."""
    return not (value is None or value is False or (isinstance(value, list | tuple | dict) and not value))


def shown(value: object) -> object:
    """Return the value for a message; an Output has no value to show yet."""
    return value if is_plain(value) else "an Output"
