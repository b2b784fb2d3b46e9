"""Which ways to each identity are open, and to whom. Pure."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from .grants import EVERYWHERE, Grants, Rbac, Subject, grants
from .guards import Guard
from .node import APPLY_PODS, on_the_node
from .opening import NO_NAMES, SYSTEM, Identity, OpenWay, by_namespace, open_way, scopes, sources
from .operators import Operators
from .rules import Right
from .steps import STEPS, further_steps
from .ways import DIRECT, REQUEST_OF_NODES, WAYS, Clause, Named, Way

GUARDED = frozenset(way.name for way in DIRECT)
"""The ways that a guard judges."""
AWS_AUTH = Way(
    "change aws-auth",
    (Clause(tuple(Right(verb, "", "configmaps") for verb in ("update", "patch")), Named.AWS_AUTH),),
    "take the right away, or set the cluster's authentication mode to API and delete the ConfigMap: it makes any role "
    "a member of system:masters",
)
"""https://docs.aws.amazon.com/eks/latest/userguide/auth-configmap.html"""

BOOTSTRAP_TOKENS = Way(
    "create bootstrap tokens",
    (Clause((Right("create", "", "secrets"),), Named.NONE),),
    "take the right away in kube-system, or `nodeclient` from the groups system:bootstrappers: a Secret there is a "
    "bootstrap token, and its bearer requests the certificate of any node",
)
"""https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/#bootstrap-token-secret-format"""


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
    on_node: Collection[str] = ()
    """Namespaces with a pod that reaches its node."""
    operators: Operators = field(default_factory=Operators)
    has_aws_auth: bool = False
    """EKS reads users from the ConfigMap `aws-auth`."""


def scan(cluster: Cluster) -> list[OpenWay]:
    """Return every way that RBAC opens to an identity, by subject."""
    accounts = by_namespace(cluster.identities)
    if not accounts:
        return []
    everywhere = [*WAYS, *cluster.operators.runs(), *cluster.operators.injects()]
    ways = [way for way in everywhere if way.is_in(cluster.minor)]
    possible = [*ways, AWS_AUTH, BOOTSTRAP_TOKENS, APPLY_PODS, *cluster.operators.applies(SYSTEM)]
    by_subject = grants(cluster.rbac, {right for way in possible for right in way.rights})
    found = [
        (subject, _guarded(way, subject, cluster.guards))
        for subject in sorted(by_subject)
        for scope in scopes(by_subject, subject)
        for way in _in_scope(by_subject, subject, scope, accounts, ways, cluster)
    ]

    def is_refused(way: OpenWay, subject: Subject) -> bool:
        return bool(_guarded(way, subject, cluster.guards).refused_by)

    steps = [way for way in (*STEPS, *cluster.operators.runs()) if way.is_in(cluster.minor)]
    allowed = [each for each in found if not each[1].refused_by]
    found += further_steps(by_subject, allowed, accounts, steps, is_refused)
    return [way for _, way in sorted(found, key=lambda each: each[0])]


def _guarded(found: OpenWay, subject: Subject, guards: Iterable[Guard]) -> OpenWay:
    """Return the way with the guard that refuses it: what leads to the identity at once, in the guard's namespace."""
    if found.way in GUARDED:
        for guard in guards:
            keeps = found.namespace == guard.namespace and guard.accounts.issuperset(found.service_accounts)
            if keeps and not guard.lets_through(subject):
                return replace(found, refused_by=guard.name)
    return found


def _in_scope(
    by_subject: Grants,
    subject: Subject,
    scope: str,
    accounts: Mapping[str, frozenset[str]],
    ways: Iterable[Way],
    cluster: Cluster,
) -> Iterator[OpenWay]:
    given = sources(by_subject, subject, scope)
    named = NO_NAMES.union(*accounts.values()) if scope == EVERYWHERE else accounts.get(scope, NO_NAMES)
    if scope == subject.namespace:
        named -= {subject.name}
    if named:
        for way in ways:
            yield from open_way(way, subject, scope, scope, named, given)
    further: list[Way] = []
    if cluster.has_aws_auth and scope in (EVERYWHERE, SYSTEM):
        further.append(AWS_AUTH)
    if scope in (EVERYWHERE, SYSTEM) and _have_bootstrap_tokens(by_subject):
        further.append(BOOTSTRAP_TOKENS)
    if scope != EVERYWHERE:
        has_pods = scope in cluster.on_node
        further += on_the_node(scope, is_enforced=scope in cluster.enforced, has_pods=has_pods)
        further += cluster.operators.applies(scope)
    else:
        further += cluster.operators.applies("any namespace")
    for way in further:
        if way.is_in(cluster.minor):
            yield from open_way(way, subject, scope, EVERYWHERE, NO_NAMES, given)


def _have_bootstrap_tokens(by_subject: Grants) -> bool:
    """Tell whether those who sign in with a bootstrap token are given nodes' certificates."""
    needed = set(REQUEST_OF_NODES.clauses[1].rights)
    bearers = (each for each in by_subject if each.kind == "Group" and each.name.startswith("system:bootstrappers"))
    return any(not needed.isdisjoint(by_subject[each].get(EVERYWHERE, ())) for each in bearers)
