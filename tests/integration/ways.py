"""Ways to a namespace's identity, each as one request of the Kubernetes API and the one right that it takes."""

from __future__ import annotations

import base64
import http.client
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ssl import PROTOCOL_TLS_SERVER, SSLContext
from threading import Thread
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from local.standins.kube_client import Client
from tests.integration.real_parts import ApiServer

Object = dict[str, Any]
ACCOUNT = "secret-access"
NODE = "worker"
UPGRADE = {"Connection": "Upgrade", "Upgrade": "SPDY/3.1"}
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"


@dataclass(frozen=True)
class Way:
    """One request, in a namespace or in the cluster, and the rule that allows it and nothing else."""

    method: str
    path: str
    """Below the namespace, or the whole path where the right is the cluster's."""
    rules: tuple[tuple[str, str, tuple[str, ...]], ...]
    """Group, resource and verbs."""
    body: Any = None
    kind: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    of_cluster: bool = False

    @property
    def is_stream(self) -> bool:
        return self.headers == UPGRADE

    def ask(self, client: Client, namespace: str) -> tuple[int, str]:
        """The status and the message of the answer."""
        api, _, rest = self.path.partition(":")
        path = rest if self.of_cluster else f"{api}/namespaces/{namespace}/{rest}"
        if self.method != "GET" and not self.is_stream:
            path += "?dryRun=All"  # authorized and admitted as any request, and nothing is left behind
        body = None if self.body is None else json.dumps(self.body).replace("NAMESPACE", namespace)
        given = {name: value.replace("NAMESPACE", namespace) for name, value in self.headers.items()}
        return ask(
            client, self.method, path.replace("NAMESPACE", namespace), body, {"Content-Type": self.kind, **given}
        )

    def role(self, name: str, namespace: str) -> Object:
        """The Role, or ClusterRole, of this right alone."""
        metadata = {"name": name} if self.of_cluster else {"name": name, "namespace": namespace}
        rules = [{"apiGroups": [group], "resources": [of], "verbs": list(verbs)} for group, of, verbs in self.rules]
        return {"metadata": metadata, "rules": rules}


def ask(
    client: Client, method: str, path: str, body: str | None = None, headers: Mapping[str, str] | None = None
) -> tuple[int, str]:
    """The status and the text of one answer; what is sent is JSON already."""
    connection = http.client.HTTPSConnection(client.access.host, client.access.port, context=client.access.tls)
    try:
        connection.request(method, path, body, {"Accept": "application/json", **(headers or {})})
        answer = connection.getresponse()
        return answer.status, answer.read().decode(errors="replace")
    finally:
        connection.close()


def pod_spec(account: str = ACCOUNT) -> Object:
    return {"serviceAccountName": account, "containers": [{"name": "app", "image": "app"}]}


def template(account: str = ACCOUNT) -> Object:
    return {"metadata": {"labels": {"app": "made"}}, "spec": pod_spec(account)}


def workload(kind: str, name: str, account: str = ACCOUNT, **further: Any) -> Object:
    """A workload of one pod template."""
    spec: Object = {"selector": {"matchLabels": {"app": "made"}}, "template": template(account), **further}
    if kind == "StatefulSet":
        spec["serviceName"] = "made"
    if kind == "ReplicationController":
        spec["selector"] = {"app": "made"}
    if kind in ("Job", "CronJob"):
        spec = {"template": {"spec": {**pod_spec(account), "restartPolicy": "Never"}}}
    if kind == "CronJob":
        spec = {"schedule": "0 0 1 1 *", "suspend": True, "jobTemplate": {"spec": spec}}
    return {"metadata": {"name": name}, "spec": spec}


def cron(spec: Object) -> Object:
    return {"spec": {"jobTemplate": {"spec": {"template": {"spec": spec}}}}}


def _certificate_request() -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "admin")])
    signed = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(name)
        .sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    )
    return base64.b64encode(signed.public_bytes(serialization.Encoding.PEM)).decode()


