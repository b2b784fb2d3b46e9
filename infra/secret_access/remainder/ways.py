"""The ways to an identity inside the cluster, each with the rights that it takes. Pure.

Most are the privilege escalation risks of https://kubernetes.io/docs/concepts/security/rbac-good-practices/.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto

from .rules import Right

RBAC, ADMISSION = "rbac.authorization.k8s.io", "admissionregistration.k8s.io"
CERTIFICATES, AUTHENTICATION = "certificates.k8s.io", "authentication.k8s.io"
REGISTRATION = "apiregistration.k8s.io"
WORKLOADS = {
    "": ("replicationcontrollers",),
    "apps": ("controllerrevisions", "daemonsets", "deployments", "replicasets", "statefulsets"),
    "batch": ("cronjobs", "jobs"),
}
"""What Kubernetes' own controllers make pods of."""
CLIENT_SIGNER = (
    "kubernetes.io/kube-apiserver-client",
    "kubernetes.io/kube-apiserver-client-kubelet",
    "kubernetes.io/*",
)
"""The signers of the API server's clients, kubelets among them, as a rule may name them:
https://kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests/#authorization"""


class Named(Enum):
    """Which names a rule may be limited to, and still open the way."""

    NONE = auto()
    """None but the empty one: the request has no name."""
    ANY = auto()
    """Any: some object has the name, or may get it."""
    ACCOUNT = auto()
    """That of a ServiceAccount with an identity."""
    NAMESPACE = auto()
    """The namespace's own, where the right is of one namespace."""
    SIGNER = auto()
    """That of a signer of the API server's clients."""
    ADMIN = auto()
    """That of the ClusterRole `cluster-admin`."""
    LIMITED = auto()
    """Some, and there has to be a limit: without one another way is open."""
    API = auto()
    """That of an API of Kubernetes' own, such as `v1.apps`; metrics are not."""
    AWS_AUTH = auto()
    """That of the ConfigMap `aws-auth`."""


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
READ = "get list watch patch deletecollection"
"""The verbs whose answers have the objects."""
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
CHANGE_PODS = Way("change pods", (_clause(CHANGE, "", "pods"),), PIPELINE)
CHANGE_WORKLOADS = Way(
    "change workloads", (_workloads(CHANGE, Named.ANY),), f"{PIPELINE}; give deployments/scale for replicas alone"
)
STREAMS = (
    Way("pods/exec", (_clause("create", "", "pods/exec"),), STREAM),
    Way("pods/exec by get", (_clause("get", "", "pods/exec"),), STREAM_BY_GET, until_minor=35),
    Way("pods/attach", (_clause("create", "", "pods/attach"),), STREAM),
    Way("pods/attach by get", (_clause("get", "", "pods/attach"),), STREAM_BY_GET, until_minor=35),
)
EPHEMERAL = Way("pods/ephemeralcontainers", (_clause(CHANGE, "", "pods/ephemeralcontainers"),), "take the right away")
DIRECT: tuple[Way, ...] = (
    CREATE_PODS,
    CREATE_WORKLOADS,
    CHANGE_PODS,
    CHANGE_WORKLOADS,
    *STREAMS,
    Way("pods/portforward", (_clause("create", "", "pods/portforward"),), STREAM),
    Way("pods/portforward by get", (_clause("get", "", "pods/portforward"),), STREAM_BY_GET, until_minor=35),
    EPHEMERAL,
    Way(
        "create serviceaccounts/token",
        (_clause("create", "", "serviceaccounts/token", named=Named.ACCOUNT),),
        "take the right away, or limit it to other ServiceAccounts by resourceNames",
    ),
)
"""Each leads to the identity at once."""
BIND_ROLES = Way(
    "bind roles",
    (_clause(WRITE, RBAC, "rolebindings"), _clause("bind", RBAC, "roles", "clusterroles")),
    BIND,
)
WIDEN_ROLES = Way(
    "widen roles",
    (_clause(WRITE, RBAC, "roles"), _clause("escalate", RBAC, "roles")),
    "take the verb escalate away",
)
READ_SECRETS = Way(
    "read Secrets",
    (_clause(READ, "", "secrets"),),
    "take the right away, and delete Secrets of type kubernetes.io/service-account-token",
)
IMPERSONATE_ACCOUNTS = Way(
    "impersonate serviceaccounts",
    (_clause("impersonate", "", "serviceaccounts"),),
    "take the right away: who acts as a ServiceAccount has its rights in the cluster",
)


def _constrained(mode: str, whom: Clause) -> Way:
    """Return the way of who may act as somebody, and do so for one of the direct ways.

    Where the verb `impersonate` is not given, Kubernetes 1.36 asks for two others:
    https://kubernetes.io/docs/reference/access-authn-authz/user-impersonation/#constrained-impersonation
    """
    on = sorted({right for way in DIRECT for right in way.rights})
    verbs = tuple(Right(f"impersonate-on:{mode}:{right.verb}", right.group, right.resource) for right in on)
    return Way(f"impersonate:{mode}", (whom, Clause(verbs)), "take the right away", since_minor=35)


CONSTRAINED_ACCOUNTS = _constrained(
    "serviceaccount", _clause("impersonate:serviceaccount", AUTHENTICATION, "serviceaccounts")
)
REQUEST_OF_NODES = Way(
    "request certificates of nodes",
    (
        _of_cluster("create", CERTIFICATES, "certificatesigningrequests", named=NONE),
        _of_cluster("create", CERTIFICATES, "certificatesigningrequests/nodeclient", named=NONE),
    ),
    "take `nodeclient` away, and bootstrap tokens when no node is to join: any node's certificate is approved "
    "unseen, and a node gets the tokens of its pods",
)
WAYS: tuple[Way, ...] = (
    *DIRECT,
    READ_SECRETS,
    IMPERSONATE_ACCOUNTS,
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
    CONSTRAINED_ACCOUNTS,
    _constrained("arbitrary-node", _of_cluster("impersonate:arbitrary-node", AUTHENTICATION, "nodes")),
    _constrained("associated-node", _of_cluster("impersonate:associated-node", AUTHENTICATION, "nodes")),
    BIND_ROLES,
    Way(
        "bind cluster roles",
        (_of_cluster(WRITE, RBAC, "clusterrolebindings"), _of_cluster("bind", RBAC, "clusterroles")),
        BIND,
    ),
    WIDEN_ROLES,
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
        "take the right away: who changes pods on their way puts a container into them",
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
    Way(
        "create validating webhooks",
        (_of_cluster("create", ADMISSION, "validatingwebhookconfigurations", named=NONE),),
        "take the right away: a webhook is shown each object that is written, Secrets with tokens too",
    ),
    Way(
        "change API services",
        (_of_cluster(WRITE, REGISTRATION, "apiservices", named=Named.API),),
        "take the right away: an API server in the place of another tells controllers which pods to make",
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
        "limit approve by resourceNames to other signers than kubernetes.io/kube-apiserver-client and "
        "kubernetes.io/kube-apiserver-client-kubelet",
    ),
    REQUEST_OF_NODES,
    Way(
        "create persistentvolumes",
        (_of_cluster(WRITE, "", "persistentvolumes"),),
        "take the right away: a hostPath volume reads a node's tokens, and Pod Security does not see it",
    ),
)
