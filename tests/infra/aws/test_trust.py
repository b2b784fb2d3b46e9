"""Who may assume a role, to the letter, and as an IAM evaluator that is not ours reads it."""

from typing import Any

import pytest
from ministack.core import iam_evaluator as judge

from secret_access.aws import trust
from secret_access.aws.documents import Document, target_role_policy
from secret_access.aws.identifiers import Cluster, OidcProvider, Role
from tests.infra.engine import ACCOUNT, CLUSTER_ARN, ISSUER_HOST

BLUE = Cluster("aws", ACCOUNT, "us-east-1", "blue")
GREEN = Cluster("aws", ACCOUNT, "us-east-1", "green")
OTHER_ISSUER = "oidc.eks.us-east-1.amazonaws.com/id/GREEN"
PROVIDERS = [OidcProvider("aws", ACCOUNT, ISSUER_HOST), OidcProvider("aws", ACCOUNT, OTHER_ISSUER)]
ASSOCIATION_ROLE = Role("aws", ACCOUNT, "secret-access-test")
SUBJECT = "system:serviceaccount:test:secret-access"
EXTERNAL_ID = f"us-east-1/{ACCOUNT}/blue/test/secret-access"
TAGS = {
    "eks-cluster-arn": CLUSTER_ARN,
    "eks-cluster-name": "blue",
    "kubernetes-namespace": "test",
    "kubernetes-service-account": "secret-access",
    "kubernetes-pod-name": "app-1",
    "kubernetes-pod-uid": "7b5b1b8e",
}
"""Those of EKS (EKS User Guide, "Grant Pods access to AWS resources based on tags")."""


def trusts(document: Document, principal: str, action: str, tags: dict[str, str], keys: dict[str, Any]) -> bool:
    """Whether MiniStack's evaluator lets a principal assume the role."""
    asked = judge.EvalContext(
        principal_arn=principal,
        principal_type="AWSService",
        principal_account=ACCOUNT,
        action=action,
        resource_arn="*",
        region="us-east-1",
        service_context={name.lower(): value for name, value in keys.items()},
        request_tags=tags,
        tag_keys=list(tags),
    )
    return bool(judge.evaluate_trust_policy(document, principal, asked))


def assumes(document: Document, tags: dict[str, str], **source: str) -> bool:
    """Whether EKS, with these tags, gets both of what it asks for."""
    assert [statement["Principal"] for statement in document["Statement"]] == [{"Service": "pods.eks.amazonaws.com"}]
    service = f"arn:aws:iam::{ACCOUNT}:root"  # as which MiniStack's own services call
    keys = {"aws:SourceAccount": ACCOUNT, "aws:SourceArn": CLUSTER_ARN, **source}
    return all(trusts(document, service, action, tags, keys) for action in ("sts:AssumeRole", "sts:TagSession"))


def chains(document: Document, tags: dict[str, str], role: str = ASSOCIATION_ROLE.arn, **keys: str) -> bool:
    """Whether a role's session, with these tags, gets both of what EKS asks for with it."""
    session = role.replace(":iam:", ":sts:").replace(":role/", ":assumed-role/") + "/eks-blue-app-1"
    asked: list[dict[str, Any]] = [{"sts:ExternalId": None, **keys}, {}]
    actions = ("sts:AssumeRole", "sts:TagSession")
    return all(_as_role(document, session, role, *pair, tags) for pair in zip(actions, asked, strict=True))


def _as_role(
    document: Document, session: str, role: str, action: str, keys: dict[str, Any], tags: dict[str, str]
) -> bool:
    # AWS compares aws:PrincipalArn of a session as its role's ARN; MiniStack has the session's own
    asked = judge.EvalContext(
        principal_arn=role,
        principal_type="AssumedRole",
        principal_account=role.split(":")[4],
        action=action,
        resource_arn="*",
        region="us-east-1",
        service_context={name.lower(): value for name, value in keys.items() if value},
        request_tags=tags,
        tag_keys=list(tags),
    )
    return bool(judge.evaluate_trust_policy(document, session, asked))


def changed(**tags: str) -> dict[str, str]:
    return {**TAGS, **{name.replace("_", "-"): value for name, value in tags.items()}}


STRANGERS = [
    changed(kubernetes_namespace="prod"),
    changed(kubernetes_namespace="test2"),
    changed(kubernetes_service_account="default"),
    changed(eks_cluster_arn=GREEN.arn),
    changed(eks_cluster_arn=CLUSTER_ARN.replace(ACCOUNT, "444455556666")),
    {name: value for name, value in TAGS.items() if name != "kubernetes-namespace"},
    {},
]


@pytest.mark.parametrize("tags", STRANGERS, ids=repr)
def test_a_namespaces_role_trusts_its_own_tags_alone(tags: dict[str, str]) -> None:
    """Another namespace, ServiceAccount, cluster or account, and sessions without tags."""
    document = trust.pod_identity_trust(BLUE, "test", "secret-access")
    assert assumes(document, TAGS)
    assert not assumes(document, tags)


def test_a_namespaces_role_trusts_eks_for_its_own_account_alone() -> None:
    """The account for which EKS asks, and no other principal."""
    document = trust.pod_identity_trust(BLUE, "test", "secret-access")
    assert not assumes(document, TAGS, **{"aws:SourceAccount": "444455556666"})
    anybody = f"arn:aws:iam::{ACCOUNT}:user/ann"
    assert not trusts(document, anybody, "sts:AssumeRole", TAGS, {"aws:SourceAccount": ACCOUNT})