IMAGE = {"spec": {"template": {"spec": {"containers": [{"name": "app", "image": "other"}]}}}}
APPS, BATCH, CORE = "/apis/apps/v1", "/apis/batch/v1", "/api/v1"
RBAC = "/apis/rbac.authorization.k8s.io/v1"
RBAC_GROUP = "rbac.authorization.k8s.io"
EPHEMERAL = {"spec": {"ephemeralContainers": [{"name": "debug", "image": "app"}]}}
REVISION = {"metadata": {"name": "made"}, "revision": 1, "data": {"spec": {"template": template()}}}
TO_SELF = {
    "metadata": {"name": "to-self"},
    "roleRef": {"apiGroup": RBAC_GROUP, "kind": "ClusterRole", "name": "edit"},
    "subjects": [{"apiGroup": RBAC_GROUP, "kind": "User", "name": "somebody"}],
}
LONG_LIVED = {
    "metadata": {"name": "made", "annotations": {"kubernetes.io/service-account.name": ACCOUNT}},
    "type": "kubernetes.io/service-account-token",
}
REQUEST = {
    "metadata": {"name": "made-NAMESPACE"},
    "spec": {
        "request": _certificate_request(),
        "signerName": "kubernetes.io/kube-apiserver-client",
        "usages": ["client auth"],
    },
}
PATCH = '[JSONPatch{op: "test", path: "/kind", value: "Pod"}]'
INJECTING = {
    "metadata": {"name": "made-NAMESPACE"},
    "spec": {
        "matchConstraints": {
            "resourceRules": [
                {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["nothing"]}
            ]
        },
        "reinvocationPolicy": "Never",
        "mutations": [{"patchType": "JSONPatch", "jsonPatch": {"expression": PATCH}}],
    },
}
ADMISSION = "/apis/admissionregistration.k8s.io/v1"


def _made(group: str, api: str, plural: str, kind: str) -> Way:
    return Way("POST", f"{api}:{plural}", ((group, plural, ("create",)),), workload(kind, "made"))


STREAMS = {
    "exec": Way(
        "POST", f"{CORE}:pods/app/exec?command=sh&stdout=1", (("", "pods/exec", ("create",)),), headers=UPGRADE
    ),
    "attach": Way("POST", f"{CORE}:pods/app/attach?stdout=1", (("", "pods/attach", ("create",)),), headers=UPGRADE),
    "port-forward": Way(
        "POST", f"{CORE}:pods/app/portforward?ports=8080", (("", "pods/portforward", ("create",)),), headers=UPGRADE
    ),
}
USES = {
    "ephemeral container": Way(
        "PATCH",
        f"{CORE}:pods/app/ephemeralcontainers",
        (("", "pods/ephemeralcontainers", ("patch",)),),
        EPHEMERAL,
        STRATEGIC,
    ),
    "pod": Way(
        "POST", f"{CORE}:pods", (("", "pods", ("create",)),), {"metadata": {"name": "made"}, "spec": pod_spec()}
    ),
    "another image in a pod": Way(
        "PATCH", f"{CORE}:pods/app", (("", "pods", ("patch",)),), IMAGE["spec"]["template"], STRATEGIC
    ),
    "token": Way(
        "POST",
        f"{CORE}:serviceaccounts/{ACCOUNT}/token",
        (("", "serviceaccounts/token", ("create",)),),
        {"spec": {"audiences": ["sts.amazonaws.com"]}},
    ),
    "Deployment": _made("apps", APPS, "deployments", "Deployment"),
    "StatefulSet": _made("apps", APPS, "statefulsets", "StatefulSet"),
    "DaemonSet": _made("apps", APPS, "daemonsets", "DaemonSet"),
    "ReplicaSet": _made("apps", APPS, "replicasets", "ReplicaSet"),
    "ReplicationController": _made("", CORE, "replicationcontrollers", "ReplicationController"),
    "Job": _made("batch", BATCH, "jobs", "Job"),
    "CronJob": _made("batch", BATCH, "cronjobs", "CronJob"),
    "the injected template": Way(
        "PATCH", f"{APPS}:deployments/app", (("apps", "deployments", ("patch",)),), IMAGE, STRATEGIC
    ),
    "the template of a ReplicaSet": Way(
        "PATCH", f"{APPS}:replicasets/app", (("apps", "replicasets", ("patch",)),), IMAGE, STRATEGIC
    ),
    "the template of a CronJob": Way(
        "PATCH",
        f"{BATCH}:cronjobs/app",
        (("batch", "cronjobs", ("patch",)),),
        cron({"containers": [{"name": "app", "image": "other"}]}),
        STRATEGIC,
    ),
    "ControllerRevision": Way(
        "POST", f"{APPS}:controllerrevisions", (("apps", "controllerrevisions", ("create",)),), REVISION
    ),
}
"""Each leads to the identity at once; a ServiceAccountGuard judges each."""
RIGHTS = {
    "RoleBinding to oneself": Way(
        "POST", f"{RBAC}:rolebindings", (
            (RBAC_GROUP, "rolebindings", ("create",)), (RBAC_GROUP, "clusterroles", ("bind",))), TO_SELF,
    ),
    "more in one's Role": Way(
        "PATCH", f"{RBAC}:roles/secret-access-developers", ((RBAC_GROUP, "roles", ("patch", "escalate")),),
        {"rules": [{"apiGroups": [""], "resources": ["pods/exec"], "verbs": ["create"]}]}, MERGE,
    ),
    "acting as the ServiceAccount": Way(
        "POST", "/apis/authentication.k8s.io/v1:/apis/authentication.k8s.io/v1/selfsubjectreviews",
        (("", "serviceaccounts", ("impersonate",)),), {}, of_cluster=True,
        headers={"Impersonate-User": f"system:serviceaccount:NAMESPACE:{ACCOUNT}"},
    ),
    "acting as a deployer": Way(
        "POST", ":/apis/authentication.k8s.io/v1/selfsubjectreviews", (("", "users", ("impersonate",)),), {},
        of_cluster=True, headers={"Impersonate-User": "deployer"},
    ),
    "annotation of the ServiceAccount": Way(
        "PATCH", f"{CORE}:serviceaccounts/{ACCOUNT}", (("", "serviceaccounts", ("patch",)),),
        {"metadata": {"annotations": {"eks.amazonaws.com/role-arn": "x"}}}, MERGE,
    ),
    "reading a Secret": Way("GET", f"{CORE}:secrets/app", (("", "secrets", ("get",)),)),
    "listing Secrets": Way("GET", f"{CORE}:secrets", (("", "secrets", ("list",)),)),
    "Secret with a token": Way("POST", f"{CORE}:secrets", (("", "secrets", ("create",)),), LONG_LIVED),
    "file that a pod reads": Way(
        "PATCH", f"{CORE}:configmaps/app", (("", "configmaps", ("patch",)),), {"data": {"run.sh": "id"}}, MERGE
    ),
    "metrics through a pod's proxy": Way("GET", f"{CORE}:pods/app:8081/proxy/metrics", (("", "pods/proxy", ("get",)),)),
    "a Service's proxy": Way("GET", f"{CORE}:services/app:80/proxy/", (("", "services/proxy", ("get",)),)),
    "the kubelet": Way(
        "GET", f":/api/v1/nodes/{NODE}/proxy/pods", (("", "nodes/proxy", ("get",)),), of_cluster=True
    ),
    "client certificate": Way(
        "POST", ":/apis/certificates.k8s.io/v1/certificatesigningrequests",
        (("certificates.k8s.io", "certificatesigningrequests", ("create",)),), REQUEST, of_cluster=True,
    ),
    "policy that injects": Way(
        "POST", f":{ADMISSION}/mutatingadmissionpolicies",
        (("admissionregistration.k8s.io", "mutatingadmissionpolicies", ("create",)),), INJECTING, of_cluster=True,
    ),
    "guard taken away": Way(
        "DELETE", f":{ADMISSION}/validatingadmissionpolicybindings/secret-access-guard-rights-guarded",
        (("admissionregistration.k8s.io", "validatingadmissionpolicybindings", ("delete",)),), of_cluster=True,
    ),
    "labels of the namespace": Way(
        "PATCH", ":/api/v1/namespaces/NAMESPACE", (("", "namespaces", ("patch",)),),
        {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "privileged"}}}, MERGE, of_cluster=True,
    ),
}  # fmt: skip
"""Each leads there by a detour, or to what is kept from developers besides."""


