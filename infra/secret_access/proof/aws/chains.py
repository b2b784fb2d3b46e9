"""Roles that are had with other roles: assumed, such as target roles in other accounts, or passed to a service. Pure.

Sources: IAM User Guide, "Policy evaluation logic" (across accounts the role's trust and the caller's own policies have
to allow), "Pass session tags" (tags that EKS gives a session are passed on, and cannot be replaced) and "Grant a user
permissions to pass a role to an AWS service" (which then runs what the user wants, with the role).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ..strings import StringSet, glob, literal, sequence, some, union
from . import conditions
from .conditions import applies
from .rights import Rights
from .statements import Statement
from .trust import ASSUME, services, statement_trusting_service

_PRINCIPAL_ARN, _PRINCIPAL_TAG, _REQUEST_TAG = "aws:principalarn", "aws:principaltag/", "aws:requesttag/"
_PASSED_TO = "iam:passedtoservice"
_ACCOUNT = re.compile(r"\*|[0-9]{12}|arn:aws[a-z-]*:iam::[0-9]{12}:root")
_DIGITS = some("0123456789", 12)


@dataclass(frozen=True)
class Session:
    """What pods of a namespace can get: a role, its rights, and the statements on the way to it."""

    namespace: str
    role: str
    """URN."""
    name: str
    rights: Rights
    lets_in: tuple[str, ...]
    may_assume: Rights
    """The rights with which further roles are assumed."""
    target: str | None = None
    """ARN of the role that EKS assumes in turn, where it is not among the documents."""


@dataclass(frozen=True)
class AssumableRole:
    """A role that sessions of other roles may assume, or pass to a service, as its documents say."""

    urn: str
    name: str
    trust: tuple[Statement, ...]
    policies: tuple[Statement, ...]
    limits: tuple[tuple[Statement, ...], ...]


def chained(first: Session, roles: Sequence[AssumableRole]) -> Iterator[Session]:
    """Yield the sessions that can be had with one, and with those in turn; raises Undecided."""
    seen, waiting = {first.role}, [first]
    for session in waiting:
        for role in roles:
            if role.urn not in seen and (found := _step(session, role)) is not None:
                seen.add(role.urn)
                waiting.append(found)
                yield found


def trusts_principals(trust: Sequence[Statement]) -> bool:
    """Return whether principals of AWS, such as other roles, may assume a role."""
    return any(
        each.is_allow and ASSUME in each.actions and (each.is_not_principal or "AWS" in each.principals)
        for each in trust
    )


def strangers(trust: Sequence[Statement], known: StringSet) -> list[str]:
    """Return the principals of AWS that a trust admits and that are none of these ARNs."""
    admitted: list[str] = []
    for statement in trust:
        if statement.is_allow and ASSUME in statement.actions:
            named = statement.principals.get("AWS", ())
            everybody = [f"all but {', '.join(named)}"] if statement.is_not_principal else named
            admitted += (_narrowed(statement) if everybody else ()) or everybody
    return [each for each in dict.fromkeys(admitted) if each not in known]


def arns(name: str, account: str | None = None) -> StringSet:
    """Return the ARNs that a role may have: its name is known, its path is not, its account may be."""
    of = _DIGITS if account is None else literal(account)
    parts = (literal("arn:aws"), some("abcdefghijklmnopqrstuvwxyz-", 0, more=True), literal(":iam::"), of)
    return union([sequence(*parts, literal(f":role/{name}")), sequence(*parts, glob(f":role/*/{name}"))])


def _step(session: Session, role: AssumableRole) -> Session | None:
    """Return the session of a role that another gets, None if it gets none."""
    return _assumed(session, role) or _passed(session, role)


def _passed(session: Session, role: AssumableRole) -> Session | None:
    """Return the session of a role that another may hand to a service that takes it.

    What starts something there is not asked for: services and their actions are many.
    """
    for service in services(role.trust):
        lets_in = statement_trusting_service(role.trust, service, {})
        known = session.rights.known if service == "*" else {**session.rights.known, _PASSED_TO: service}
        by = replace(session.rights, known=known).statement_allowing("iam:PassRole", arns(role.name))
        if lets_in is not None and by is not None:
            rights = Rights(role.policies, {}, role.limits)
            way = (*session.lets_in, f"{by} (iam:PassRole)", lets_in)
            return Session(session.namespace, role.urn, role.name, rights, way, rights)
    return None


def _assumed(session: Session, role: AssumableRole) -> Session | None:
    tags = {key: value for key, value in session.rights.known.items() if key.startswith(_PRINCIPAL_TAG)}
    requested = {key.replace(_PRINCIPAL_TAG, _REQUEST_TAG): value for key, value in tags.items()}
    known: conditions.Known = {**tags, **requested, _PRINCIPAL_ARN: arns(session.name)}
    about = [each for each in role.trust if ASSUME in each.actions]
    if any(not each.is_allow and "*" in each.principals.get("AWS", ()) and applies(each, known) for each in about):
        return None
    for statement in about:
        if not statement.is_allow or not applies(statement, known):
            continue
        by = session.may_assume.statement_allowing("sts:AssumeRole", arns(role.name))
        names_it = any(is_named(each, session.name) for each in statement.principals.get("AWS", ()))
        names_account = statement.is_not_principal or any(
            _ACCOUNT.fullmatch(each) for each in statement.principals.get("AWS", ())
        )
        if names_it or (names_account and by is not None):
            rights = Rights(role.policies, tags, role.limits)
            way = (*session.lets_in, *([] if by is None else [f"{by} (sts:AssumeRole)"]), statement.name)
            return Session(session.namespace, role.urn, role.name, rights, way, rights)
    return None


def is_named(principal: str, name: str) -> bool:
    """Return whether a principal is the role itself, for which the trust alone may be enough."""
    session = re.fullmatch(r"arn:[^:]+:sts::\d{12}:assumed-role/([^/]+)/.+", principal)
    return principal == "*" or principal in arns(name) or (session is not None and session[1] == name)


def _narrowed(statement: Statement) -> list[str]:
    """Return the ARNs that a statement's conditions leave of its principals, none where they name none."""
    return [
        value
        for condition in statement.conditions
        if condition.key.lower() == _PRINCIPAL_ARN and not re.search("Not|IfExists|Null", condition.operator)
        for value in condition.values
    ]
