"""The ways that lead over another ServiceAccount, which has a way itself. Pure."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from .grants import EVERYWHERE, Grants, Subject
from .opening import NO_NAMES, Identity, OpenWay, Source, by_namespace, open_way, scopes, sources
from .ways import (
    BIND_ROLES,
    CONSTRAINED_ACCOUNTS,
    DIRECT,
    IMPERSONATE_ACCOUNTS,
    READ_SECRETS,
    WIDEN_ROLES,
    Named,
    Way,
)

Found = tuple[Subject, OpenWay]
Reach = Mapping[Subject, set[str]]
"""Of each subject, the namespaces whose identities it can obtain; `*` for all."""


def _named(way: Way, named: Named) -> Way:
    """Return the way with another limit to its first right."""
    first, *rest = way.clauses
    return replace(way, clauses=(replace(first, named=named), *rest))


STEPS = (
    *DIRECT,
    _named(READ_SECRETS, Named.NONE),
    _named(IMPERSONATE_ACCOUNTS, Named.ACCOUNT),
    _named(CONSTRAINED_ACCOUNTS, Named.ACCOUNT),
    BIND_ROLES,
    WIDEN_ROLES,
)
"""What leads to a ServiceAccount; a limit to other names does not."""


@dataclass(frozen=True)
class _Step:
    """A way from a subject to ServiceAccounts."""

    subject: Subject
    way: OpenWay
    scope: str
    to: Collection[Subject]


def further_steps(
    by_subject: Grants,
    found: Iterable[Found],
    identities: Mapping[str, frozenset[str]],
    ways: Sequence[Way],
    is_refused: Callable[[OpenWay, Subject], bool],
) -> Iterator[Found]:
    """Yield the ways to what the subjects do not reach at once, in as many steps as it takes.

    `found` are the ways that are open at once, `ways` those that lead to a ServiceAccount.
    """
    at_once: dict[Subject, set[str]] = defaultdict(set)
    for subject, way in found:
        at_once[subject].add(way.namespace)
    steps = list(_steps(by_subject, at_once, ways, is_refused))
    reach = _reach(at_once, steps)
    for step in steps:
        yield from _over(step, at_once.get(step.subject, set()), reach, identities)


def _steps(
    by_subject: Grants, at_once: Reach, ways: Sequence[Way], is_refused: Callable[[OpenWay, Subject], bool]
) -> Iterator[_Step]:
    """Yield the ways to ServiceAccounts that have rights, from the subjects that do not reach everything at once."""
    others = by_namespace(Identity(each.namespace, each.name) for each in by_subject if each.namespace)
    for subject in sorted(by_subject):
        for scope in scopes(by_subject, subject) if EVERYWHERE not in at_once.get(subject, ()) else ():
            named = NO_NAMES.union(*others.values()) if scope == EVERYWHERE else others.get(scope, NO_NAMES)
            given = sources(by_subject, subject, scope) if named else []
            for way in ways if named else ():
                for open_ in _open(way, subject, scope, named, given):
                    if not is_refused(open_, subject):
                        yield _Step(subject, open_, scope, _accounts(open_, scope, others, subject))


def _open(way: Way, subject: Subject, scope: str, named: frozenset[str], given: Sequence[Source]) -> Iterator[OpenWay]:
    """Yield the way with the ServiceAccounts that it leads to, also where the right is the whole cluster's."""
    for found in open_way(way, subject, scope, scope, named, given):
        if scope != EVERYWHERE or way.clauses[0].named is not Named.ACCOUNT:
            yield found
        else:
            opened = (name for name in sorted(named) if any(_names(way, subject, name, given)))
            yield replace(found, service_accounts=tuple(opened))


def _names(way: Way, subject: Subject, name: str, given: Sequence[Source]) -> Iterator[OpenWay]:
    return open_way(way, subject, EVERYWHERE, EVERYWHERE, frozenset({name}), given)


def _accounts(
    found: OpenWay, scope: str, others: Mapping[str, frozenset[str]], subject: Subject
) -> tuple[Subject, ...]:
    reached = (
        Subject("ServiceAccount", name, namespace)
        for namespace, names in sorted(others.items())
        if scope in (EVERYWHERE, namespace)
        for name in sorted(names)
        if not found.service_accounts or name in found.service_accounts
    )
    return tuple(each for each in reached if each != subject)


def _reach(at_once: Reach, steps: Iterable[_Step]) -> Reach:
    """Return what each subject reaches in the end."""
    reach = defaultdict(set, {subject: set(namespaces) for subject, namespaces in at_once.items()})
    back: dict[Subject, set[Subject]] = defaultdict(set)
    for step in steps:
        for each in step.to:
            back[each].add(step.subject)
    changed = [subject for subject in reach if subject in back]
    while changed:
        through = changed.pop()
        for subject in back[through]:
            more = reach[through] - reach[subject] if EVERYWHERE not in reach[subject] else set()
            if more:
                reach[subject] |= more
                changed += [subject] if subject in back else []
    return reach


def _over(
    step: _Step, at_once: Collection[str], reach: Reach, identities: Mapping[str, frozenset[str]]
) -> Iterator[Found]:
    """Yield the way to each namespace that the subject does not reach at once."""
    gained = {each: reach.get(each, set()).difference(at_once) for each in step.to}
    through = [each for each, namespaces in gained.items() if namespaces]
    reached = {namespace for each in through for namespace in gained[each]}
    names = tuple(f"{each.namespace}/{each.name}" for each in through)
    where = "" if step.scope == EVERYWHERE else f" in {step.scope}"
    for namespace in [EVERYWHERE] if EVERYWHERE in reached else sorted(reached):
        yield (
            step.subject,
            replace(
                step.way,
                namespace=namespace,
                service_accounts=tuple(sorted(identities.get(namespace, ()))),
                way=f"{step.way.way}{where}, as {_either(names)}",
                through=names,
            ),
        )


def _either(names: Sequence[str]) -> str:
    return " or ".join(names) if len(names) < 3 else f"{names[0]} or {len(names) - 1} others"
