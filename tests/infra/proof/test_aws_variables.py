"""`${…}` in AWS's policies: a variable with the Version of 2012, and characters like others without it."""

import json

import pytest

from secret_access.proof.aws.conditions import matching
from secret_access.proof.aws.evaluation import evaluate
from secret_access.proof.aws.statements import statements
from secret_access.proof.aws.trust import trusted_subjects
from secret_access.proof.errors import DocumentError
from secret_access.proof.isolation import Verdict

from .documents import (
    ISSUER,
    READ,
    Document,
    arns,
    associated,
    is_clean,
    namespaces,
    policy,
    role_policy,
    trust,
)

OWN = arns("${aws:PrincipalTag/kubernetes-namespace}/*")
ACCOUNTS = arns("${aws:PrincipalTag/kubernetes-service-account}/*")
"""With the ServiceAccount `prod`, the secrets of prod."""
OLD: list[Document] = [{}, {"Version": "2008-10-17"}]


def without_version(document: Document, version: Document) -> Document:
    return {**{key: value for key, value in document.items() if key != "Version"}, **version}


def judged(*documents: Document, account: str = "prod") -> Verdict:
    """What is said of test with these policies, beside prod."""
    trusted = {"Effect": "Allow", "Principal": {"Service": "pods.eks.amazonaws.com"}, "Action": "sts:AssumeRole"}
    made = associated("test", {"Version": "2012-10-17", "Statement": trusted}, documents[0], serviceAccount=account)
    further = [role_policy("test", each, str(number)) for number, each in enumerate(documents[1:])]
    return evaluate([*made, *further, *namespaces("prod")])


def found(verdict: Verdict) -> set[tuple[str, str | None]]:
    return {(each.namespace, each.owner) for each in verdict.breaches}


def test_a_variable_is_the_sessions_own_value() -> None:
    assert is_clean(judged(policy(OWN)))
    assert found(judged(policy(ACCOUNTS))) == {("test", "prod")}


@pytest.mark.parametrize("version", OLD, ids=["no Version", "the Version of 2008"])
def test_without_the_version_of_2012_an_allow_with_a_variable_allows_nothing(version: Document) -> None:
    verdict = judged(without_version(policy(OWN), version))
    assert (verdict.breaches, verdict.unreadable) == ((), ("test",))


@pytest.mark.parametrize("version", OLD, ids=["no Version", "the Version of 2008"])
def test_without_the_version_of_2012_a_deny_with_a_variable_denies_nothing(version: Document) -> None:
    all_but_others = policy(ACCOUNTS, effect="Deny", action="*")
    assert is_clean(judged(policy(OWN, arns("prod/*")), all_but_others))
    old = without_version(all_but_others, version)
    assert found(judged(policy(OWN, arns("prod/*")), old)) == {("test", "prod")}


@pytest.mark.parametrize("version", OLD, ids=["no Version", "the Version of 2008"])
def test_without_the_version_of_2012_all_but_a_variable_is_all(version: Document) -> None:
    anywhere = ACCOUNTS.replace("arn:aws:", "arn:aws*:").replace(":us-east-1:111122223333:", ":*:*:")
    but_own = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": READ, "NotResource": anywhere}}
    assert ("test", "prod") not in found(judged(but_own))
    assert ("test", "prod") in found(judged(without_version(but_own, version)))


@pytest.mark.parametrize(
    ("resource", "isolates"),
    [
        ("prod/${*}", False),
        ("prod/?${*}*", False),
        ("prod/${?}", False),
        ("prod/*-??????", True),
        ("prod/${*", False),
    ],
)
def test_an_escaped_wildcard_in_a_deny_denies_one_character(resource: str, isolates: bool) -> None:
    """No secret's name has a `*` or a `?`."""
    deny = policy(arns(resource), effect="Deny", action="*")
    assert (found(judged(policy(arns("prod/*"), arns("test/*")), deny)) == set()) is isolates