@pytest.mark.parametrize(
    ("tags", "trusted"),
    [
        (TAGS, True),
        (changed(kubernetes_namespace="prod"), True),
        (changed(eks_cluster_arn=GREEN.arn), True),
        (changed(kubernetes_service_account="default"), False),
        (changed(eks_cluster_arn=f"{CLUSTER_ARN}-2"), False),
        ({}, False),
    ],
    ids=repr,
)
def test_a_role_for_tagged_sessions_trusts_one_name_of_service_account(tags: dict[str, str], trusted: bool) -> None:
    """In any namespace of its clusters; sessions without tags get nothing, for the policy goes by them."""
    document = trust.tagged_sessions_trust([BLUE, GREEN], "secret-access")
    assert assumes(document, tags) is trusted


@pytest.mark.parametrize(
    ("source", "trusted"),
    [
        ({}, True),
        ({"aws:SourceArn": GREEN.arn}, True),
        ({"aws:SourceArn": f"{CLUSTER_ARN}-2"}, False),
        ({"aws:SourceAccount": "444455556666"}, False),
    ],
)
def test_a_role_for_restricted_sessions_trusts_its_clusters(source: dict[str, str], trusted: bool) -> None:
    """They have no tags: what a session may do is in its association."""
    assert assumes(trust.restricted_sessions_trust([BLUE, GREEN]), {}, **source) is trusted


@pytest.mark.parametrize("external_id", [None, EXTERNAL_ID])
@pytest.mark.parametrize("tags", STRANGERS, ids=repr)
def test_a_target_role_trusts_one_service_accounts_sessions_of_one_role(
    tags: dict[str, str], external_id: str | None
) -> None:
    """Strangers' tags, another role of the account, and another external id are refused."""
    document = trust.target_role_trust(ASSOCIATION_ROLE, BLUE, "test", "secret-access", external_id)
    told = {"sts:ExternalId": EXTERNAL_ID}
    assert chains(document, TAGS, **told)
    assert not chains(document, tags, **told)
    assert not chains(document, TAGS, f"arn:aws:iam::{ACCOUNT}:role/other", **told)
    assert chains(document, TAGS) is (external_id is None)
    assert chains(document, TAGS, **{"sts:ExternalId": "x"}) is (external_id is None)


def test_the_role_of_an_association_with_a_target_may_become_that_role_alone() -> None:
    """It reads nothing itself."""
    assert target_role_policy(Role("aws", "444455556666", "team/reader"))["Statement"] == [
        {
            "Sid": "BecomeTargetRole",
            "Effect": "Allow",
            "Action": ["sts:AssumeRole", "sts:TagSession"],
            "Resource": "arn:aws:iam::444455556666:role/team/reader",
        }
    ]


@pytest.mark.parametrize(
    ("issuer", "claims", "trusted"),
    [
        (ISSUER_HOST, {}, True),
        (OTHER_ISSUER, {}, True),
        (ISSUER_HOST, {"aud": "vault"}, False),
        (OTHER_ISSUER, {"aud": "vault"}, False),
        (OTHER_ISSUER, {"sub": "system:serviceaccount:prod:secret-access"}, False),
    ],
)
def test_each_of_several_clusters_is_trusted_for_its_own_tokens(
    issuer: str, claims: dict[str, str], trusted: bool
) -> None:
    """With subject and audience of each, and not one's claims for the other's provider."""
    document = trust.irsa_trust(PROVIDERS, SUBJECT)
    provider = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{issuer}"
    said = {"sub": SUBJECT, "aud": "sts.amazonaws.com", **claims}
    action = "sts:AssumeRoleWithWebIdentity"
    keys = {f"{issuer}:{name}": value for name, value in said.items()}
    assert trusts(document, provider, action, {}, keys) is trusted
    other = next(each.arn for each in PROVIDERS if each.issuer != issuer)
    assert not trusts(document, other, action, {}, keys)


ALL = [
    trust.irsa_trust(PROVIDERS, SUBJECT),
    trust.pod_identity_trust(BLUE, "test", "secret-access"),
    trust.tagged_sessions_trust([BLUE], "secret-access"),
    trust.restricted_sessions_trust([BLUE]),
    trust.target_role_trust(ASSOCIATION_ROLE, BLUE, "test", "secret-access", EXTERNAL_ID),
]


@pytest.mark.parametrize("document", ALL, ids=lambda document: document["Statement"][0]["Sid"])
def test_further_conditions_narrow_every_statement(document: Document) -> None:
    """They stand beside the component's own under the same operator, and replace none."""
    further = {"StringEquals": {"aws:SourceOrgID": ["o-a1b2c3d4e5"]}, "Bool": {"aws:SecureTransport": ["true"]}}
    for statement in document["Statement"]:
        merged = trust._merged(statement["Condition"], further)
        assert merged["StringEquals"] == {**statement["Condition"].get("StringEquals", {}), **further["StringEquals"]}
        assert merged["Bool"] == further["Bool"]
    sids = [statement["Sid"] for statement in document["Statement"]]
    assert len(set(sids)) == len(sids)
