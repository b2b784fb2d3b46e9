"""What the components of one program know of each other, so that they can refuse what does not fit together."""

from collections.abc import Callable, Hashable
from contextvars import ContextVar
from typing import Generic, TypeVar

from pulumi.runtime import get_root_resource

T = TypeVar("T")
MOST_DEPLOYMENTS = 64


class Deployment:
    """One preview or update of a program in another language, as the package's process knows it."""


_deployment: ContextVar[Deployment | None] = ContextVar("deployment", default=None)


class Deployments:
    """The deployments for which one process makes components.

    Nothing tells the process that one is over, so it remembers the latest and forgets the others.
    """

    def __init__(self) -> None:
        self._known: dict[Hashable, Deployment] = {}

    def enter(self, key: Hashable) -> None:
        """Assign what this task makes from now on to the deployment of this key."""
        deployment = self._known.pop(key, None) or Deployment()
        self._known[key] = deployment  # again, as the latest
        if len(self._known) > MOST_DEPLOYMENTS:
            del self._known[next(iter(self._known))]
        _deployment.set(deployment)


class PerProgram(Generic[T]):
    """One value for each run of a program: in Python for its stack, in another language for its deployment.

    Outside of both (a test with mocks) each component has one of its own.
    """

    def __init__(self, new: Callable[[], T]) -> None:
        self._new = new
        self._name = f"_secret_access_{id(self)}"

    def get(self) -> T:
        """Return the value of the program that runs."""
        stack = get_root_resource()
        program = _deployment.get() if stack is None else stack
        if program is None:
            return self._new()
        # With the program, as values refer to it: elsewhere they would keep it after its end
        value: T = vars(program).setdefault(self._name, self._new())
        return value
