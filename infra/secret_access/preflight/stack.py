"""What stacks are going to need of an account, as its checks ask for it. Pure."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from .check import Check, Severity

NAMESPACE = "{namespace}"
IDENTITY = f"secret-access-{NAMESPACE}"
"""What the components call a namespace's identity by default."""
EXAMPLE = "example"
"""The namespace that is asked about where none is given."""


@dataclass(frozen=True)
class Stack:
    """What is going to be made in an account."""

    issuer: str | None
    """The issuer of the cluster's tokens; None where it could not be read."""
    namespaces: tuple[str, ...] = ()
    trusted: bool = False
    """The account trusts the cluster already: nothing is made for that, and it must be right."""
    identity: str = IDENTITY
    """What a namespace's identity is called, with `{namespace}` for the namespace's name."""

    @property
    def identities(self) -> list[str]:
        """The names of the identities; one to ask about where there is no namespace yet."""
        return [self.identity.replace(NAMESPACE, name) for name in self.namespaces or (EXAMPLE,)]


def asked(
    check: str, what: str, refusals: tuple[type[Exception], ...], ask: Callable[[], Iterable[Check]]
) -> Iterator[Check]:
    """Yield what was found, or that it is unknown where the question was refused."""
    try:
        yield from ask()
    except refusals as error:
        yield Check(check, Severity.UNKNOWN, what, str(error), "ask with credentials that may read it")


def without_issuer(check: str, what: str) -> Check:
    """Tell that the trust in the cluster cannot be judged."""
    return Check(check, Severity.UNKNOWN, what, "the cluster's issuer was not read", "give it with --issuer")
