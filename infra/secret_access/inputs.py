"""How components use their inputs: compute with them now or once they are known, and pass options to children."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import pulumi

R = TypeVar("R")


def is_plain(value: object) -> bool:
    """Tell whether `value` holds no Output, at any depth."""
    if isinstance(value, dict):
        return all(is_plain(item) for item in value.values())
    if isinstance(value, list | tuple):
        return all(is_plain(item) for item in value)
    return not isinstance(value, pulumi.Output | Awaitable)


def lift(function: Callable[..., R], *values: Any, **named: Any) -> pulumi.Input[R]:
    """Call `function` now if all its arguments are plain, so that a wrong one stops the program at once.

    Otherwise call it once they are known: an error then fails the deployment before any resource that needs the result
    is made.
    """
    if is_plain(values) and is_plain(named):
        return function(*values, **named)
    return pulumi.Output.all(list(values), named).apply(lambda known: function(*known[0], **known[1]))


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
