"""What a scan goes by, read from a live cluster. It reads no Secret."""

import re
from collections.abc import Collection, Mapping
from typing import Any

from ..errors import SecretAccessError
from ..kubectl import Forbidden, Kubectl, KubectlError, NotFound
from ..pods.sidecar_container import VOLUME
from .grants import Rbac
from .guards import Guard, guards
from .node import reaches_node
from .opening import Identity
from .operators import Operators, has_containers
from .scan import Cluster

ANNOTATIONS = frozenset(
    {
        "secret-access/role-arn",
        "secret-access/google-identity",
        "secret-access/client-id",
        "secret-access/vault-role",
        "eks.amazonaws.com/role-arn",
        "iam.gke.io/gcp-service-account",
        "azure.workload.identity/client-id",
    }
)
"""Any of these on a ServiceAccount names an identity outside the cluster."""
AUDIENCES = re.compile(
    r"sts\.amazonaws\.com$|pods\.eks\.amazonaws\.com$|api://AzureADTokenExchange|(https:)?//iam\.googleapis\.com/|.*vault"
)
"""Audiences of tokens that a cloud, or Vault, exchanges for an identity."""
ENFORCE = "pod-security.kubernetes.io/enforce"
"""https://kubernetes.io/docs/concepts/security/pod-security-admission/"""
ADMISSION = "/apis/admissionregistration.k8s.io/v1"
RBAC = "/apis/rbac.authorization.k8s.io/v1"
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
AWS_AUTH = "/api/v1/namespaces/kube-system/configmaps/aws-auth"


def read(kubectl: Kubectl, identities: Collection[Identity] = ()) -> Cluster:
    """Return what there is; identities that are given take the place of those that are found."""
    version = kubectl.read("/version")
    namespaces = list(kubectl.read_all("/api/v1/namespaces"))
    accounts = list(kubectl.read_all("/api/v1/serviceaccounts"))
    _check(identities, {each["metadata"]["name"] for each in namespaces})
    found, on_node = _of_pods(kubectl)
    annotated = {_identity(each) for each in accounts if is_annotated(each)}
    return Cluster(
        Rbac(
            list(kubectl.read_all(f"{RBAC}/roles")),
            list(kubectl.read_all(f"{RBAC}/clusterroles")),
            list(kubectl.read_all(f"{RBAC}/rolebindings")),
            list(kubectl.read_all(f"{RBAC}/clusterrolebindings")),
        ),
        frozenset(identities) or frozenset(found | annotated),
        frozenset(each["metadata"]["name"] for each in namespaces if is_enforced(each)),
        int((re.match(r"\d+", str(version.get("minor"))) or ["0"])[0]),
        tuple(_guards(kubectl)),
        frozenset(on_node),
        _operators(kubectl),
        "-eks-" in str(version.get("gitVersion")) and _has_aws_auth(kubectl),
    )


def _check(identities: Collection[Identity], namespaces: Collection[str]) -> None:
    """Refuse a namespace that does not exist: nobody would have a way to it."""
    for missing in sorted({each.namespace for each in identities} - set(namespaces)):
        raise SecretAccessError(
            f"no namespace {missing!r} in the cluster: expected NAMESPACE/SERVICEACCOUNT of a namespace that exists; "
            "`kubectl get namespaces` lists them"
        )


def _identity(account: Mapping[str, Any]) -> Identity:
    return Identity(account["metadata"]["namespace"], account["metadata"]["name"])


def is_annotated(account: Mapping[str, Any]) -> bool:
    """Tell whether a ServiceAccount names an identity outside the cluster."""
    return not ANNOTATIONS.isdisjoint(account["metadata"].get("annotations") or ())


def _of_pods(kubectl: Kubectl) -> tuple[set[Identity], set[str]]:
    """Return the identities of pods, and the namespaces with a pod that reaches its node."""
    identities, on_node = set(), set()
    for pod in kubectl.read_all("/api/v1/pods"):
        namespace = pod["metadata"]["namespace"]
        if has_identity(pod):
            identities.add(Identity(namespace, pod["spec"].get("serviceAccountName") or "default"))
        if reaches_node(pod["spec"]):
            on_node.add(namespace)
    return identities, on_node


def has_identity(pod: Mapping[str, Any]) -> bool:
    """Tell whether a pod has the sidecar's token, by its volume, or a token for a cloud or Vault, by its audience."""
    volumes = pod["spec"].get("volumes") or ()
    sources = [each for volume in volumes for each in (volume.get("projected") or {}).get("sources") or ()]
    audiences = [(each.get("serviceAccountToken") or {}).get("audience") or "" for each in sources]
    return any(volume["name"] == VOLUME for volume in volumes) or any(map(AUDIENCES.match, audiences))


def _operators(kubectl: Kubectl) -> Operators:
    """Return what operators there are; where the definitions may not be read, those that are known by their group."""
    groups = [each["name"] for each in kubectl.read("/apis").get("groups") or ()]
    try:
        definitions = [each["spec"] for each in kubectl.read_all(DEFINITIONS) if has_containers(each)]
    except (Forbidden, NotFound):
        definitions = []
    return Operators(groups, [(each["group"], each["names"]["plural"]) for each in definitions])


def _has_aws_auth(kubectl: Kubectl) -> bool:
    try:
        kubectl.read(AWS_AUTH)
    except NotFound:
        return False
    except Forbidden:
        return True  # it may be there
    return True


def _guards(kubectl: Kubectl) -> list[Guard]:
    """Return the guards; none where they may not be read, or Kubernetes is older than 1.30, and has none."""
    kinds = ("validatingadmissionpolicies", "validatingadmissionpolicybindings")
    try:
        return list(guards(*(list(kubectl.read_all(f"{ADMISSION}/{kind}")) for kind in kinds)))
    except (Forbidden, NotFound):
        return []


def is_enforced(namespace: Mapping[str, Any]) -> bool:
    return (namespace["metadata"].get("labels") or {}).get(ENFORCE) in ("baseline", "restricted")


def cluster_name(kubectl: Kubectl) -> str:
    """Return what the kubeconfig calls the cluster, for people to read; inside a pod there is no kubeconfig."""
    try:
        named = kubectl.run("config", "view", "--minify", "--output=jsonpath={.clusters[0].name}").strip()
    except KubectlError:
        named = ""
    return named or "this cluster"
