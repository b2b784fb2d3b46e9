"""Admission webhooks of a real API server: those that nobody answers for, and those that change pods, are found."""

from __future__ import annotations

import base64
import json

import pytest

from local.progress import wait_for
from tests.integration.preflight.scene import ADMISSION, Object, Scene, only


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
