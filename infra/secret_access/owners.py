"""What one namespace of a program has alone: two that had it would read each other's secrets."""

from dataclasses import dataclass, field

from .checks import invalid
from .per_program import PerProgram


@dataclass(frozen=True)
class Owner:
    """A component that has something."""

    where: str
    """The component, for messages."""
    namespace: str
    prefix: str
    alone: bool = True
    """Whether it has all of it."""


@dataclass
class Owners:
    """Who has what so far, by ARN or resource id."""

    owners: dict[str, list[Owner]] = field(default_factory=dict)

    def own(self, argument: str, thing: str, owner: Owner, fix: str) -> str:
        """Return the thing, or refuse it where a component for other secrets has it too.

        The prefix says which secrets: namespaces of two clusters may have one name.
        """
        others = self.owners.setdefault(thing.lower(), [])
        for other in others:
            if (owner.alone or other.alone) and other.prefix != owner.prefix:
                reader, read = (owner, other) if owner.alone else (other, owner)
                if reader.namespace == read.namespace:  # of two clusters, or for two ServiceAccounts
                    fix = f"give both components one secret_prefix; otherwise {fix}"
                raise invalid(
                    f"{argument} is that of {other.where} too, so the namespace {reader.namespace} reads the secrets "
                    f"of {read.namespace} under {read.prefix}",
                    thing,
                    "one of its own for each namespace and prefix",
                    fix,
                )
        others.append(owner)
        return thing


OWNERS = PerProgram(Owners)
