"""`secret-access preflight`, with a real API server and an issuer on the loopback: each fault is made, and found."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from local import pki
from local.progress import wait_for
from local.standins.kube_client import Client
from secret_access.cli.main import cli
from secret_access.cli.preflight import READY, UNKNOWN
from secret_access.kubectl import Kubectl
from secret_access.preflight import admission, live
from secret_access.preflight.check import Check
from tests.free_port import free_port
from tests.integration.https_server import Answers, https_server
from tests.integration.real_parts import ApiServer

Object = dict[str, Any]
DISCOVERY, KEYS = "/.well-known/openid-configuration", "/openid/v1/jwks"
ADMISSION = "/apis/admissionregistration.k8s.io/v1"
GOOD = "preflight-good"


@dataclass(frozen=True)
class Scene:
    """A cluster, and the issuer that a cloud would ask."""

    kubectl: Kubectl
    cluster: ApiServer
    answers: Answers
    hooks: Answers
    hooks_url: str
    stranger: pki.Certificate
    """A certificate of an authority that nobody trusts."""

    def of_issuer(self, late: timedelta = timedelta()) -> dict[str, list[Check]]:
        """What is found of the issuer, by id."""
        return by_id(live.of_issuer(self.kubectl, str(self.authority), lambda: live.local_time() + late))

    def of_namespaces(self, *namespaces: str) -> dict[str, list[Check]]:
        """What is found in namespaces, and of webhooks, by id."""
        return by_id([*live.of_webhooks(self.kubectl), *live.of_namespaces(self.kubectl, namespaces, "app")])

    @property
    def client(self) -> Client:
        """As the cluster's admin."""
        return self.cluster.client

    @property
    def authority(self) -> Path:
        """That of the issuer's certificate."""
        return self.cluster.authority.cert

    def make(self, path: str, body: Object) -> None:
        self.client.request("POST", path, body)

    def namespace(self, name: str) -> str:
        """A namespace that enforces Pod Security, once pods can be made in it."""
        labels = {"pod-security.kubernetes.io/enforce": "restricted"}
        self.make("/api/v1/namespaces", {"metadata": {"name": name, "labels": labels}})
        account = f"/api/v1/namespaces/{name}/serviceaccounts/default"
        wait_for("the namespace's ServiceAccount", lambda: self.client.get(account) is not None)
        return name


