"""AWS's documents as sets, held against an IAM evaluator that is not ours: MiniStack's."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from ministack.core import iam_evaluator as judge

from secret_access.proof.aws.rights import Rights
from secret_access.proof.aws.statements import statements
from secret_access.proof.aws.trust import trusted_subjects
from secret_access.proof.emptiness import member
from secret_access.proof.strings import literal, sequence, some
from tests.infra.proof.documents import ACCOUNT, ISSUER, PROVIDER, READ, Document, arns

NAMES = ("test/a", "test-eu/a", "testing/a", "test", "prod/a", "prod/test/a", "t/db-AbCdEf")
ARNS = [f"{arns(name)}-AbCdEf" for name in (*NAMES, "${aws:PrincipalTag/team}/a", "${x}/a", "$", "*")]
TEAM = {"aws:principaltag/team": "prod"}
SUBJECTS = [
    f"system:serviceaccount:{each}" for each in ("test:s", "test-eu:s", "testing:s", "prod:s", "test:other", "${x}:s")
]

actions = st.sampled_from(
    [
        READ,
        "secretsmanager:*",
        "secretsmanager:getsecret*",
        "*",
        "s3:*",
        "secretsmanager:Put*",
        "secretsmanager:?etSecretValue",
    ]
)
resources = st.sampled_from(
    [
        "*",
        arns("*"),
        arns("test*"),
        arns("test/*"),
        arns("test-??/*"),
        arns("*/a-??????"),
        arns("prod/*"),
        arns("t*a-*"),
        arns("TEST/*"),
        arns("${aws:PrincipalTag/team}/*"),
        arns("${*}/*"),
        arns("${$}-??????"),
        arns("${?}*"),
    ]
)
versions = st.sampled_from([{}, {"Version": "2008-10-17"}])
"""MiniStack has no variables, as IAM has none without the Version of 2012."""


@st.composite
def statement(draw: st.DrawFn) -> Document:
    """Allow or Deny, the actions or all others, the resources or all others."""
    return {
        "Effect": draw(st.sampled_from(["Allow", "Allow", "Deny"])),
        draw(st.sampled_from(["Action", "Action", "NotAction"])): draw(st.lists(actions, min_size=1, max_size=2)),
        draw(st.sampled_from(["Resource", "Resource", "NotResource"])): draw(
            st.lists(resources, min_size=1, max_size=2)
        ),
    }


policies = st.builds(
    lambda each, of: {"Statement": each, **of}, st.lists(statement(), min_size=1, max_size=3), versions
)


def context(action: str, resource: str, **keys: str) -> Any:
    return judge.EvalContext(
        principal_arn=f"arn:aws:sts::{ACCOUNT.account_id}:assumed-role/r/s",
        principal_type="AssumedRole",
        principal_account=ACCOUNT.account_id,
        action=action,
        resource_arn=resource,
        region="us-east-1",
        service_context=keys,
    )


@settings(max_examples=300)
@given(st.lists(policies, min_size=1, max_size=2), st.lists(policies, max_size=2))
def test_ministack_allows_what_is_in_the_set_and_nothing_else(identity: list[Document], limits: list[Document]) -> None:
    """Identity policies, a boundary and a session policy; Deny, NotAction and NotResource among them."""
    rights = Rights(
        tuple(each for document in identity for each in statements("p", document)),
        TEAM,
        tuple(statements("limit", document) for document in limits),
    )
    parsed = [judge.parse_policy_document(document) for document in identity]
    limiting = [[judge.parse_policy_document(document)] for document in limits]

    def allows(arn: str) -> bool:
        return bool(judge.evaluate(context(READ, arn), parsed, *limiting).decision == "Allow")

    allowed = rights.allowed(READ)
    assert [arn in allowed for arn in ARNS] == [allows(arn) for arn in ARNS]
    found = member(allowed & sequence(literal(arns("")), some("abdeginoprstu/-", more=True)))
    if found is not None:
        assert allows(found)


@st.composite
def trust_statement(draw: st.DrawFn) -> Document:
    """A statement of a trust with conditions on the token's subject."""
    operator = draw(
        st.sampled_from(["StringEquals", "StringLike", "StringNotEquals", "StringNotLike", "StringEqualsIgnoreCase"])
    )
    patterns = ["system:serviceaccount:test*:s", "system:serviceaccount:*:s", "system:serviceaccount:${*}:s", "*"]
    subjects = st.sampled_from([*SUBJECTS, *patterns, "SYSTEM:serviceaccount:test:s"])
    issuer = draw(st.sampled_from([ISSUER, ISSUER, "other.example"]))
    return {
        "Effect": draw(st.sampled_from(["Allow", "Allow", "Deny"])),
        "Principal": {"Federated": PROVIDER.arn},
        "Action": draw(st.sampled_from(["sts:AssumeRoleWithWebIdentity", "sts:*", "sts:AssumeRole"])),
        "Condition": {operator: {f"{issuer}:sub": draw(st.lists(subjects, min_size=1, max_size=2))}},
    }


@settings(max_examples=300)
@given(st.lists(trust_statement(), min_size=1, max_size=3), versions)
def test_ministack_trusts_the_subjects_in_the_set_and_no_others(each: list[Document], version: Document) -> None:
    """Pods choose their tokens' audience; of the subject, the API server says the truth."""
    document = {"Statement": each, **version}
    trusted = trusted_subjects(statements("trust", document))

    def trusts(subject: str) -> bool:
        asked = judge.EvalContext(
            principal_arn=PROVIDER.arn,
            principal_type="WebIdentityUser",
            principal_account=ACCOUNT.account_id,
            action="sts:AssumeRoleWithWebIdentity",
            resource_arn=f"arn:aws:iam::{ACCOUNT.account_id}:role/r",
            region="us-east-1",
            service_context={f"{ISSUER}:sub".lower(): subject},
        )
        return bool(judge.evaluate_trust_policy(document, PROVIDER.arn, asked))

    assert [subject in trusted for subject in SUBJECTS] == [trusts(subject) for subject in SUBJECTS]
