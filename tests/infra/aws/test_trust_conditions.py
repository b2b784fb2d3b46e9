"""Further conditions of a trust: those that work are kept, those that never match or always would are refused."""

from typing import Any

import pytest

from secret_access import InvalidArgument
from secret_access.aws import trust_conditions as checked
from secret_access.aws.trust_conditions import IRSA, POD_IDENTITY, POD_IDENTITY_WITHOUT_TAGS, TARGET_ROLE, Sender
from tests.infra.engine import ISSUER_HOST
from tests.infra.messages import assert_all_in

OWN = {f"{ISSUER_HOST}:sub", f"{ISSUER_HOST}:aud", "aws:SourceAccount"}


@pytest.mark.parametrize(
    ("sender", "key"),
    [
        (IRSA, "aws:SourceIp"),
        (IRSA, "aws:SourceVpce"),
        (IRSA, "sts:RoleSessionName"),
        (IRSA, f"{ISSUER_HOST}:amr"),
        (POD_IDENTITY, "aws:SourceOrgID"),
        (POD_IDENTITY, "aws:SourceArn"),
        (POD_IDENTITY, "aws:RequestTag/kubernetes-pod-name"),
        (POD_IDENTITY, "aws:PrincipalIsAWSService"),
        (POD_IDENTITY_WITHOUT_TAGS, "aws:SourceOrgPaths"),
        (TARGET_ROLE, "aws:PrincipalOrgID"),
        (TARGET_ROLE, "aws:RequestTag/kubernetes-pod-name"),
    ],
)
@pytest.mark.parametrize("operator", ["StringEquals", "StringLikeIfExists", "ForAnyValue:StringLike"])
def test_what_the_request_has_is_a_condition(sender: Sender, key: str, operator: str) -> None:
    """As it was given."""
    issuers = [ISSUER_HOST] if sender is IRSA else []
    given = {operator: {key: ["a", "b"]}}
    assert checked.trust_conditions(given, sender, OWN, issuers) == given


@pytest.mark.parametrize(
    ("sender", "key", "words"),
    [
        (IRSA, "aws:SourceArn", "without any AWS principal"),
        (IRSA, "aws:sourceaccount", "the component sets this key"),
        (IRSA, "aws:SourceOrgID", "without any AWS principal"),
        (IRSA, "aws:PrincipalOrgID", "without any AWS principal"),
        (IRSA, "aws:PrincipalTag/team", "without any AWS principal"),
        (IRSA, "aws:RequestTag/team", "without any AWS principal"),
        (IRSA, "sts:ExternalId", "without any AWS principal"),
        (IRSA, f"{ISSUER_HOST}:SUB", "the component sets this key"),
        (IRSA, "oidc.example:amr", "never has this key"),
        (IRSA, "aws:ResourceOrgID", "always matches"),
        (POD_IDENTITY, "aws:SourceIp", "as a service"),
        (POD_IDENTITY, "aws:SourceVpce", "as a service"),
        (POD_IDENTITY, "aws:PrincipalOrgID", "aws:SourceOrgID"),
        (POD_IDENTITY, "sts:ExternalId", "as a service"),
        (POD_IDENTITY, f"{ISSUER_HOST}:amr", "as a service"),
        (POD_IDENTITY, "aws:ResourceAccount", "always matches"),
        (POD_IDENTITY_WITHOUT_TAGS, "aws:RequestTag/kubernetes-namespace", "without session tags"),
        (TARGET_ROLE, "aws:SourceOrgID", "aws:PrincipalOrgID"),
        (TARGET_ROLE, "aws:SourceIp", "a network of its own"),
    ],
)
@pytest.mark.parametrize("operator", ["StringEquals", "StringNotEquals", "Null"])
def test_what_never_matches_or_always_does_is_refused(sender: Sender, key: str, words: str, operator: str) -> None:
    """With the reason, and what says the same; whatever the operator, it would decide nothing."""
    issuers = [ISSUER_HOST] if sender is IRSA else []
    with pytest.raises(InvalidArgument) as error:
        checked.trust_conditions({operator: {key: ["x"]}}, sender, OWN, issuers)
    assert_all_in([f"trust_conditions of {operator}", repr(key), words], error)


def test_a_claim_of_one_of_several_issuers_is_refused() -> None:
    """The conditions hold for every provider, and the other's tokens have no such claim."""
    with pytest.raises(InvalidArgument, match="the other providers' tokens never have this claim"):
        checked.trust_conditions(
            {"StringEquals": {f"{ISSUER_HOST}:amr": ["x"]}}, IRSA, OWN, [ISSUER_HOST, "oidc.example"]
        )


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("aws:SourceIp", ["values by condition key, by operator"]),
        ({"StringEqual": {"aws:SourceIp": ["x"]}}, ["given 'StringEqual'", "such as StringEquals"]),
        ({"StringEquals": ["aws:SourceIp"]}, ["of StringEquals", "values by condition key"]),
        ({"StringEquals": {}}, ["of StringEquals", "values by condition key"]),
        ({"StringEquals": {"SourceIp": ["x"]}}, ["given 'SourceIp'", "a condition key such as"]),
        ({"StringEquals": {"aws:SourceIp": "192.0.2.1"}}, ["aws:SourceIp", "write ['192.0.2.1']"]),
        ({"StringEquals": {"aws:SourceIp": []}}, ["aws:SourceIp", "one value at least"]),
    ],
)
def test_another_form_is_refused(given: Any, words: list[str]) -> None:
    """IAM would refuse it, or read it otherwise."""
    with pytest.raises(InvalidArgument) as error:
        checked.trust_conditions(given, IRSA, OWN, [ISSUER_HOST])
    assert_all_in(["trust_conditions", *words], error)
