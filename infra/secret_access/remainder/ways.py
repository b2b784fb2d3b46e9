"""The ways to an identity inside the cluster, each with the rights that it takes. Pure.

Most are the privilege escalation risks of https://kubernetes.io/docs/concepts/security/rbac-good-practices/.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum, auto

from .rules import Right

RBAC, ADMISSION = "rbac.authorization.k8s.io", "admissionregistration.k8s.io"
CERTIFICATES, AUTHENTICATION = "certificates.k8s.io", "authentication.k8s.io"
WORKLOADS = {
    "": ("replicationcontrollers",),
    "apps": ("controllerrevisions", "daemonsets", "deployments", "replicasets", "statefulsets"),
    "batch": ("cronjobs", "jobs"),
}
"""What Kubernetes' own controllers make pods of."""
CLIENT_SIGNER = ("kubernetes.io/kube-apiserver-client", "kubernetes.io/*")
"""The signer of the API server's clients, as a rule may name it:
https://kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests/#authorization"""


class Named(Enum):
    """Which names a rule may be limited to, and still open the way."""

    NONE = auto()
    """None: the request has no name."""
    ANY = auto()
    """Any: some object has the name, or may get it."""
    ACCOUNT = auto()
    """That of a ServiceAccount with an identity."""
    NAMESPACE = auto()
    """The namespace's own, where the right is of one namespace."""
    SIGNER = auto()
    """The signer's of the API server's clients."""


@dataclass(frozen=True)
class Clause:
    """Rights of which one is enough."""

    rights: tuple[Right, ...]
    named: Named = Named.ANY
    of_cluster: bool = False
    """They count for the whole cluster alone: a RoleBinding cannot give them."""


@dataclass(frozen=True)
class Way:
    """A way to an identity, open to a subject that has a right of each clause."""

    name: str
    clauses: tuple[Clause, ...]
    mend: str
    until_minor: int | None = None
    """Closed from this minor version of Kubernetes 1 on."""
    since_minor: int = 0
    """Closed before this one."""

    def is_in(self, minor: int) -> bool:
        """Tell whether a minor version has the way; 0 is a version that is not known, which may have all."""
        return not minor or (self.since_minor <= minor and (self.until_minor is None or minor < self.until_minor))

    @property
    def rights(self) -> set[Right]:
        """All rights of all clauses."""
        return {right for clause in self.clauses for right in clause.rights}


def _rights(verbs: str, group: str, resources: Iterable[str]) -> tuple[Right, ...]:
    return tuple(Right(verb, group, resource) for resource in resources for verb in verbs.split())


def _clause(verbs: str, group: str, *resources: str, named: Named = Named.ANY) -> Clause:
    return Clause(_rights(verbs, group, resources), named)


def _of_cluster(verbs: str, group: str, *resources: str, named: Named = Named.ANY) -> Clause:
    return Clause(_rights(verbs, group, resources), named, of_cluster=True)


def _workloads(verbs: str, named: Named) -> Clause:
    return Clause(tuple(right for group, each in WORKLOADS.items() for right in _rights(verbs, group, each)), named)


WRITE, CHANGE, NONE = "create update patch", "update patch", Named.NONE
PIPELINE = "let the pipeline alone hold it, or refuse it to all others with a ServiceAccountGuard"
STREAM = "take the right away: inside the pod, or at its ports, are its secrets"
STREAM_BY_GET = "take `get` away, or update Kubernetes to 1.35, where it is not enough"
GROUPS = "take the right away: it takes the place of any group, system:masters included"
BIND = "take the verb bind away, or limit it to harmless roles by resourceNames"
CREATE_PODS = Way("create pods", (_clause("create", "", "pods", named=NONE),), PIPELINE)
CREATE_WORKLOADS = Way("create workloads", (_workloads("create", NONE),), PIPELINE)
"""Each alone makes pods."""
LABEL_NAMESPACES = Way(
    "label namespaces",
    (_clause(CHANGE, "", "namespaces", "namespaces/status", "namespaces/finalize", named=Named.NAMESPACE),),
    "take the right away: a label turns Pod Security off, and a privileged pod reads its node's tokens",
)
DIRECT: tuple[Way, ...] = (
    CREATE_PODS,
    CREATE_WORKLOADS,
    Way("change pods", (_clause(CHANGE, "", "pods"),), PIPELINE),
    Way("change workloads", (_workloads(CHANGE, Named.ANY),), f"{PIPELINE}; give deployments/scale for replicas alone"),
    Way("pods/exec", (_clause("create", "", "pods/exec"),), STREAM),
    Way("pods/exec by get", (_clause("get", "", "pods/exec"),), STREAM_BY_GET, until_minor=35),
    Way("pods/attach", (_clause("create", "", "pods/attach"),), STREAM),
    Way("pods/attach by get", (_clause("get", "", "pods/attach"),), STREAM_BY_GET, until_minor=35),
    Way("pods/portforward", (_clause("create", "", "pods/portforward"),), STREAM),
    Way("pods/portforward by get", (_clause("get", "", "pods/portforward"),), STREAM_BY_GET, until_minor=35),
    Way("pods/ephemeralcontainers", (_clause(CHANGE, "", "pods/ephemeralcontainers"),), "take the right away"),
    Way(
        "create serviceaccounts/token",
        (_clause("create", "", "serviceaccounts/token", named=Named.ACCOUNT),),
        "take the right away, or limit it to other ServiceAccounts by resourceNames",
    ),
)
"""Each leads to the identity at once."""


