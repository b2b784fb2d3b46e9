"""ARNs without their last fields: IAM takes each field that is missing for `*`."""

from typing import Any

import pytest

from secret_access.policy.catalogue import RULES
from secret_access.policy.rule import violations
from secret_access.proof.preview import Resource

from .documents import READ, Document, arns, namespaces, policy, resource, role, role_policy
from .outcomes import outcome
from .test_aws_rights import READER, passing

SHORT = [
    "arn:aws:secretsmanager",
    "arn:aws:secretsmanager:us-east-1",
    "arn:aws:secretsmanager:*",
    "arn:aws:secretsmanager:us-east-1:111122223333",
]


def beside(*documents: Document) -> str:
    """What is said of test with further policies, beside prod."""
    further = [role_policy("test", each, f"more-{number}") for number, each in enumerate(documents)]
    return outcome([*namespaces("test", "prod"), *further])


def all_but(*resources: str, effect: str = "Allow", action: str = READ) -> Document:
    statement: dict[str, Any] = {"Effect": effect, "Action": action, "NotResource": list(resources)}
    return {"Version": "2012-10-17", "Statement": statement}


@pytest.mark.parametrize("arn", SHORT)
def test_a_right_on_a_short_arn_is_one_on_every_secret_in_it(arn: str) -> None:
    assert beside(policy(arn)) == "breach"
    assert beside(policy(arn.replace("secretsmanager", "sqs"))) == "isolated"


def test_a_short_arn_of_another_region_is_none_of_this_regions_secrets() -> None:
    own = policy(arns("prod/*"))
    deny = policy("arn:aws:secretsmanager:eu-west-1", effect="Deny")
    assert [beside(own, deny), beside(policy("arn:aws:secretsmanager:us-east-1:111122223333:key"))] == [
        "breach",
        "isolated",
    ]


@pytest.mark.parametrize("arn", SHORT)
def test_a_deny_of_a_short_arn_denies_every_secret_in_it(arn: str) -> None:
    read_all = role_policy("test", policy(arns("*")), "more")
    nothing = role_policy("test", policy(arn, effect="Deny"), "deny")
    assert outcome([*namespaces("test", "prod"), read_all, nothing]) == "isolated"


@pytest.mark.parametrize("arn", SHORT)
def test_all_but_a_short_arn_leaves_every_secret_in_it_out(arn: str) -> None:
    """A Deny of all but these denies none of them."""
    assert beside(policy(arns("*")), all_but(arn, effect="Deny", action="*")) == "breach"
    assert beside(policy(arns("*")), all_but("arn:aws:sqs", effect="Deny", action="*")) == "isolated"


def test_a_right_on_all_but_a_short_arn_is_none_on_the_secrets_in_it() -> None:
    assert beside(all_but("arn:*:secretsmanager")) == "isolated"
    assert beside(all_but("arn:*:secretsmanager:eu-west-1")) == "breach"


def test_a_wildcard_of_a_short_arn_may_stand_for_the_fields_that_it_lacks() -> None:
    """Whichever way IAM reads it, nothing is taken for isolated."""
    across = "arn:aws:secretsmanager:*secret:prod/*"
    assert beside(policy(across)) == "breach"
    assert beside(policy(arns("prod/*")), policy(across, effect="Deny")) == "breach"


@pytest.mark.parametrize("arn", ["arn:aws:iam::111122223333", "arn:aws:iam:", "arn:aws:iam"])
def test_a_right_to_pass_or_to_assume_a_role_on_a_short_arn_is_one_on_every_role_in_it(arn: str) -> None:
    passed = [each for each in passing("lambda.amazonaws.com", "prod/*") if not each.name.endswith("-more")]
    assert outcome(passed) == "isolated"
    assert outcome([*passed, role_policy("test", policy(READER, action="iam:PassRole"), "more")]) == "breach"
    for given, expected in ((arn, "breach"), ("arn:aws:sqs", "isolated")):
        assert outcome([*passed, role_policy("test", policy(given, action="iam:PassRole"), "more")]) == expected
        assert outcome([*assumed(), role_policy("test", policy(given, action="sts:AssumeRole"), "more")]) == expected


def assumed() -> list[Resource]:
    """A role of the account's, which reads prod's secrets."""
    trusted = {"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "sts:AssumeRole"}
    of_test = {"ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/secret-access-test"}}
    document = {"Version": "2012-10-17", "Statement": {**trusted, "Condition": of_test}}
    made = role("reader", document, description=None)
    return [*namespaces("test", "prod"), made, role_policy("reader", policy(arns("prod/*")))]


def test_a_boundary_on_a_short_arn_lets_every_secret_in_it_through() -> None:
    boundary = resource("aws:iam/policy:Policy", "boundary", policy=policy(SHORT[0], action="secretsmanager:*"))
    made = resource(
        "aws:iam/role:Role",
        "test-role",
        {"permissionsBoundary": (boundary.urn,)},
        **{**namespaces("test")[0].inputs, "permissionsBoundary": "arn:x"},
    )
    stack = [boundary, made, *namespaces("test")[1:], *namespaces("prod")]
    assert outcome([*stack, role_policy("test", policy(arns("prod/*")), "more")]) == "breach"
    assert outcome(stack) == "isolated"


@pytest.mark.parametrize("arn", ["arn:aws:secretsmanager", "arn:aws:secretsmanager:us-east-1:111122223333"])
def test_the_policy_pack_takes_a_short_arn_for_a_wildcard(arn: str) -> None:
    made = role_policy("test", policy(arn))
    assert [each.rule.id for each in violations(RULES, [made]) if each.rule.id == "wildcard-resource"]
    other = role_policy("test", policy(arn.replace("secretsmanager", "sqs"), action="sqs:*"))
    assert not [each for each in violations(RULES, [other]) if each.rule.id == "wildcard-resource"]
