"""How components use their inputs: compute with them now or once they are known, and pass options to children."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from types import NoneType
from typing import Any, TypeVar

import pulumi
from pulumi.output import Unknown

R = TypeVar("R")


_PLAIN = (str, int, float, NoneType)
"""Types that hold nothing, told apart at once."""


def is_plain(value: object) -> bool:
    """Tell whether `value` holds no Output, and nothing that a preview does not know, at any depth."""
    if isinstance(value, _PLAIN):
        return True
    if isinstance(value, dict):
        return all(map(is_plain, value.values()))
    if isinstance(value, list | tuple):
        return all(map(is_plain, value))
    return not is_later(value)


def is_later(value: object) -> bool:
    """Tell whether `value` itself is known later: an Output, or what a preview does not know."""
    return isinstance(value, pulumi.Output | Awaitable | Unknown)


def lift(function: Callable[..., R], *values: Any, **named: Any) -> pulumi.Input[R]:
    """Call `function` now if all its arguments are plain, so that a wrong one stops the program at once.

    Otherwise call it once they are known: an error then fails the deployment before any resource that needs the result
    is made. Arguments are waited for one after the other: that takes one Output each, where `Output.all` makes several
    of every part of every value, and programs with many components spend most of their time on those.
    """
    place = next((place for place, value in enumerate(values) if not is_plain(value)), None)
    if place is not None:
        before, after = values[:place], values[place + 1 :]
        return _later(values[place]).apply(lambda known: lift(function, *before, known, *after, **named))
    name = next((name for name, value in named.items() if not is_plain(value)), None)
    if name is not None:
        return _later(named[name]).apply(lambda known: lift(function, *values, **{**named, name: known}))
    return function(*values, **named)


def _later(value: Any) -> pulumi.Output[Any]:
    return value if isinstance(value, pulumi.Output) else pulumi.Output.from_input(value)


def once_known(value: Any, then: Callable[[Any], pulumi.Input[R]]) -> pulumi.Input[R]:
    """Return `then` of the value, now or once it is known itself; what it holds may still be Outputs."""
    return value.apply(then) if isinstance(value, pulumi.Output) else then(value)


def output(value: Any) -> pulumi.Output[Any]:
    """Return an Output of a value; `Output.from_input` makes one of every part of it, where none need be."""
    if is_plain(value):
        return pulumi.Output(set(), _resolved(value), _resolved(True))
    return _later(value)


class LazyOutput:
    """An output of a component that is made when it is first read: most are not, and each takes its time.

    Its value is the attribute of the same name with `_` before it.
    """

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, component: object, owner: type) -> Any:
        if component is None:
            return self
        made = output(getattr(component, f"_{self._name}"))
        setattr(component, self._name, made)  # and found there from now on
        return made


def lazy_output() -> Any:
    """Return a LazyOutput for an attribute that is annotated as what is read of it."""
    return LazyOutput()


def foreseen(made: pulumi.Output[Any], value: pulumi.Input[Any]) -> pulumi.Output[Any]:
    """Return an Output that a preview knows already, where its value does not depend on what is made.

    What is computed of it is then shown by the preview, and can be judged.
    """
    if not pulumi.runtime.is_dry_run() or not is_plain(value):
        return made
    return pulumi.Output(made.resources(), _resolved(value), _resolved(True))


def _resolved(value: Any) -> "asyncio.Future[Any]":
    future: asyncio.Future[Any] = asyncio.Future()
    future.set_result(value)
    return future


def or_default(value: Any, default: Any) -> Any:
    """Return the value, or the default where it was left out; an Output has no truth value to test."""
    return default if value is None else value


def waiting_for(opts: pulumi.ResourceOptions, value: pulumi.Input[Any]) -> pulumi.ResourceOptions:
    """Return options for a resource that depends on the resources that an Output comes from.

    It is then deleted before they are.
    """
    if not isinstance(value, pulumi.Output):
        return opts
    origin: Any = value.apply(lambda _: None)  # Pulumi takes an Output's resources for what is depended on
    return pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[origin]))


def without_origin(value: pulumi.Output[R]) -> pulumi.Output[R | None]:
    """Return the value as an Output of no resource: what waits for it depends on nothing that it comes from.

    It is None where a preview does not know it.
    """
    return pulumi.Output(set(), value.future(), _resolved(True))


def once_accepted(opts: pulumi.ResourceOptions, values: Iterable[pulumi.Input[Any]]) -> pulumi.ResourceOptions:
    """Return options for resources that are made once these values are known, and not if one of them was refused."""
    later: Any = [without_origin(value.apply(lambda _: None)) for value in values if isinstance(value, pulumi.Output)]
    return pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=later)) if later else opts


def children_of(parent: pulumi.Resource, opts: pulumi.ResourceOptions | None) -> pulumi.ResourceOptions:
    """Return options for a component's children: its `depends_on` holds for them too.

    Pulumi passes providers to children by itself, but not `depends_on`.
    """
    return pulumi.ResourceOptions(parent=parent, depends_on=opts.depends_on if opts else None)
