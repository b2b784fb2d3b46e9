"""Identities of AWS beside its roles and associations: those of another provider, and those of add-ons."""

from typing import Any

import pytest

from secret_access.proof.evaluation import evaluate
from secret_access.proof.preview import UNKNOWN, Resource

from .documents import Document, namespaces, permissions, role, role_policy, trust
from .outcomes import outcome

TAKEN: Document = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}


def document(statement: Document) -> Document:
    return {"Version": "2012-10-17", "Statement": [statement]}


def native(kind: str, **inputs: Any) -> Resource:
    return Resource("urn:pulumi:test::secret-access::native::other", f"aws-native:{kind}", inputs, {})


KINDS = [
    "iam:Role",
    "iam:RolePolicy",
    "iam:ManagedPolicy",
    "eks:PodIdentityAssociation",
    "secretsmanager:ResourcePolicy",
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("beside", [namespaces("test", "prod"), []], ids=["beside others", "alone"])
def test_identities_of_another_provider_of_aws_are_undecided(kind: str, beside: list[Resource]) -> None:
    (verdict,) = evaluate([*beside, native(kind)], {}, ())
    assert verdict.undecided == (
        f"other is a aws-native:{kind}: of AWS's documents, those of the provider aws are judged",
    )
    assert verdict.not_in_documents


@pytest.mark.parametrize("principal", [{"Service": "ec2.amazonaws.com"}, {"AWS": "arn:aws:iam::1:root"}])
def test_a_role_of_another_provider_that_nodes_or_roles_may_have_is_undecided(principal: Document) -> None:
    role = native("iam:Role", assumeRolePolicyDocument=document({**TAKEN, "Principal": principal}))
    assert outcome([role]) == "undecided"
    assert outcome([native("iam:Role", assumeRolePolicyDocument=trust("test"))]) == "undecided"


def test_a_role_of_another_provider_that_pods_cannot_have_raises_nothing() -> None:
    role = native("iam:Role", assumeRolePolicyDocument=document(TAKEN))
    policy = Resource("urn:p", "aws-native:iam:RolePolicy", {"roleName": "x"}, {"roleName": (role.urn,)})
    assert evaluate([role, policy], {}, ()) == []
    assert outcome([*namespaces("test", "prod"), role, policy]) == "isolated"


ADDON = "aws:eks/addon:Addon"


def addon(role: Resource, kind: str = ADDON, /, **inputs: Any) -> Resource:
    bound = [{"roleArn": "arn:aws:iam::1:role/x", "serviceAccount": "controller"}]
    source = {"podIdentityAssociations": (role.urn,)}
    return Resource("urn:addon", kind, {"podIdentityAssociations": bound, **inputs}, source)


@pytest.mark.parametrize("kind", [ADDON, "aws-native:eks:Addon"])
def test_the_role_of_an_add_on_is_judged(kind: str) -> None:
    """It is had by EKS Pod Identity, in the add-on's own namespace."""
    trusted = document({**TAKEN, "Principal": {"Service": "pods.eks.amazonaws.com"}})
    made = role("driver", trusted, description=None)
    others = [*namespaces("test", "prod"), made]
    reads = role_policy("driver", permissions("prod/"))
    assert outcome([*others, addon(made, kind)]) == "isolated"
    (found,) = evaluate([*others, reads, addon(made, kind, namespaceConfig={"namespace": "drivers"})], {}, ())[
        0
    ].breaches
    assert (found.namespace, found.owner) == ("drivers", "prod")
    assert outcome([*others, reads, addon(made, kind)]) == "breach"
    later = Resource("urn:addon", kind, {"podIdentityAssociations": UNKNOWN}, {})
    assert outcome([*others, later]) == "undecided"
    none = Resource("urn:addon", kind, {"addonName": "vpc-cni"}, {})
    assert outcome([*others, none]) == "isolated"
