"""What the scan claims of rights that look harmless, asked of a real API server."""

import base64
import json
from collections.abc import Sequence

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from local.progress import wait_for
from local.standins.kube_client import Client
from tests.integration.real_parts import ApiServer
from tests.integration.ways import CORE, EPHEMERAL, MERGE, RBAC, RBAC_GROUP, STRATEGIC, Object, ask, pod_spec

OPEN, ENFORCED = "claims-open", "claims-enforced"
APPLY = "application/apply-patch+yaml"
CERTIFICATES = "/apis/certificates.k8s.io/v1/certificatesigningrequests"
POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "spec": pod_spec("default")}
(CONTAINER,) = EPHEMERAL["spec"]["ephemeralContainers"]
RULING = {"capabilities": {"add": ["SYS_ADMIN"]}}  # the API server of the tests allows no `privileged`
PRIVILEGED = {"spec": {"ephemeralContainers": [{**CONTAINER, "securityContext": RULING}]}}


@pytest.fixture(scope="module", autouse=True)
def namespaces(api_server: ApiServer) -> None:
    """One that enforces Pod Security, and one that does not, each with a pod."""
    label = {"pod-security.kubernetes.io/enforce": "baseline"}
    for name, labels in ((OPEN, {}), (ENFORCED, label)):
        api_server.client.request("POST", f"{CORE}/namespaces", {"metadata": {"name": name, "labels": labels}})
        wait_for("the ServiceAccount default", lambda name=name: has_default(api_server, name))  # type: ignore[misc]
        pod = {**POD, "metadata": {"name": "app"}}
        api_server.client.request("POST", f"{CORE}/namespaces/{name}/pods", pod)


def has_default(api_server: ApiServer, namespace: str) -> bool:
    listed = api_server.client.request("GET", f"{CORE}/namespaces/{namespace}/serviceaccounts")["items"]
    return any(each["metadata"]["name"] == "default" for each in listed)


def rule(verbs: Sequence[str], resource: str, group: str = "", names: Sequence[str] | None = None) -> Object:
    limit = {} if names is None else {"resourceNames": list(names)}
    return {"verbs": list(verbs), "apiGroups": [group], "resources": [resource], **limit}


def person(api_server: ApiServer, name: str, *rules: Object, namespace: str = "") -> Client:
    """A client with these rights alone, once they are in force."""
    where, kind = (f"{RBAC}/namespaces/{namespace}", "Role") if namespace else (RBAC, "ClusterRole")
    mark = rule(["mark"], f"marks-{name}")
    api_server.client.request("POST", f"{where}/{kind.lower()}s", {"metadata": {"name": name}, "rules": [*rules, mark]})
    reference = {"apiGroup": RBAC_GROUP, "kind": kind, "name": name}
    subject = {"apiGroup": RBAC_GROUP, "kind": "User", "name": name}
    bound = {"metadata": {"name": name}, "roleRef": reference, "subjects": [subject]}
    api_server.client.request("POST", f"{where}/{kind.lower()}bindings", bound)
    review = {"verb": "mark", "resource": f"marks-{name}", "namespace": namespace}

    def is_in_force() -> bool:
        asked = {"spec": {"user": name, "resourceAttributes": review}}
        path = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
        return bool(api_server.client.request("POST", path, asked)["status"]["allowed"])

    wait_for(f"the rights of {name}", is_in_force)
    return api_server.user(name)


def answered(client: Client, method: str, path: str, body: Object | None = None, kind: str = "application/json") -> int:
    return ask(client, method, path, None if body is None else json.dumps(body), {"Content-Type": kind})[0]


def test_a_server_side_apply_creates_the_pod_whose_name_the_limit_has(api_server: ApiServer) -> None:
    """With the verb create alone, or by another request, nobody creates it."""
    pods = f"{CORE}/namespaces/{OPEN}/pods"
    both = person(api_server, "applies", rule(["create", "patch"], "pods", names=["x"]), namespace=OPEN)
    alone = person(api_server, "creates", rule(["create"], "pods", names=["x"]), namespace=OPEN)
    applied = f"{pods}/x?fieldManager=test&dryRun=All"
    assert answered(both, "POST", f"{pods}?dryRun=All", POD) == 403
    assert answered(both, "PATCH", applied, POD, APPLY) == 201
    assert answered(alone, "PATCH", applied, POD, APPLY) == 403