def _constrained(mode: str, whom: Clause) -> Way:
    """Return the way of who may act as somebody, and do so for one of the direct ways.

    Where the verb `impersonate` is not given, Kubernetes 1.36 asks for two others:
    https://kubernetes.io/docs/reference/access-authn-authz/user-impersonation/#constrained-impersonation
    """
    on = sorted({right for way in DIRECT for right in way.rights})
    verbs = tuple(Right(f"impersonate-on:{mode}:{right.verb}", right.group, right.resource) for right in on)
    return Way(f"impersonate:{mode}", (whom, Clause(verbs)), "take the right away", since_minor=35)


WAYS: tuple[Way, ...] = (
    *DIRECT,
    Way(
        "read Secrets",
        (_clause("get list watch", "", "secrets"),),
        "take the right away, and delete Secrets of type kubernetes.io/service-account-token",
    ),
    Way(
        "impersonate serviceaccounts",
        (_clause("impersonate", "", "serviceaccounts"),),
        "take the right away: who acts as a ServiceAccount has its rights in the cluster",
    ),
    Way(
        "impersonate users",
        (_of_cluster("impersonate", "", "users"),),
        "take the right away, or limit it by resourceNames",
    ),
    Way(
        "impersonate groups",
        (_of_cluster("impersonate", "", "groups"), _of_cluster("impersonate", "", "users")),
        GROUPS,
    ),
    Way(
        "impersonate groups, as a ServiceAccount",
        (_of_cluster("impersonate", "", "groups"), _clause("impersonate", "", "serviceaccounts")),
        GROUPS,
    ),
    _constrained("user-info", _of_cluster("impersonate:user-info", AUTHENTICATION, "users")),
    _constrained("serviceaccount", _clause("impersonate:serviceaccount", AUTHENTICATION, "serviceaccounts")),
    _constrained("arbitrary-node", _of_cluster("impersonate:arbitrary-node", AUTHENTICATION, "nodes")),
    _constrained("associated-node", _of_cluster("impersonate:associated-node", AUTHENTICATION, "nodes")),
    Way(
        "bind roles",
        (_clause(WRITE, RBAC, "rolebindings"), _clause("bind", RBAC, "roles", "clusterroles")),
        BIND,
    ),
    Way(
        "bind cluster roles",
        (_of_cluster(WRITE, RBAC, "clusterrolebindings"), _of_cluster("bind", RBAC, "clusterroles")),
        BIND,
    ),
    Way(
        "widen roles",
        (_clause(WRITE, RBAC, "roles"), _clause("escalate", RBAC, "roles")),
        "take the verb escalate away",
    ),
    Way(
        "widen cluster roles",
        (_of_cluster(WRITE, RBAC, "clusterroles"), _of_cluster("escalate", RBAC, "clusterroles")),
        "take the verb escalate away",
    ),
    Way(
        "change what is injected",
        (
            _of_cluster(
                WRITE,
                ADMISSION,
                "mutatingadmissionpolicies",
                "mutatingadmissionpolicybindings",
                "mutatingwebhookconfigurations",
            ),
        ),
        "take the right away: whoever changes pods on their way puts a container into them",
    ),
    Way(
        "take guards away",
        (
            _of_cluster(
                "update patch delete deletecollection",
                ADMISSION,
                "validatingadmissionpolicies",
                "validatingadmissionpolicybindings",
                "validatingwebhookconfigurations",
            ),
        ),
        "take the right away: a ServiceAccountGuard is a ValidatingAdmissionPolicy",
    ),
    LABEL_NAMESPACES,
    Way(
        "nodes/proxy",
        (_of_cluster("get create update patch delete", "", "nodes/proxy"),),
        "give nodes/metrics and nodes/stats in its place: the kubelet has its own exec, which no admission sees",
    ),
    Way(
        "approve certificates",
        (
            _of_cluster(CHANGE, CERTIFICATES, "certificatesigningrequests/approval"),
            _of_cluster("approve", CERTIFICATES, "signers", named=Named.SIGNER),
        ),
        "limit approve by resourceNames to other signers than kubernetes.io/kube-apiserver-client",
    ),
    Way(
        "create persistentvolumes",
        (_of_cluster(WRITE, "", "persistentvolumes"),),
        "take the right away: a hostPath volume reads a node's tokens, and Pod Security does not see it",
    ),
)
RIGHTS = frozenset(right for way in WAYS for right in way.rights)

_NODE_MEND = (
    "let the namespace enforce the Pod Security Standard baseline or restricted, and its labels be others' to change: "
    "a privileged pod reads the tokens of all pods on its node"
)


def on_the_node(namespace: str, is_enforced: bool) -> Iterator[Way]:
    """Yield the ways by which pods of a namespace, whichever it is, reach every identity with a pod on their node."""
    for way in (CREATE_PODS, CREATE_WORKLOADS):
        clauses = (*way.clauses, *(LABEL_NAMESPACES.clauses if is_enforced else ()))
        yield Way(f"{way.name}, privileged, in {namespace}", clauses, _NODE_MEND)
