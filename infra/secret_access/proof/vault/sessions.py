"""The tokens of Vault that ServiceAccounts get: by roles, by identities, and by token roles in turn. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..preview import Resource
from ..strings import StringSet
from . import methods
from .documents import Stack
from .identities import held
from .logins import Login
from .policies import Path


@dataclass(frozen=True)
class Session:
    """Tokens of Vault that some ServiceAccounts get, and their policies' paths."""

    identity: str
    lets_in: str
    """What is said before the subject."""
    subjects: StringSet
    found: tuple[Path, ...]
    keys: frozenset[str] = frozenset()
    """Metadata of the alias that hold the caller's namespace."""


@dataclass(frozen=True)
class Doubted:
    """Policies that somebody has of whom the documents do not tell whether a pod is."""

    what: str
    found: tuple[Path, ...]
    why: str
    own: str | None = None
    """The prefix of names that are its own, whoever it is."""
    has_credential: bool = False
    """Whether it takes a credential of its own: it matters where it reaches a namespace's secrets."""


def sessions(
    stack: Stack, resources: Sequence[Resource], logins: Sequence[Login]
) -> tuple[list[Session], list[Doubted]]:
    """Return the tokens that ServiceAccounts get, and the policies of which nobody knows whose they are."""
    found, doubted = list(_by_roles(stack, logins)), list(_by_methods(stack, resources))
    for each in held(resources, logins):
        paths = tuple(stack.paths_of(each.source, "policies", each.what))
        found.append(Session(each.what, f"{each.what}, which is", each.subjects, paths))
        if each.doubt:
            doubted.append(Doubted(each.what, paths, each.doubt))
    return [each for session in found for each in (session, *_further(stack, session))], doubted


def _by_roles(stack: Stack, logins: Sequence[Login]) -> Iterator[Session]:
    for each in logins:
        name = f"role {each.name}"
        paths = (*stack.paths_of(each.role, "tokenPolicies", name), *stack.default_of(each.role))
        yield Session(name, f"{name}, which takes", each.subjects, paths, each.namespace_keys)


def _by_methods(stack: Stack, resources: Sequence[Resource]) -> Iterator[Doubted]:
    for each in resources:
        if (credential := methods.credential(each)) is not None:
            name = f"{each.type.rpartition(':')[2]} {methods.named(each)}"
            paths = [path for key in ("tokenPolicies", "policies") for path in stack.paths_of(each, key, name)]
            why = f"who holds {credential} is not among the documents"
            yield Doubted(name, (*paths, *stack.default_of(each)), why, has_credential=True)


def _further(stack: Stack, first: Session) -> Iterator[Session]:
    """Yield the sessions by the token roles that a session may use, and those may in turn."""
    seen: set[str] = set()
    waiting = [first]
    for session in waiting:
        for role, has_sudo in methods.token_roles(session.found, stack.token_roles):
            if role.urn not in seen:
                seen.add(role.urn)
                name, where = f"token role {methods.named(role)}", stack.where(role)
                known = [policy for at, policy in stack.policies if at == where]
                given = methods.token_policies(role, known, has_sudo=has_sudo)
                paths = stack.paths_by_name(where, given, name)
                found = (*paths, *stack.default_of(role))
                waiting.append(Session(f"{session.identity} by {name}", session.lets_in, session.subjects, found))
                yield waiting[-1]
