"""What components do with their inputs: compute with them now or once they are known, and hand options down."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import pulumi

R = TypeVar("R")


def is_plain(value: object) -> bool:
    """Whether `value` holds no Output, at any depth."""
    if isinstance(value, dict):
        return all(is_plain(item) for item in value.values())
    if isinstance(value, list | tuple):
        return all(is_plain(item) for item in value)
    return not isinstance(value, pulumi.Output | Awaitable)


def lift(function: Callable[..., R], *values: Any) -> pulumi.Input[R]:
    """`function(*values)`, at once if all are plain, so that a wrong argument stops the program where it is given.

    Otherwise inside an apply: an error there fails the deployment before any resource that needs the result is made.
    """
    if is_plain(values):
        return function(*values)
    return pulumi.Output.all(*values).apply(lambda known: function(*known))


def given(value: Any, default: Any) -> Any:
    """The value, or the default where it was left out; an Output has no truth to ask for."""
    return default if value is None else value


def children_of(parent: pulumi.Resource, opts: pulumi.ResourceOptions | None) -> pulumi.ResourceOptions:
    """Options of a component's children, which wait for what the component was told to wait for.

    Pulumi hands providers down by itself, `depends_on` not.
    """
    return pulumi.ResourceOptions(parent=parent, depends_on=opts.depends_on if opts else None)
