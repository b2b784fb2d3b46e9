"""Whether a subject's rights open a way. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from .grants import EVERYWHERE, Grant, Grants, Rights, Subject
from .rules import Names, Right
from .ways import CLIENT_SIGNER, Clause, Named, Way

NO_NAMES: frozenset[str] = frozenset()
OWN = {
    Subject("Group", "system:masters"),
    Subject("User", "system:kube-controller-manager"),
    Subject("User", "system:kube-scheduler"),
}
"""Kubernetes' own parts beside its controllers, and the group that no authorizer is asked about.

Not the group of the kubelets: the Node authorizer gives each the tokens of its own pods, and a binding all of them.
"""
SYSTEM = "kube-system"


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
    through: tuple[str, ...] = ()
    """Over which ServiceAccounts it leads, such as `ci/deployer`: one of them is enough."""
    scope: str = EVERYWHERE
    """The namespace in which the subject has the rights; `*` for the whole cluster."""

    @property
    def kind(self) -> str:
        """The way without the namespace that its name may have: the same from 200 namespaces is said once."""
        return self.way.removesuffix(f", in {self.scope}")


def by_namespace(identities: Iterable[Identity]) -> dict[str, frozenset[str]]:
    """Return the names of the ServiceAccounts of each namespace."""
    accounts: dict[str, frozenset[str]] = {}
    for identity in identities:
        accounts[identity.namespace] = accounts.get(identity.namespace, frozenset()) | {identity.service_account}
    return accounts


def scopes(by_subject: Grants, subject: Subject) -> list[str]:
    """Return where a subject has rights of its own, and where those of its groups may complete them."""
    own = by_subject[subject]
    groups = subject.groups if EVERYWHERE in own else ()
    return sorted({*own, *(scope for group in groups for scope in by_subject.get(group, ()))})


@dataclass(frozen=True)
class Source:
    """Rights of a subject, by where they come from."""

    rights: Sequence[Rights]
    is_own: bool
    """Given to the subject itself, not to its groups."""
    is_here: bool
    """By bindings of the scope that is looked at."""


def sources(by_subject: Grants, subject: Subject, scope: str) -> list[Source]:
    """Return all that a subject may in a scope: its own rights there, in the cluster, and those of its groups."""

    def given(subjects: Iterable[Subject], where: str, *, is_own: bool) -> Source:
        return Source([by_subject.get(each, {}).get(where, {}) for each in subjects], is_own, where == scope)

    groups = subject.groups
    in_cluster = [given([subject], EVERYWHERE, is_own=True), given(groups, EVERYWHERE, is_own=False)]
    if scope == EVERYWHERE:
        return in_cluster
    return [given([subject], scope, is_own=True), *in_cluster, given(groups, scope, is_own=False)]


def open_way(
    way: Way, subject: Subject, scope: str, reached: str, accounts: frozenset[str], given: Sequence[Source]
) -> Iterator[OpenWay]:
    """Yield the way where a right of the subject's own opens it, and one of this scope."""
    used: list[tuple[Right, Grant]] = []
    is_own = is_here = False
    for clause in way.clauses:
        for source in given:
            if clause.of_cluster and source.is_here and scope != EVERYWHERE:
                continue
            chosen = [each for rights in source.rights for each in _used(clause, rights, scope, accounts)]
            if chosen:
                used += chosen
                is_own |= source.is_own
                is_here |= source.is_here
                break
        else:
            return
    if is_own and is_here:
        yield OpenWay(
            str(subject),
            reached,
            () if reached == EVERYWHERE else _accounts(way, used, accounts),
            way.name,
            tuple(dict.fromkeys(str(right) for right, _ in used)),
            "; ".join(dict.fromkeys(_by(grant) for _, grant in used)),
            way.mend,
            is_own=all(_is_own(subject, grant) for _, grant in used),
            scope=scope,
        )


def _used(clause: Clause, rights: Rights, scope: str, accounts: frozenset[str]) -> Iterator[tuple[Right, Grant]]:
    for right in clause.rights:
        for grant in rights.get(right, ()):
            if _suffices(clause.named, grant.names, scope, accounts):
                yield right, grant


def _suffices(named: Named, names: Names, scope: str, accounts: frozenset[str]) -> bool:
    """Tell whether a right that is limited to names, or to none, opens the way."""
    if names is None:
        return named is not Named.LIMITED
    fitting: dict[Named, Iterable[str]] = {
        Named.NONE: ("",),
        Named.ACCOUNT: accounts,
        Named.NAMESPACE: (scope,),
        Named.SIGNER: CLIENT_SIGNER,
        Named.ADMIN: ("cluster-admin",),
        Named.AWS_AUTH: ("aws-auth",),
        Named.API: [name for name in names if _is_of_kubernetes(name.partition(".")[2])],
    }
    return (
        named not in fitting
        or not names.isdisjoint(fitting[named])
        or (named is Named.NAMESPACE and scope == EVERYWHERE)
    )


def _is_of_kubernetes(group: str) -> bool:
    return ("." not in group or group.endswith(".k8s.io")) and not group.endswith("metrics.k8s.io")


def _accounts(way: Way, used: Iterable[tuple[Right, Grant]], accounts: frozenset[str]) -> tuple[str, ...]:
    """Return the ServiceAccounts that the way leads to: those that a limit names, else all of the namespace."""
    limits = [grant.names for _, grant in used]
    if way.clauses[0].named is not Named.ACCOUNT or None in limits:
        return tuple(sorted(accounts))
    return tuple(sorted(accounts & NO_NAMES.union(*(limit for limit in limits if limit))))


def _by(grant: Grant) -> str:
    return grant.by if grant.names is None else f"{grant.by} (for {', '.join(sorted(grant.names)) or repr('')})"


def _is_own(subject: Subject, grant: Grant) -> bool:
    """Tell whether Kubernetes itself gave the right to one of its own parts."""
    is_controller = subject.namespace == "kube-system" and grant.by.endswith(f" system:controller:{subject.name}")
    return grant.is_default and (is_controller or subject in OWN)
