"""What a namespace has that matters to its identity, by its labels and its NetworkPolicies."""

from typing import Any

import pytest

from secret_access.preflight import namespaces
from secret_access.preflight.check import Check

ENFORCE = "pod-security.kubernetes.io/enforce"


def namespace(name: str, **labels: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "labels": labels}}


def security(*given: dict[str, Any]) -> Check:
    (found,) = namespaces.pod_security(given)
    return found


@pytest.mark.parametrize(
    ("labels", "severity"),
    [
        ({ENFORCE: "restricted"}, "ok"),
        ({ENFORCE: "baseline"}, "ok"),
        ({ENFORCE: "privileged"}, "warning"),
        ({ENFORCE: "strict"}, "warning"),
        ({"pod-security.kubernetes.io/warn": "restricted"}, "warning"),
        ({}, "warning"),
    ],
)
def test_pods_that_may_be_their_nodes_root_are_found(labels: dict[str, str], severity: str) -> None:
    """By the level that is enforced; one that is warned of lets everything in."""
    assert security(namespace("shop", **labels)).severity == severity


def test_each_open_namespace_is_named_up_to_five() -> None:
    """One that is closed is not."""
    found = security(namespace("closed", **{ENFORCE: "baseline"}), *(namespace(name) for name in "gfedcba"))
    assert found.found == "neither baseline nor restricted is enforced in a, b, c, d, e and 2 more"


DENIES: dict[str, Any] = {"podSelector": {}, "policyTypes": ["Egress"]}
ALLOWS: dict[str, Any] = {"policyTypes": ["Ingress", "Egress"], "egress": [{}]}


@pytest.mark.parametrize(
    ("specs", "severity"),
    [
        ([], "ok"),
        ([DENIES], "warning"),
        ([{**DENIES, "egress": []}], "warning"),
        ([{"policyTypes": ["Ingress", "Egress"]}], "warning"),
        ([{"policyTypes": ["Ingress"]}], "ok"),
        ([{}], "ok"),
        ([ALLOWS], "ok"),
        ([DENIES, ALLOWS], "ok"),
        ([ALLOWS, DENIES], "ok"),
        ([{**DENIES, "podSelector": {"matchLabels": {"app": "database"}}}], "ok"),
        ([{**DENIES, "podSelector": {"matchExpressions": [{"key": "a", "operator": "Exists"}]}}], "ok"),
        ([{**DENIES, "podSelector": {"matchLabels": {}}}], "warning"),
    ],
)
def test_a_namespace_that_lets_no_pod_out_is_found(specs: list[dict[str, Any]], severity: str) -> None:
    """NetworkPolicies add up: one that allows is enough; one of ingress, or of some pods, says nothing."""
    policies = [{"metadata": {"namespace": "shop"}, "spec": spec} for spec in specs]
    (found,) = namespaces.egress(policies)
    assert found.severity == severity
    assert severity == "ok" or found.found == "no pod reaches anything from shop"


def test_what_another_namespace_allows_lets_no_pod_out_here() -> None:
    """Each stands for itself."""
    policies = [{"metadata": {"namespace": name}, "spec": spec} for name, spec in (("shop", DENIES), ("pay", ALLOWS))]
    (found,) = namespaces.egress(policies)
    assert found.found.endswith("from shop")
