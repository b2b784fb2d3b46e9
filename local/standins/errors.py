"""What can go wrong in a stand-in.

StandInError
├── UnknownType       the pinned SDK has no such resource type
├── Refused           the provider or the API behind it said no; the message is what the person reads
│   └── Gone          there is no such resource any more
├── NotReady          made, but not ready: the engine records it, and the next update tries again
├── RolloutFailed     the object says itself that it will not become ready
├── KubeconfigError   a kubeconfig that the stand-in cannot use
├── ApiError          the Kubernetes API refused
├── Cancelled         the person ended what was under way
└── TimedOut          what was waited for did not come in time
"""

from __future__ import annotations

from typing import Any


class StandInError(Exception):
    """The base of all."""


class UnknownType(StandInError):
    """The pinned SDK has no such resource type."""


class Refused(StandInError):
    """The provider or its API refused; the user sees the message."""


class Gone(Refused):
    """There is no such resource any more: a refresh forgets it, and deleting it is done."""


class NotReady(StandInError):
    """Made, but not ready; what was made, and why it is not ready."""

    def __init__(self, identity: str, inputs: dict[str, Any], outputs: dict[str, Any], reasons: list[str]) -> None:
        super().__init__("; ".join(reasons))
        self.id, self.inputs, self.outputs, self.reasons = identity, inputs, outputs, reasons


class RolloutFailed(StandInError):
    """The object's own status says that it will not become ready."""


class KubeconfigError(StandInError):
    """A kubeconfig that the stand-in cannot use."""


class ApiError(StandInError):
    """The Kubernetes API refused; ``status`` is HTTP's, ``reason`` the API's own word, such as AlreadyExists."""

    def __init__(self, status: int, message: str, reason: str = "") -> None:
        super().__init__(message)
        self.status, self.message, self.reason = status, message, reason


class Cancelled(StandInError):
    """The user cancelled the operation."""


class TimedOut(StandInError):
    """What was waited for did not come in time; ``last`` is the object as it was last seen."""

    def __init__(self, last: dict[str, Any] | None) -> None:
        super().__init__("timed out")
        self.last = last