@contextmanager
def kubelet(api_server: ApiServer) -> Iterator[list[str]]:
    """A node whose kubelet says what reaches it, and does nothing: the API server decides who may, not the kubelet."""
    reached: list[str] = []

    class Kubelet(BaseHTTPRequestHandler):
        def answer(self) -> None:
            reached.append(self.path)
            self.send_response(101 if self.headers["Upgrade"] else 200)
            self.send_header("Connection", "Upgrade")
            self.send_header("Upgrade", self.headers["Upgrade"] or "")
            self.end_headers()
            self.close_connection = True

        do_GET = do_POST = answer  # noqa: N815 — http.server's names

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 — http.server's name
            pass

    certificate = api_server.authority.server("kubelet", addresses=["127.0.0.1"], hosts=[], common_name=NODE)
    context = SSLContext(PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.cert, certificate.key)
    with ThreadingHTTPServer(("127.0.0.1", 0), Kubelet) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        Thread(target=server.serve_forever, daemon=True).start()
        api_server.client.request("POST", "/api/v1/nodes", {"metadata": {"name": NODE}})
        status = {
            "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": server.server_port}},
        }
        node = api_server.client.request("GET", f"/api/v1/nodes/{NODE}")
        api_server.client.request("PUT", f"/api/v1/nodes/{NODE}/status", {**node, "status": status})
        yield reached
        api_server.client.request("DELETE", f"/api/v1/nodes/{NODE}")
        server.shutdown()