def test_an_escaped_dollar_begins_no_variable() -> None:
    escaped = OWN.replace("${", "${$}{")
    assert judged(policy(escaped)).unreadable == ("test",)
    deny = policy(ACCOUNTS.replace("${", "${$}{"), effect="Deny", action="*")
    assert found(judged(policy(OWN, arns("prod/*")), deny)) == {("test", "prod")}


CONDITIONS: list[tuple[str, str, Document, list[str]]] = [
    ("StringLike", "te${*}", {"Version": "2012-10-17"}, ["te*"]),
    ("StringLike", "te${*}", {}, ["te${}", "te${x}", "te${?}"]),
    ("StringEquals", "te${?}", {"Version": "2012-10-17"}, ["te?"]),
    ("StringEquals", "te${?}", {"Version": "2008-10-17"}, ["te${?}"]),
    ("StringEquals", "${$}x", {"Version": "2012-10-17"}, ["$x"]),
    ("StringEqualsIgnoreCase", "TE${*}", {"Version": "2012-10-17"}, ["te*", "TE*"]),
    ("ArnLike", "arn:aws:iam::1:role/te*", {"Version": "2012-10-17"}, ["arn:aws:iam::1:role/test"]),
]


@pytest.mark.parametrize(("operator", "value", "version", "matched"), CONDITIONS)
def test_a_conditions_value_is_read_as_its_version_has_it(
    operator: str, value: str, version: Document, matched: list[str]
) -> None:
    document = {"Statement": {"Effect": "Allow", "Action": "*", "Condition": {operator: {"k": value}}}, **version}
    (statement,) = statements("p", document)
    values = matching(statement.conditions[0])
    assert values is not None
    asked = ["te*", "TE*", "te?", "test", "te${}", "te${x}", "te${?}", "$x", "${$}x", "arn:aws:iam::1:role/test"]
    assert [each for each in asked if each in values] == matched


@pytest.mark.parametrize("operator", ["StringEquals", "StringLike", "ArnLike", "StringNotEquals"])
def test_a_condition_with_a_variable_that_is_not_known_may_hold(operator: str) -> None:
    document = {"Statement": {"Effect": "Allow", "Action": "*", "Condition": {operator: {"k": "${aws:username}"}}}}
    (statement,) = statements("p", {**document, "Version": "2012-10-17"})
    assert matching(statement.conditions[0]) is None


def test_a_tag_in_a_condition_is_the_sessions() -> None:
    """In an Allow, and in a Deny that takes back what the Allow gives."""
    key, tag = "aws:PrincipalTag/kubernetes-namespace", "${aws:PrincipalTag/kubernetes-service-account}"
    own = policy(arns("prod/*"), arns("test/*"), Condition={"StringEquals": {key: tag}})
    assert judged(own).unreadable == ("test",)
    deny = policy(arns("prod/*"), effect="Deny", action="*", Condition={"StringNotLike": {key: tag}})
    wide = policy(arns("prod/*"), arns("test/*"))
    assert is_clean(judged(wide, deny))
    assert found(judged(wide, deny, account="test")) == {("test", "prod")}


def test_a_subject_with_an_escaped_wildcard_is_one_that_no_token_has() -> None:
    own = trust("test")["Statement"][0]
    escaped = {**own, "Condition": {"StringLike": {f"{ISSUER}:sub": "system:serviceaccount:${*}:secret-access"}}}
    trusted = trusted_subjects(statements("t", {"Version": "2012-10-17", "Statement": escaped}))
    assert "system:serviceaccount:prod:secret-access" not in trusted


def test_a_version_that_iam_does_not_have_is_refused() -> None:
    with pytest.raises(DocumentError, match=r"p has the Version '2012-10-18'; expected one of 2008-10-17, 2012-10-17"):
        statements("p", json.dumps({"Version": "2012-10-18", "Statement": []}))
