"""What the components of one program know of each other, so that they can refuse what does not fit together."""

from collections.abc import Callable
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

import pulumi
from pulumi.runtime import get_root_resource

T = TypeVar("T")


class PerProgram(Generic[T]):
    """One value for each run of a program.

    Outside of a run (a test with mocks, a component that another language uses) each component has one of its own.
    """

    def __init__(self, new: Callable[[], T]) -> None:
        self._new = new
        self._values: WeakKeyDictionary[pulumi.Resource, T] = WeakKeyDictionary()

    def get(self) -> T:
        """Return the value of the program that runs."""
        stack = get_root_resource()
        return self._new() if stack is None else self._values.setdefault(stack, self._new())