def test_a_limit_to_the_empty_name_limits_no_creation(api_server: ApiServer) -> None:
    limited = person(api_server, "empty", rule(["create"], "pods", names=[""]), namespace=OPEN)
    assert answered(limited, "POST", f"{CORE}/namespaces/{OPEN}/pods?dryRun=All", POD) == 201


@pytest.mark.parametrize(
    ("verb", "method", "path", "body"),
    [("patch", "PATCH", "/claimed", {}), ("deletecollection", "DELETE", "", None)],
)
def test_the_answer_to_who_changes_a_secret_has_it(
    api_server: ApiServer, verb: str, method: str, path: str, body: Object | None
) -> None:
    """A patch of nothing, and a deletion that is only tried."""
    secrets = f"{CORE}/namespaces/{OPEN}/secrets"
    value = base64.b64encode(b"the token").decode()
    made = {"metadata": {"name": "claimed"}, "data": {"token": value}}
    answered(api_server.client, "POST", secrets, made)
    client = person(api_server, f"secrets-{verb}", rule([verb], "secrets"), namespace=OPEN)
    sent = None if body is None else json.dumps(body)
    status, said = ask(client, method, f"{secrets}{path}?dryRun=All", sent, {"Content-Type": MERGE})
    assert status == 200, said
    assert value in said
    assert answered(client, "GET", f"{secrets}/claimed") == 403


def test_an_ephemeral_container_is_privileged_where_pod_security_does_not_refuse_it(api_server: ApiServer) -> None:
    for namespace, expected in ((OPEN, 200), (ENFORCED, 403)):
        patch = rule(["patch"], "pods/ephemeralcontainers")
        client = person(api_server, f"debugs-{namespace}", patch, namespace=namespace)
        path = f"{CORE}/namespaces/{namespace}/pods/app/ephemeralcontainers?dryRun=All"
        assert answered(client, "PATCH", path, PRIVILEGED, STRATEGIC) == expected


def test_who_binds_any_role_takes_pod_security_off(api_server: ApiServer) -> None:
    """By a RoleBinding to oneself, in the namespace that enforces it."""
    rights = rule(["create"], "rolebindings", RBAC_GROUP), rule(["bind"], "clusterroles", RBAC_GROUP)
    client = person(api_server, "binds", *rights, namespace=ENFORCED)
    label = {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "privileged"}}}
    path = f"{CORE}/namespaces/{ENFORCED}?dryRun=All"
    assert answered(client, "PATCH", path, label, MERGE) == 403
    to_self = {
        "metadata": {"name": "claims"},
        "roleRef": {"apiGroup": RBAC_GROUP, "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"apiGroup": RBAC_GROUP, "kind": "User", "name": "binds"}],
    }
    assert answered(client, "POST", f"{RBAC}/namespaces/{ENFORCED}/rolebindings", to_self) == 201
    wait_for("the right to label", lambda: answered(client, "PATCH", path, label, MERGE) == 200)


def test_who_requests_certificates_of_nodes_becomes_any_node(api_server: ApiServer) -> None:
    """The controller approves it unseen: so a bootstrap token is as good as every node."""
    group = "certificates.k8s.io"
    rights = (
        rule(["create", "get"], "certificatesigningrequests", group),
        rule(["create"], "certificatesigningrequests/nodeclient", group),
    )
    client = person(api_server, "joins", *rights)
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "system:nodes"),
            x509.NameAttribute(NameOID.COMMON_NAME, "system:node:worker"),
        ]
    )
    key = ec.generate_private_key(ec.SECP256R1())
    signed = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    spec = {
        "signerName": "kubernetes.io/kube-apiserver-client-kubelet",
        "request": base64.b64encode(signed.public_bytes(serialization.Encoding.PEM)).decode(),
        "usages": ["digital signature", "client auth"],
    }
    assert answered(client, "POST", CERTIFICATES, {"metadata": {"name": "claims"}, "spec": spec}) == 201

    def approved() -> bool:
        _, said = ask(client, "GET", f"{CERTIFICATES}/claims")
        conditions = json.loads(said).get("status", {}).get("conditions", [])
        return any(each["type"] == "Approved" for each in conditions)

    wait_for("the controller's approval", approved)
