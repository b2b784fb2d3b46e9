"""Rights on AWS that end in another namespace's secret beside the right to read it."""

import pytest

from secret_access.proof.aws import stack
from secret_access.proof.errors import DocumentError
from secret_access.proof.evaluation import evaluate

from .documents import arns, namespaces, policy, resource, role_policy
from .outcomes import outcome


@pytest.mark.parametrize(
    "action",
    [
        "iam:*",
        "iam:PutRolePolicy",
        "iam:AttachRolePolicy",
        "iam:UpdateAssumeRolePolicy",
        "iam:CreatePolicyVersion",
        "iam:SetDefaultPolicyVersion",
        "eks:CreatePodIdentityAssociation",
        "eks:UpdatePodIdentityAssociation",
    ],
)
def test_a_role_that_may_change_rights_is_a_breach(action: str) -> None:
    added = role_policy("test", policy("*", action=action), "more")
    found = evaluate([*namespaces("test", "prod"), added], {}, ())[0].breaches
    assert ("test", "prod") in [(each.namespace, each.owner) for each in found]
    assert "statement Added" in found[0].statements[-1]


def test_a_right_to_bring_back_an_old_value_is_a_breach() -> None:
    added = role_policy("test", policy(arns("prod/*"), action="secretsmanager:UpdateSecretVersionStage"), "more")
    assert outcome([*namespaces("test", "prod"), added]) == "breach"


@pytest.mark.parametrize(
    "text",
    [
        '{"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*", "Resource": "arn:x"}]}',
        '{"Statement": [{"Effect": "Allow", "action": "*", "Resource": "*"}]}',
    ],
    ids=["a key twice", "an element that IAM does not have"],
)
def test_a_policy_that_may_be_read_in_two_ways_is_refused(text: str) -> None:
    added = resource(stack.ROLE_POLICY, "more", role="secret-access-test", name="more", policy=text)
    with pytest.raises(DocumentError, match="more"):
        evaluate([*namespaces("test", "prod"), added], {}, ())