@pytest.fixture(scope="module")
def scene(tools: Path, kubectl_command: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Nothing is wrong with it."""
    folder, other = tmp_path_factory.mktemp("preflight"), tmp_path_factory.mktemp("stranger")
    port, hooks_port = free_port(), free_port()
    with ExitStack() as started:
        cluster = started.enter_context(ApiServer.running(tools, folder, issuer=f"https://127.0.0.1:{port}"))
        names: Any = {"addresses": ["127.0.0.1"], "hosts": ["localhost"], "common_name": "issuer"}
        certificate = cluster.authority.server("issuer", **names)
        kubectl = Kubectl(kubeconfig=str(cluster.kubeconfig), command=kubectl_command)
        document = json.loads(kubectl.raw(DISCOVERY)) | {"jwks_uri": f"https://127.0.0.1:{port}{KEYS}"}
        answers = Answers(certificate, {DISCOVERY: document, KEYS: json.loads(kubectl.raw(KEYS))})
        hooks = Answers(certificate)
        started.enter_context(https_server(answers, port))
        started.enter_context(https_server(hooks, hooks_port))
        made = Scene(
            kubectl,
            cluster,
            answers,
            hooks,
            f"https://127.0.0.1:{hooks_port}/",
            pki.Authority(other).server("issuer", **names),
        )
        made.namespace(GOOD)
        yield made


def by_id(checks: Iterable[Check]) -> dict[str, list[Check]]:
    found: dict[str, list[Check]] = {}
    for check in checks:
        found.setdefault(check.id, []).append(check)
    return found


def only(found: dict[str, list[Check]], check: str) -> Check:
    (one,) = found[check]
    return one


def test_a_cluster_without_fault_is_ready(scene: Scene) -> None:
    """Every check is asked, and none finds anything."""
    options = ("--kubeconfig", str(scene.kubectl.kubeconfig), "--kubectl", scene.kubectl.command)
    result = CliRunner().invoke(cli, ["preflight", *options, "--ca", str(scene.authority), "-n", GOOD, "--json"])
    assert result.exit_code == READY, result.output
    found = json.loads(result.output)
    assert found["ready"] is True
    assert {check["id"]: check["severity"] for check in found["checks"]} == dict.fromkeys(
        (
            "version",
            "node-version",
            "issuer-address",
            "issuer-document",
            "issuer-keys",
            "clock",
            "issuer-clock",
            "webhook-dead",
            "pod-security",
            "egress",
            "pod",
        ),
        "ok",
    )


ISSUER_FAULTS: dict[str, tuple[str, str]] = {
    "gone": ("issuer-document", "404"),
    "another issuer": ("issuer-document", "is of issuer 'https://other.example', the cluster's tokens are of"),
    "keys behind a sign-in": ("issuer-keys", "401"),
    "keys by http": ("issuer-document", "expected an https:// URL"),
    "other keys": ("issuer-keys", "not published"),
    "a key changed under its name": ("issuer-keys", "not published"),
    "no keys": ("issuer-keys", "not published"),
    "an untrusted certificate": ("issuer-document", "certificate verify failed"),
}


@pytest.mark.parametrize("fault", ISSUER_FAULTS)
def test_faults_of_the_issuer_are_found(scene: Scene, monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    """Each is an error with what to do, and no other is found."""
    documents, good_keys = dict(scene.answers.documents), scene.answers.documents[KEYS]
    document: Any = documents[DISCOVERY]
    (key,) = good_keys["keys"]  # type: ignore[index]
    changes: dict[str, dict[str, Any]] = {
        "gone": {DISCOVERY: 404},
        "another issuer": {DISCOVERY: document | {"issuer": "https://other.example"}},
        "keys behind a sign-in": {KEYS: 401},
        "keys by http": {DISCOVERY: document | {"jwks_uri": "http://127.0.0.1/jwks"}},
        "other keys": {KEYS: {"keys": [key | {"kid": "other"}]}},
        "a key changed under its name": {KEYS: {"keys": [key | {"n": key["n"][::-1]}]}},
        "no keys": {KEYS: {"keys": []}},
        "an untrusted certificate": {},
    }
    monkeypatch.setattr(scene.answers, "documents", documents | changes[fault])
    if fault == "an untrusted certificate":
        monkeypatch.setattr(scene.answers, "certificate", scene.stranger)
    found = scene.of_issuer()
    check, text = ISSUER_FAULTS[fault]
    errors = [each for several in found.values() for each in several if each.severity != "ok"]
    assert [(each.id, each.severity) for each in errors] == [(check, "error")]
    assert text in errors[0].found
    assert errors[0].mend


def test_a_key_that_the_cluster_no_longer_has_is_a_warning(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever kept it signs tokens that the cloud accepts."""
    (key,) = scene.answers.documents[KEYS]["keys"]  # type: ignore[index]
    monkeypatch.setitem(scene.answers.documents, KEYS, {"keys": [key, key | {"kid": "old"}]})
    found = only(scene.of_issuer(), "issuer-keys")
    assert (found.severity, found.found) == ("warning", "published, and not the cluster's: old")


@pytest.mark.parametrize(
    ("late", "severity"), [(timedelta(seconds=30), "warning"), (timedelta(minutes=-5), "error"), (timedelta(), "ok")]
)
def test_clocks_that_differ_are_found(scene: Scene, late: timedelta, severity: str) -> None:
    """Of the API server, which tokens have, and this machine; the issuer's server agrees with the cluster."""
    found = scene.of_issuer(late)
    assert only(found, "clock").severity == severity
    assert only(found, "issuer-clock").severity == "ok"


def test_the_time_of_a_kept_answer_is_that_of_now(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """A content delivery network says when it fetched the document, and how long ago that was."""
    hour_ago = formatdate(time.time() - 3600, usegmt=True)
    monkeypatch.setattr(scene.answers, "headers", {"Date": hour_ago})
    assert only(scene.of_issuer(), "issuer-clock").severity == "error"
    monkeypatch.setattr(scene.answers, "headers", {"Date": hour_ago, "Age": "3600"})
    assert only(scene.of_issuer(), "issuer-clock").severity == "ok"


@pytest.mark.parametrize(
    ("kind", "spec", "check", "text"),
    [
        ("resourcequotas", {"hard": {"pods": "0"}}, "quota", "exceeded quota"),
        ("resourcequotas", {"hard": {"limits.cpu": "8"}}, "quota", "must specify limits.cpu for: secrets"),
        (
            "limitranges",
            {"limits": [{"type": "Container", "max": {"memory": "100Mi"}}]},
            "limit-range",
            "maximum memory usage per Container is 100Mi, but limit is 128Mi",
        ),
    ],
)
def test_quotas_that_refuse_the_sidecar_are_found(scene: Scene, kind: str, spec: Object, check: str, text: str) -> None:
    """By the API server itself; a namespace beside it is not mentioned."""
    name = scene.namespace(f"preflight-{check}-{len(json.dumps(spec))}")
    path = f"/api/v1/namespaces/{name}/{kind}"
    scene.make(path, {"metadata": {"name": "small"}, "spec": spec})
    wait_for(
        "the quota to be counted",
        lambda: kind != "resourcequotas" or scene.client.request("GET", f"{path}/small").get("status", {}).get("hard"),
    )
    found = only(scene.of_namespaces(GOOD, name), check)
    assert (found.severity, found.what) == ("error", f"a pod with the sidecar in {name}")
    assert text in found.found
    assert "sidecar_resources" in found.mend
    assert "use a context" not in found.found


def test_a_pod_of_the_same_name_is_not_in_the_way(scene: Scene) -> None:
    """Such as one that somebody made of the same manifest."""
    name = scene.namespace("preflight-same")
    sent = admission.pod(name, "app")
    sent["metadata"]["name"] = "secret-access-preflight"
    scene.make(f"/api/v1/namespaces/{name}/pods", sent)
    assert only(scene.of_namespaces(name), "pod").severity == "ok"


def test_namespaces_without_pod_security_or_a_way_out_are_found(scene: Scene) -> None:
    """Both are warnings: the sidecar runs there."""
    name = scene.namespace("preflight-open")
    scene.client.request("PUT", f"/api/v1/namespaces/{name}", {"metadata": {"name": name}})
    policies = f"/apis/networking.k8s.io/v1/namespaces/{name}/networkpolicies"
    scene.make(policies, {"metadata": {"name": "deny"}, "spec": {"podSelector": {}, "policyTypes": ["Egress"]}})
    found = scene.of_namespaces(GOOD, name)
    assert (only(found, "pod-security").severity, only(found, "egress").severity) == ("warning", "warning")
    assert only(found, "pod-security").found.endswith(f"in {name}")
    assert only(found, "egress").found.endswith(f"from {name}")
    out = {"podSelector": {}, "policyTypes": ["Egress"], "egress": [{}]}
    scene.make(policies, {"metadata": {"name": "out"}, "spec": out})
    assert only(scene.of_namespaces(name), "egress").severity == "ok"


def hook(name: str, client: Object, namespace: str) -> Object:
    """A webhook of pods of one namespace."""
    webhook = {
        "name": name,
        "clientConfig": client,
        "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}],
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        "timeoutSeconds": 5,
    }
    return {"metadata": {"name": name}, "webhooks": [webhook]}


def test_a_webhook_that_nobody_answers_for_is_found(scene: Scene) -> None:
    """With its Service, and by the pod that it keeps out; with failurePolicy Ignore it is in nobody's way."""
    name = scene.namespace("preflight-dead")
    made = hook("dead.example.com", {"service": {"namespace": "gone", "name": "hook"}}, name)
    scene.make(f"{ADMISSION}/validatingwebhookconfigurations", made)
    path = f"{ADMISSION}/validatingwebhookconfigurations/dead.example.com"
    try:
        wait_for("the webhook to act", lambda: len(scene.of_namespaces(name).get("webhook-dead", [])) == 2)
        by_service, by_pod = scene.of_namespaces(name)["webhook-dead"]
        assert (by_service.severity, by_pod.severity) == ("error", "error")
        assert "its Service gone/hook has no ready endpoint" in by_service.found
        assert 'failed calling webhook "dead.example.com"' in by_pod.found

        made["webhooks"][0]["failurePolicy"] = "Ignore"
        current = scene.client.request("GET", path)
        scene.client.request("PUT", path, current | {"webhooks": made["webhooks"]})
        wait_for("the webhook to be ignored", lambda: only(scene.of_namespaces(name), "webhook-dead").severity == "ok")
    finally:
        scene.client.request("DELETE", path)


INJECTED = {
    "name": "aws-iam-token",
    "projected": {"sources": [{"serviceAccountToken": {"audience": "sts.amazonaws.com", "path": "token"}}]},
}
PROXY = {"name": "istio-proxy", "image": "proxy", "securityContext": {"runAsUser": 1337}}


@pytest.mark.parametrize(
    ("path", "value", "severity", "text"),
    [
        ("/spec/volumes/-", INJECTED, "error", "adds a token for aws-iam-token (sts.amazonaws.com)"),
        ("/spec/containers/-", PROXY, "warning", "adds the container istio-proxy"),
    ],
)
def test_what_a_webhook_puts_into_pods_is_found(
    scene: Scene, path: str, value: Object, severity: str, text: str
) -> None:
    """By asking it: the pod of a dry run comes back with it."""
    name = scene.namespace(f"preflight-injected-{severity}")
    labels = {"metadata": {"name": name}}  # without Pod Security, for a proxy of today has to be let in
    scene.client.request("PUT", f"/api/v1/namespaces/{name}", labels)

    def patched(review: Object) -> Object:
        patch = base64.b64encode(json.dumps([{"op": "add", "path": path, "value": value}]).encode()).decode()
        response = {"uid": review["request"]["uid"], "allowed": True, "patchType": "JSONPatch", "patch": patch}
        return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response}

    scene.hooks.posted = patched
    bundle = base64.b64encode(scene.authority.read_bytes()).decode()
    made = hook("iam-for-pods.amazonaws.com", {"url": scene.hooks_url, "caBundle": bundle}, name)
    kind = f"{ADMISSION}/mutatingwebhookconfigurations"
    scene.make(kind, made)
    try:
        wait_for("the webhook to act", lambda: "webhook-injects" in scene.of_namespaces(name))
        found = scene.of_namespaces(name)
        assert only(found, "webhook-injects").severity == severity
        assert text in only(found, "webhook-injects").found
        assert "eks.amazonaws.com/role-arn" in only(found, "webhook-identity").found
        assert "pod" not in found
    finally:
        scene.client.request("DELETE", f"{kind}/iam-for-pods.amazonaws.com")


def node_version(scene: Scene) -> str:
    found = live.checks(scene.kubectl, [GOOD], "app", str(scene.authority), live.local_time)
    return next(check.severity for check in found if check.id == "node-version")


def test_a_node_that_drops_the_sidecars_restart_policy_is_found(scene: Scene) -> None:
    """One whose kubelet is older than native sidecars."""
    scene.make("/api/v1/nodes", {"metadata": {"name": "old"}})
    try:
        for version, severity in (("v1.28.15", "error"), ("v1.29.0-eks-1", "ok")):
            node = scene.client.request("GET", "/api/v1/nodes/old")
            node["status"]["nodeInfo"]["kubeletVersion"] = version
            scene.client.request("PUT", "/api/v1/nodes/old/status", node)
            assert node_version(scene) == severity
    finally:
        scene.client.request("DELETE", "/api/v1/nodes/old")


def test_what_may_not_be_asked_is_unknown(scene: Scene) -> None:
    """The other checks go on; the exit code says that some are missing."""
    scene.cluster.user("nobody")
    kubeconfig = scene.authority.parent / "user-nobody.kubeconfig"
    options = ("--kubeconfig", str(kubeconfig), "--kubectl", scene.kubectl.command, "--ca", str(scene.authority))
    result = CliRunner().invoke(cli, ["preflight", *options, "--json"])
    assert result.exit_code == UNKNOWN, result.output
    severities = {check["id"]: check["severity"] for check in json.loads(result.output)["checks"]}
    unknown = dict.fromkeys(("node-version", "issuer-document", "webhook-dead", "pod-security"), "unknown")
    assert severities == {"version": "ok", **unknown}
