"""Access policies of EKS on roles of pods: with one that makes pods, a namespace becomes others."""

from typing import Any

import pytest

from secret_access.proof.aws.cluster_access import NATIVE_ENTRY, POLICY_ASSOCIATION
from secret_access.proof.evaluation import evaluate
from secret_access.proof.preview import UNKNOWN, Resource

from .documents import namespaces
from .outcomes import outcome

CLUSTER: dict[str, Any] = {"type": "cluster"}


def access(policy: str, scope: object = CLUSTER, role: str = "secret-access-test") -> Resource:
    arn = UNKNOWN if policy == UNKNOWN else f"arn:aws:eks::aws:cluster-access-policy/{policy}"
    given = {"policyArn": arn, "principalArn": f"arn:aws:iam::111122223333:role/{role}", "accessScope": scope}
    return Resource("urn:pulumi:test::secret-access::access::access", POLICY_ASSOCIATION, given, {})


def of(*names: str) -> dict[str, Any]:
    return {"type": "namespace", "namespaces": list(names)}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (access("AmazonEKSClusterAdminPolicy"), "breach"),
        (access("AmazonEKSAdminPolicy"), "breach"),
        (access("AmazonEKSEditPolicy"), "breach"),
        (access("AmazonEKSEditPolicy", of("prod")), "breach"),
        (access("AmazonEKSEditPolicy", of("pr*")), "breach"),
        (access("AmazonEKSEditPolicy", of("test", "elsewhere")), "isolated"),
        (access("AmazonEKSEditPolicy", UNKNOWN), "breach"),
        (access("AmazonEKSViewPolicy"), "isolated"),
        (access("AmazonEKSAdminViewPolicy"), "isolated"),
        (access("AmazonEKSSomePolicy"), "undecided"),
        (access(UNKNOWN), "undecided"),
        (access("AmazonEKSClusterAdminPolicy", role="people"), "isolated"),
    ],
)
def test_a_role_of_pods_that_makes_pods_elsewhere_is_a_breach(given: Resource, expected: str) -> None:
    assert outcome([*namespaces("test", "prod"), given]) == expected


def test_the_access_policy_is_said() -> None:
    made = [*namespaces("test", "prod"), access("AmazonEKSEditPolicy", of("prod"))]
    (found,) = evaluate(made, {}, ())[0].breaches
    assert (found.namespace, found.owner) == ("test", "prod")
    assert found.statements == (
        "trust of secret-access-test, statement OneServiceAccount",
        "access policy AmazonEKSEditPolicy of access: it makes pods of prod",
    )


def native(policies: object, role: str = "secret-access-test") -> Resource:
    given = {"principalArn": f"arn:aws:iam::111122223333:role/{role}", "accessPolicies": policies}
    return Resource("urn:pulumi:test::secret-access::access::access", NATIVE_ENTRY, given, {})


def policies_of(name: str, scope: object = CLUSTER) -> list[dict[str, Any]]:
    return [{"policyArn": f"arn:aws:eks::aws:cluster-access-policy/{name}", "accessScope": scope}]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (native(policies_of("AmazonEKSClusterAdminPolicy")), "breach"),
        (native([*policies_of("AmazonEKSViewPolicy"), *policies_of("AmazonEKSEditPolicy", of("prod"))]), "breach"),
        (native(policies_of("AmazonEKSEditPolicy", of("test"))), "isolated"),
        (native(policies_of("AmazonEKSViewPolicy")), "isolated"),
        (native(policies_of("AmazonEKSSomePolicy")), "undecided"),
        (native(UNKNOWN), "undecided"),
        (native([UNKNOWN]), "undecided"),
        (native([]), "isolated"),
        (native(None), "isolated"),
        (native(policies_of("AmazonEKSClusterAdminPolicy"), role="people"), "isolated"),
    ],
)
def test_access_policies_inside_of_an_entry_of_the_other_provider_count_as_well(given: Resource, expected: str) -> None:
    assert outcome([*namespaces("test", "prod"), given]) == expected
