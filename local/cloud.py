"""What the laptop environment needs of a cloud: its services, its account, and how its trail shows who decided."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from local import config
from local.trail import Call, TrailFile

if TYPE_CHECKING:
    from local.isolation import Question
    from local.services import Keys, Service


class Account(Protocol):
    """A cloud as its owner sees it. Secrets have the names that applications know: ``test/database-password``."""

    def wait(self) -> None:
        """Wait until the cloud answers, and make what an owner has before any stack: an account, a project."""

    def environment(self) -> dict[str, str]:
        """The variables with which Pulumi and the cloud's own clients work on this account, and on no other."""

    def seed(self, names: Iterable[str]) -> None:
        """Give each secret that does not exist yet a random value, which nothing but the vault then knows."""

    def values(self) -> dict[str, str]:
        """Every secret that has a value, by its name; binary ones in base64."""

    def value(self, name: str) -> str:
        """The value stored under a name."""


@dataclass(frozen=True)
class Cloud:
    """A cloud of the laptop environment."""

    name: str
    """As the sidecar's SECRETS_BACKEND and `make up CLOUD=…` have it. Example: ``aws``."""
    title: str
    """For sentences. Example: ``AWS``."""
    decider: str
    """What it is on the laptop. Example: ``MiniStack behind a guard``."""
    url: str
    """Where it listens."""
    stack: str
    """What the names of its stacks begin with. Example: ``local``, as in ``local-test``."""
    variables: tuple[str, ...]
    """What the person's own variables begin with that mean another account of it. Example: ``AWS_``."""
    services: Callable[[Keys], list[Service]]
    """What runs in the machine for it."""
    account: Account
    trail: TrailFile
    read: str
    """The trail's action that is the read of a secret."""
    is_of_asker: Callable[[Call, Question], bool]
    """Whether a call was made by the pod that was asked, with its own identity."""
    request_ids: bool = True
    """Whether a refusal has the id of its line in the trail. Vault's have none."""

    @property
    def cluster_stack(self) -> str:
        """The stack of what belongs to the cluster."""
        return f"{self.stack}-cluster"

    @property
    def environment_stacks(self) -> dict[str, str]:
        """Each environment and its stack; namespaces are added in the stack's file."""
        return {environment: f"{self.stack}-{environment}" for environment in config.ENVIRONMENTS}

    @property
    def stacks(self) -> tuple[str, ...]:
        """Its stacks, each after those that it needs."""
        return (self.cluster_stack, *self.environment_stacks.values())
