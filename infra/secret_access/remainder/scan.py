"""Which ways to each identity are open, and to whom. Pure."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from .grants import EVERYWHERE, Grant, Grants, Rbac, Rights, Subject, grants, of_subject
from .guards import Guard
from .rules import Right
from .ways import CLIENT_SIGNER, DIRECT, RIGHTS, WAYS, Clause, Named, Way, on_the_node

GUARDED = frozenset(way.name for way in DIRECT)
"""The ways that a guard judges."""
NO_NAMES: frozenset[str] = frozenset()
OWN = {
    Subject("Group", "system:masters"),
    Subject("Group", "system:nodes"),
    Subject("User", "system:kube-controller-manager"),
    Subject("User", "system:kube-scheduler"),
}
"""Kubernetes' own parts beside its controllers, and the group that no authorizer is asked about."""


@dataclass(frozen=True, order=True)
class Identity:
    """A ServiceAccount that a cloud gives secrets to."""

    namespace: str
    service_account: str


@dataclass(frozen=True)
class OpenWay:
    """A way that is open to somebody."""

    subject: str
    namespace: str
    """The namespace of the identities that it leads to; `*` for all."""
    service_accounts: tuple[str, ...]
    """Which of the namespace; none are named where the namespace is `*`."""
    way: str
    rights: tuple[str, ...]
    """The rights that open it, such as `create pods`."""
    by: str
    """The bindings that give them, and their roles."""
    mend: str
    is_own: bool
    """Kubernetes' own controllers, and the group that is above all authorization."""
    refused_by: str = ""
    """The ServiceAccountGuard that refuses it to all but its deployers."""


@dataclass(frozen=True)
class Cluster:
    """What a scan goes by."""

    rbac: Rbac
    identities: Collection[Identity]
    enforced: Collection[str]
    """Namespaces that enforce the Pod Security Standard baseline or restricted."""
    minor: int = 0
    """Of Kubernetes 1; 0 where it is not known, and then every way counts."""
    guards: Collection[Guard] = ()


def scan(cluster: Cluster) -> list[OpenWay]:
    """Return every way that RBAC opens to an identity, by subject."""
    by_subject = grants(cluster.rbac, RIGHTS)
    ways = [way for way in WAYS if way.is_in(cluster.minor)]
    accounts: dict[str, frozenset[str]] = {}
    for identity in cluster.identities:
        accounts[identity.namespace] = accounts.get(identity.namespace, frozenset()) | {identity.service_account}
    if not accounts:
        return []
    return [
        _guarded(found, subject, cluster.guards)
        for subject in sorted(by_subject)
        for namespace in sorted(by_subject[subject])
        for found in _in_scope(by_subject, subject, namespace, accounts, ways, namespace in cluster.enforced)
    ]


def _guarded(found: OpenWay, subject: Subject, guards: Iterable[Guard]) -> OpenWay:
    """Return the way with the guard that refuses it: what leads to the identity at once, in the guard's namespace."""
    if found.way in GUARDED:
        for guard in guards:
            keeps = found.namespace == guard.namespace and guard.accounts.issuperset(found.service_accounts)
            if keeps and not guard.lets_through(subject):
                return replace(found, refused_by=guard.name)
    return found


@dataclass(frozen=True)
class _Held:
    """What a subject may in a scope."""

    local: Rights
    """By its own bindings of this scope."""
    besides: Sequence[Rights]
    """By those of the cluster, and by its groups'."""
    in_cluster: Sequence[Rights]
    """In the whole cluster, however."""


def _in_scope(
    by_subject: Grants,
    subject: Subject,
    scope: str,
    accounts: Mapping[str, frozenset[str]],
    ways: Iterable[Way],
    is_enforced: bool,
) -> Iterator[OpenWay]:
    local, *besides = of_subject(by_subject, subject, scope)
    held = _Held(local, besides, list(of_subject(by_subject, subject, EVERYWHERE)))
    if scope == EVERYWHERE or scope in accounts:
        named = accounts[scope] if scope in accounts else NO_NAMES.union(*accounts.values())
        for way in ways:
            yield from _open(way, subject, scope, scope, named, held)
    if scope != EVERYWHERE:
        for way in on_the_node(scope, is_enforced):
            yield from _open(way, subject, scope, EVERYWHERE, NO_NAMES, held)


def _open(
    way: Way, subject: Subject, scope: str, reached: str, accounts: frozenset[str], held: _Held
) -> Iterator[OpenWay]:
    """Yield the way where the subject's own rights of this scope, with those that it has besides, open it."""
    used: list[tuple[Right, Grant]] = []
    is_local = False
    for clause in way.clauses:
        is_elsewhere = clause.of_cluster and scope != EVERYWHERE
        chosen = [] if is_elsewhere else list(_used(clause, held.local, scope, accounts))
        is_local |= bool(chosen)
        if not chosen:
            further = held.in_cluster if is_elsewhere else held.besides
            chosen = [each for rights in further for each in _used(clause, rights, scope, accounts)]
        if not chosen:
            return
        used += chosen
    if is_local:
        yield OpenWay(
            str(subject),
            reached,
            () if reached == EVERYWHERE else _accounts(way, used, accounts),
            way.name,
            tuple(dict.fromkeys(str(right) for right, _ in used)),
            "; ".join(dict.fromkeys(_by(grant) for _, grant in used)),
            way.mend,
            is_own=all(_is_own(subject, grant) for _, grant in used),
        )


def _used(clause: Clause, rights: Rights, scope: str, accounts: frozenset[str]) -> Iterator[tuple[Right, Grant]]:
    for right in clause.rights:
        for grant in rights.get(right, ()):
            if grant.names is None or _names_suffice(clause.named, grant.names, scope, accounts):
                yield right, grant


def _names_suffice(named: Named, names: frozenset[str], scope: str, accounts: frozenset[str]) -> bool:
    match named:
        case Named.NONE:
            return False
        case Named.ACCOUNT:
            return not accounts.isdisjoint(names)
        case Named.NAMESPACE:
            return scope in (EVERYWHERE, *names)
        case Named.SIGNER:
            return not names.isdisjoint(CLIENT_SIGNER)
        case Named.ANY:
            return True


def _accounts(way: Way, used: Iterable[tuple[Right, Grant]], accounts: frozenset[str]) -> tuple[str, ...]:
    """Return the ServiceAccounts that the way leads to: those that a limit names, else all of the namespace."""
    limits = [grant.names for _, grant in used]
    if way.clauses[0].named is not Named.ACCOUNT or None in limits:
        return tuple(sorted(accounts))
    return tuple(sorted(accounts & NO_NAMES.union(*(limit for limit in limits if limit))))


def _by(grant: Grant) -> str:
    return grant.by if grant.names is None else f"{grant.by} (for {', '.join(sorted(grant.names))})"


def _is_own(subject: Subject, grant: Grant) -> bool:
    """Tell whether Kubernetes itself gave the right to one of its own parts."""
    is_controller = subject.namespace == "kube-system" and grant.by.endswith(f" system:controller:{subject.name}")
    return grant.is_default and (is_controller or subject in OWN)
