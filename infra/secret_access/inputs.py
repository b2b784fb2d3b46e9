"""How components use their inputs: compute with them now or once they are known, and pass options to children."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeVar

import pulumi
from pulumi.output import Unknown

R = TypeVar("R")


def is_plain(value: object) -> bool:
    """Tell whether `value` holds no Output, and nothing that a preview does not know, at any depth."""
    if isinstance(value, dict):
        return all(is_plain(item) for item in value.values())
    if isinstance(value, list | tuple):
        return all(is_plain(item) for item in value)
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
    if values:
        value, *others = values
        return _use(value, lambda known: lift(partial(function, known), *others, **named))
    if named:
        (name, value), *rest = named.items()
        return _use(value, lambda known: lift(partial(function, **{name: known}), **dict(rest)))
    return function()


def _use(value: Any, then: Callable[[Any], pulumi.Input[R]]) -> pulumi.Input[R]:
    """Return `then` of the value, now or once it is known whole: what an Output resolves to may hold others."""
    if is_plain(value):
        return then(value)
    later = value if isinstance(value, pulumi.Output) else pulumi.Output.from_input(value)
    return later.apply(lambda known: _use(known, then))


def once_known(value: Any, then: Callable[[Any], pulumi.Input[R]]) -> pulumi.Input[R]:
    """Return `then` of the value, now or once it is known itself; what it holds may still be Outputs."""
    return value.apply(then) if isinstance(value, pulumi.Output) else then(value)


def output(value: Any) -> pulumi.Output[Any]:
    """Return an Output of a value that holds none; `Output.from_input` looks for one in every part of it."""
    return value if isinstance(value, pulumi.Output) else pulumi.Output(set(), _resolved(value), _resolved(True))


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


def children_of(parent: pulumi.Resource, opts: pulumi.ResourceOptions | None) -> pulumi.ResourceOptions:
    """Return options for a component's children: its `depends_on` holds for them too.

    Pulumi passes providers to children by itself, but not `depends_on`.
    """
    return pulumi.ResourceOptions(parent=parent, depends_on=opts.depends_on if opts else None)
