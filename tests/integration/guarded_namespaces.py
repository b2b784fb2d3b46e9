"""Namespaces with and without a guard, what developers would go for in them, and who may do one thing more."""

from __future__ import annotations

from local.standins.kube_client import Client
from tests.integration import ways
from tests.integration.real_parts import ApiServer
from tests.integration.ways import ACCOUNT, APPS, CORE, RBAC, RBAC_GROUP, Way

PROGRAM = """
import pulumi, pulumi_kubernetes as k8s
from secret_access import DeveloperAccess, PodEgress, ServiceAccountGuard

cluster = k8s.Provider("cluster", kubeconfig={kubeconfig!r})
opts = pulumi.ResourceOptions(providers=[cluster])
DeveloperAccess("plain", {{"namespace": "rights-plain", "groups": ["team-a"], "rights": ["restart", "scale"]}}, opts)
PodEgress("egress", {{"namespace": "rights-plain", "cidrs": ["0.0.0.0/0", "::/0", "168.0.0.0/8"]}}, opts)
guard = ServiceAccountGuard("guard", {{"namespace": "rights-guarded", "deployer_users": {deployers}}}, opts)
developers = {{
    "namespace": "rights-guarded",
    "groups": ["team-a"],
    "rights": ["restart", "scale", "deploy"],
    "guarded_namespace": guard.namespace,
}}
DeveloperAccess("guarded", developers, opts)
named = {{"namespace": "rights-all", "deployer_users": ["deployer"], "all_pods": True}}
all_pods = ServiceAccountGuard("all", named, opts)
everywhere = {{**developers, "namespace": "rights-all", "guarded_namespace": all_pods.namespace}}
DeveloperAccess("all", everywhere, opts)
"""
DEPLOYERS = ["deployer", 'x"] || true || "" in ["', "back\\slash", "ü😀"]
"""Who deploys, among names that would do harm if they were more than texts."""
PLAIN, GUARDED, ALL_PODS = "rights-plain", "rights-guarded", "rights-all"
ALL = {**ways.STREAMS, **ways.USES, **ways.RIGHTS}
PAST_THE_AUTHORIZER = {
    "metrics through a pod's proxy": "address not allowed",
    "a Service's proxy": 'services \\"app\\" not found',
    "the kubelet": "address not allowed",
}
"""What an API server without pods says to those who may use a proxy."""


def succeeds(way: Way, name: str, client: Client, namespace: str) -> bool:
    """Whether a request does what it asks for; if not, then by the authorizer or by admission."""
    status, answer = way.ask(client, namespace)
    if status == 403:
        assert '"reason":"Forbidden"' in answer
        return False
    past = PAST_THE_AUTHORIZER.get(name)
    assert past in answer if past else status in (101, 200, 201), (status, answer)
    return True


def furnish(api_server: ApiServer, namespace: str) -> None:
    """A namespace with what developers would go for: a pod on a node, workloads, files, a Secret."""
    make = api_server.client.request
    make("POST", "/api/v1/namespaces", {"metadata": {"name": namespace}})
    inside = f"/namespaces/{namespace}/"
    make("POST", f"{CORE}{inside}serviceaccounts", {"metadata": {"name": ACCOUNT}})
    make("POST", f"{CORE}{inside}configmaps", {"metadata": {"name": "app"}})
    make("POST", f"{CORE}{inside}secrets", {"metadata": {"name": "app"}, "stringData": {"key": "value"}})
    service = {"metadata": {"name": "app"}, "spec": {"ports": [{"port": 80}]}}
    make("POST", f"{CORE}{inside}services", service)
    pod = {"metadata": {"name": "app"}, "spec": {**ways.pod_spec(), "nodeName": ways.NODE}}
    make("POST", f"{CORE}{inside}pods", pod)
    for plural, kind in (("deployments", "Deployment"), ("replicasets", "ReplicaSet")):
        make("POST", f"{APPS}{inside}{plural}", ways.workload(kind, "app", replicas=0))
    make("POST", f"{ways.BATCH}{inside}cronjobs", ways.workload("CronJob", "app"))


def bind(api_server: ApiServer, namespace: str | None, kind: str, role: str, user: str) -> None:
    metadata = {"name": f"{role}-{user}"}
    where = RBAC if namespace is None else f"{RBAC}/namespaces/{namespace}"
    binding = {
        "metadata": metadata,
        "roleRef": {"apiGroup": RBAC_GROUP, "kind": kind, "name": role},
        "subjects": [{"apiGroup": RBAC_GROUP, "kind": "User", "name": user}],
    }
    plural = "clusterrolebindings" if namespace is None else "rolebindings"
    api_server.client.request("POST", f"{where}/{plural}", binding)


def somebody_with(api_server: ApiServer, name: str, namespace: str) -> str:
    """A user who has the one right that a way takes."""
    way = ALL[name]
    user = f"{namespace}-" + "".join(letter if letter.isalnum() else "-" for letter in name.lower())
    kind, where = ("ClusterRole", None) if way.of_cluster else ("Role", namespace)
    path = f"{RBAC}/clusterroles" if way.of_cluster else f"{RBAC}/namespaces/{namespace}/roles"
    api_server.client.request("POST", path, way.role(user, namespace))
    bind(api_server, where, kind, user, user)
    return user
