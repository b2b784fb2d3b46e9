"""What a scan goes by, read from a live cluster. It reads no Secret."""

import json
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ..kubectl import Forbidden, Kubectl, KubectlError, NotFound
from ..pods.sidecar_container import VOLUME
from .grants import Rbac
from .guards import Guard, guards
from .scan import Cluster, Identity

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
ENFORCE = "pod-security.kubernetes.io/enforce"
"""https://kubernetes.io/docs/concepts/security/pod-security-admission/"""
ADMISSION = "/apis/admissionregistration.k8s.io/v1"
RBAC = "/apis/rbac.authorization.k8s.io/v1"


def read(kubectl: Kubectl, identities: Collection[Identity] = ()) -> Cluster:
    """Return what there is; identities that are given take the place of those that are found."""
    version = json.loads(kubectl.raw("/version"))
    namespaces = kubectl.read_all("/api/v1/namespaces")
    return Cluster(
        Rbac(
            list(kubectl.read_all(f"{RBAC}/roles")),
            list(kubectl.read_all(f"{RBAC}/clusterroles")),
            list(kubectl.read_all(f"{RBAC}/rolebindings")),
            list(kubectl.read_all(f"{RBAC}/clusterrolebindings")),
        ),
        frozenset(identities) or frozenset(_found(kubectl)),
        frozenset(each["metadata"]["name"] for each in namespaces if is_enforced(each)),
        int((re.match(r"\d+", version["minor"]) or ["0"])[0]),
        tuple(_guards(kubectl)),
    )


def _guards(kubectl: Kubectl) -> list[Guard]:
    """Return the guards; none where they may not be read, or Kubernetes is older than 1.30, and has none."""
    kinds = ("validatingadmissionpolicies", "validatingadmissionpolicybindings")
    try:
        return list(guards(*(list(kubectl.read_all(f"{ADMISSION}/{kind}")) for kind in kinds)))
    except (Forbidden, NotFound):
        return []


def _found(kubectl: Kubectl) -> Iterator[Identity]:
    for account in kubectl.read_all("/api/v1/serviceaccounts"):
        if not ANNOTATIONS.isdisjoint(account["metadata"].get("annotations") or ()):
            yield Identity(account["metadata"]["namespace"], account["metadata"]["name"])
    for pod in kubectl.read_all("/api/v1/pods"):
        if has_sidecar(pod):
            yield Identity(pod["metadata"]["namespace"], pod["spec"].get("serviceAccountName") or "default")


def has_sidecar(pod: Mapping[str, Any]) -> bool:
    """Tell whether a pod has the sidecar's token, by its volume."""
    return any(volume["name"] == VOLUME for volume in pod["spec"].get("volumes") or ())


def is_enforced(namespace: Mapping[str, Any]) -> bool:
    return (namespace["metadata"].get("labels") or {}).get(ENFORCE) in ("baseline", "restricted")


def cluster_name(kubectl: Kubectl) -> str:
    """Return what the kubeconfig calls the cluster, for people to read; inside a pod there is no kubeconfig."""
    try:
        named = kubectl.run("config", "view", "--minify", "--output=jsonpath={.clusters[0].name}").strip()
    except KubectlError:
        named = ""
    return named or "this cluster"
