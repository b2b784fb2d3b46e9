"""Rights on AWS that end in another namespace's secret beside the right to read it."""

from typing import Any

import pytest

from secret_access.proof.aws import stack
from secret_access.proof.errors import DocumentError
from secret_access.proof.evaluation import evaluate
from secret_access.proof.preview import Resource

from .documents import arns, namespaces, policy, resource, role, role_policy
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
        "iam:DetachRolePolicy",
        "iam:DeleteRolePermissionsBoundary",
        "iam:CreateAccessKey",
        "iam:AttachUserPolicy",
        "eks:CreateAccessEntry",
        "eks:AssociateAccessPolicy",
        "eks:CreatePodIdentityAssociation",
        "eks:UpdatePodIdentityAssociation",
    ],
)
def test_a_role_that_may_change_rights_is_a_breach(action: str) -> None:
    added = role_policy("test", policy("*", action=action), "more")
    found = evaluate([*namespaces("test", "prod"), added], {}, ())[0].breaches
    assert ("test", "prod") in [(each.namespace, each.owner) for each in found]
    assert "statement Added" in found[0].statements[-1]


@pytest.mark.parametrize(
    "action",
    [
        "UpdateSecret",
        "UpdateSecretVersionStage",
        "CreateSecret",
        "RotateSecret",
        "PutResourcePolicy",
        "DeleteResourcePolicy",
        "ReplicateSecretToRegions",
        "RemoveRegionsFromReplication",
        "StopReplicationToReplica",
    ],
)
def test_a_right_to_replace_a_value_or_to_hand_on_rights_is_a_breach(action: str) -> None:
    added = role_policy("test", policy(arns("prod/*"), action=f"secretsmanager:{action}"), "more")
    assert outcome([*namespaces("test", "prod"), added]) == "breach"


@pytest.mark.parametrize(
    "action",
    [
        "secretsmanager:BatchGetSecretValue",
        "secretsmanager:DescribeSecret",
        "secretsmanager:ListSecrets",
        "ssm:GetParameter",
        "lambda:InvokeFunction",
        "iam:GetRole",
        "eks:DescribeCluster",
    ],
)
def test_a_right_that_gives_no_value_by_itself_raises_nothing(action: str) -> None:
    added = role_policy("test", policy("*", action=action), "more")
    assert outcome([*namespaces("test", "prod"), added]) == "isolated"


@pytest.mark.parametrize(
    "action",
    [
        "lambda:*",
        "lambda:UpdateFunctionCode",
        "codebuild:StartBuild",
        "cloudformation:UpdateStack",
        "ecs:ExecuteCommand",
        "ssm:SendCommand",
        "ssm:StartSession",
    ],
)
def test_a_right_to_run_commands_with_a_role_of_something_else_is_undecided(action: str) -> None:
    added = role_policy("test", policy("*", action=action), "more")
    (said,) = evaluate([*namespaces("test", "prod"), added], {}, ())[0].undecided
    assert said.startswith("policy more of secret-access-test, statement Added allows ")
    assert "with which role that runs a pod's own commands is in no document" in said


READER = "arn:aws:iam::111122223333:role/secret-access-builds"


def passing(service: str, reads: str, **conditions: dict[str, str]) -> list[Resource]:
    """Pods of test may give a role that a service takes, and that may read these secrets."""
    taken = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    given: dict[str, Any] = {"Condition": conditions} if conditions else {}
    return [
        *namespaces("test", "prod"),
        role("builds", {"Version": "2012-10-17", "Statement": taken}, description=None),
        role_policy("builds", policy(arns(reads))),
        role_policy("test", policy(READER, action="iam:PassRole", **given), "more"),
    ]


@pytest.mark.parametrize("service", ["codebuild", "lambda", "ecs-tasks", "cloudformation"])
def test_a_role_that_may_be_passed_and_reads_anothers_secrets_is_a_breach(service: str) -> None:
    (found,) = evaluate(passing(f"{service}.amazonaws.com", "prod/*"), {}, ())[0].breaches
    assert (found.namespace, found.owner) == ("test", "prod")
    assert found.statements[1:3] == (
        "policy more of secret-access-test, statement Added (iam:PassRole)",
        "trust of secret-access-builds, statement 1",
    )


def test_a_role_that_may_be_passed_and_reads_its_own_secrets_raises_nothing() -> None:
    assert outcome(passing("lambda.amazonaws.com", "test/*")) == "isolated"


def test_a_role_that_may_be_passed_to_another_service_alone_raises_nothing() -> None:
    condition = {"iam:PassedToService": "ec2.amazonaws.com"}
    assert outcome(passing("lambda.amazonaws.com", "prod/*", StringEquals=condition)) == "isolated"
    assert outcome(passing("ec2.amazonaws.com", "prod/*", StringEquals=condition)) == "breach"


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
