"""Namespaces of a real API server: quotas, limits, Pod Security and policies of egress in the way are found."""

from __future__ import annotations

import json

import pytest

from local.progress import wait_for
from secret_access.preflight import admission
from tests.integration.preflight.scene import GOOD, Object, Scene, only


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
