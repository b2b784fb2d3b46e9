"""Roles that are not among the documents, and which namespaces may have them. Pure.

What such a role may use is not known. EKS's target role is meant to be in another account, and may be in another stack:
one that a single namespace may assume is said beside the verdict. Any other is undecided.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ..emptiness import member
from ..strings import ANYTHING, NOTHING, StringSet, literal, sequence, some, union
from .chains import Session, trusts_principals
from .rights import RUNNING, Rights
from .stack import Role
from .statements import filled

_ASSUMED, _PASSED = "sts:AssumeRole", "iam:PassRole"
_SHOWN = 3
_ROLES = sequence(
    literal("arn:aws"),
    some("abcdefghijklmnopqrstuvwxyz-", 0, more=True),
    literal(":iam::"),
    some("0123456789", 12),
    literal(":role/"),
    ANYTHING,
)


@dataclass
class Elsewhere:
    """What sessions may have beside the roles of the documents."""

    undecided: list[str] = field(default_factory=list)
    targets: dict[str, str] = field(default_factory=dict)
    """The namespace that EKS alone assumes a target role for, by the role's ARN."""


def elsewhere(sessions: Sequence[Session], roles: Sequence[Role]) -> Elsewhere:
    """Return the roles beside the documents' that sessions may have; raises Undecided."""
    found = Elsewhere()
    named: dict[tuple[str, str], list[Session]] = {}
    for session, action, rights in _once(sessions):
        exact, pattern = _named(rights, action)
        if session.target is not None and action == _ASSUMED:
            exact.add(session.target)
        for arn in exact:
            named.setdefault((action, arn), []).append(session)
        if pattern is not None:
            found.undecided.append(
                f"{rights.statement_on(action, pattern)} allows {action} on more than single roles, such as {pattern}: "
                "those that are not among the documents are not judged; name each by its ARN"
            )
    of_documents = {
        _ASSUMED: [role.name for role in roles if trusts_principals(role.trust)],
        _PASSED: [role.name for role in roles],
    }
    for (action, arn), by in named.items():
        name = arn.rpartition("/")[2]
        of_that_name = sum(each == action and other.rpartition("/")[2] == name for each, other in named)
        if of_that_name > of_documents[action].count(name):
            _add(found, action, arn, by)
    for session in {each.role: each for each in sessions}.values():
        if (what := session.rights.first_of(RUNNING)) is not None:
            found.undecided.append(
                f"{what[1]} allows {what[0]}: with which role that runs a pod's own commands is in no document"
            )
    found.undecided = list(dict.fromkeys(found.undecided))
    return found


def _once(sessions: Sequence[Session]) -> Iterator[tuple[Session, str, Rights]]:
    for each in sessions:
        yield each, _ASSUMED, each.may_assume
        yield each, _PASSED, each.rights


def _named(rights: Rights, action: str) -> tuple[set[str], str | None]:
    """Return the roles that an action is allowed on by their ARNs, and one that it is allowed on beside them."""
    allowed = rights.allowed(action)
    if allowed == NOTHING:
        return set(), None
    texts = (
        filled(each, rights.known) if statement.has_variables else each
        for statement in rights.identity
        if statement.is_allow and not statement.are_excluded
        for each in statement.resources
    )
    exact = {text for text in texts if text is not None and not set(text) & set("*?") and text in allowed}
    beside: StringSet = allowed & _ROLES
    return exact, member(beside - union(map(literal, sorted(exact))))


def _add(found: Elsewhere, action: str, arn: str, by: Sequence[Session]) -> None:
    namespaces = sorted({each.namespace for each in by})
    if action == _ASSUMED and len(namespaces) == 1 and all(each.target == arn for each in by):
        found.targets[arn] = namespaces[0]
        return
    shown = ", ".join(namespaces[:_SHOWN]) + (f" and {len(namespaces) - _SHOWN} more" if namespaces[_SHOWN:] else "")
    does = "assume" if action == _ASSUMED else "pass"
    found.undecided.append(
        f"pods of {shown} may {does} {arn}, which is not among the documents: what it may use, and who else may "
        "become it, is not judged; make it in this stack, or let EKS assume it for one namespace (targetRoleArn)"
    )
