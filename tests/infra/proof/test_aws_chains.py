"""Target roles in other accounts: judged by who can assume them, with which role and which tags."""

from collections.abc import Callable
from typing import Any

import pytest

from secret_access.aws.documents import secrets_policy, target_role_policy
from secret_access.aws.identifiers import Account, Role
from secret_access.aws.trust import target_role_trust
from secret_access.proof.aws import chains, conditions, sessions, stack
from secret_access.proof.aws.evaluation import evaluate
from secret_access.proof.isolation import Breach
from secret_access.proof.preview import Resource
from secret_access.proof.strings import literal
from tests.infra.proof.documents import (
    CLUSTER,
    Document,
    associated,
    namespaces,
    pod_identity,
    policy,
    resource,
    role,
    role_policy,
)

SECRETS = Account("aws", "444455556666")
HARD = ("test", "test-eu", "testing", "prod")


def association_role(namespace: str) -> Role:
    return Role("aws", CLUSTER.account_id, f"secret-access-{namespace}")


def target(namespace: str, trust: Document | None = None, **inputs: Any) -> list[Resource]:
    """What AwsTargetRole makes: its role has the name of the association's by default, in another account."""
    own = trust or target_role_trust(association_role(namespace), CLUSTER, namespace, "secret-access", "an-id")
    name = f"secret-access-{namespace}"
    described = f"Secrets {namespace}/* for pods of the namespace {namespace} of blue in 111122223333"
    made = resource(stack.ROLE, f"{namespace}-target", name=name, assumeRolePolicy=own, description=described, **inputs)
    document = secrets_policy(SECRETS, "us-east-1", f"{namespace}/")
    given = resource(
        stack.ROLE_POLICY, f"{namespace}-target-own", {"role": (made.urn,)}, name="own", role=name, policy=document
    )
    return [made, given]


def with_target(namespace: str, trust: Document | None = None, **inputs: Any) -> list[Resource]:
    """A namespace whose secrets are in another account: the association's role may become the target role alone."""
    may_become = target_role_policy(Role("aws", SECRETS.account_id, f"secret-access-{namespace}"))
    arn = f"arn:aws:iam::{SECRETS.account_id}:role/secret-access-{namespace}"
    made = associated(namespace, pod_identity(namespace), may_become, targetRoleArn=arn, **inputs)
    return [*made, *target(namespace, trust)]


def breaches(of: list[Resource]) -> dict[tuple[str, str | None], Breach]:
    return {(each.namespace, each.owner): each for each in evaluate(of).breaches}


def test_the_components_own_target_roles_are_proven_apart() -> None:
    """Nothing is undecided: each target role trusts a role of the stack, in sessions of one namespace."""
    verdict = evaluate([each for name in HARD for each in with_target(name)])
    assert (verdict.breaches, verdict.undecided, verdict.unreadable) == ((), (), ())
    assert verdict.cells == len(HARD) ** 2


def trusting(principal: str, **condition: Any) -> Document:
    statement = {"Sid": "Wrong", "Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"}
    return {"Statement": {**statement, **({"Condition": condition} if condition else {})}}


def may_assume(namespace: str, *resources: str) -> Resource:
    return role_policy(namespace, policy(*resources, action="sts:AssumeRole"), "more")


PROD = "arn:aws:iam::111122223333:role/secret-access-prod"
TARGET = "arn:aws:iam::444455556666:role/secret-access-test"
ROOT = "arn:aws:iam::111122223333:root"
WIDENED: dict[str, tuple[Callable[[], list[Resource]], str]] = {
    "the role of another namespace": (
        lambda: [*with_target("test", trusting(PROD)), *with_target("prod")],
        "trust of secret-access-test, statement Wrong",
    ),
    "an account, and a right of the other's role": (
        lambda: [*with_target("test", trusting(ROOT)), *with_target("prod"), may_assume("prod", TARGET)],
        "policy more of secret-access-prod, statement Added (sts:AssumeRole); trust of secret-access-test",
    ),
    "an account, narrowed to the other's role": (
        lambda: [
            *with_target("test", trusting(ROOT, ArnLike={"aws:PrincipalArn": "arn:aws:iam::*:role/*-prod"})),
            *with_target("prod"),
            may_assume("prod", "*"),
        ],
        "trust of secret-access-test, statement Wrong",
    ),
    "the session of another role": (
        lambda: [
            *with_target("test", trusting("arn:aws:sts::111122223333:assumed-role/secret-access-prod/a")),
            *with_target("prod"),
        ],
        "trust of secret-access-test, statement Wrong",
    ),
    "no condition on tags, with sessions that have none": (
        lambda: [
            *with_target("test", trusting(PROD, StringEquals={"aws:RequestTag/kubernetes-namespace": "test"})),
            *with_target("prod", disableSessionTags=True),
        ],
        "trust of secret-access-test, statement Wrong",
    ),
    "the tokens of another namespace, by a role between": (
        lambda: [
            *with_target("test", trusting("arn:aws:iam::444455556666:role/between")),
            *namespaces("prod"),
            role("between", trusting(PROD), name="between", description=None),
            may_assume("prod", "arn:aws:iam::444455556666:role/between"),
        ],
        "trust of between, statement Wrong; trust of secret-access-test, statement Wrong",
    ),
}


@pytest.mark.parametrize("mistake", WIDENED)
def test_a_target_role_that_another_namespace_can_assume_is_found(mistake: str) -> None:
    """With every role on the way."""
    made, expected = WIDENED[mistake]
    found = breaches(made())
    assert ("prod", "test") in found, list(found)
    assert found["prod", "test"].statements[0].startswith("trust of secret-access-prod, statement")
    assert expected in "; ".join(found["prod", "test"].statements)


APART: dict[str, list[Resource]] = {
    "tags that say another namespace": [
        *with_target("test", trusting(PROD, StringEquals={"aws:RequestTag/kubernetes-namespace": "test"})),
        *with_target("prod"),
    ],
    "an account, without a right of the other's role": [
        *with_target("test", trusting(ROOT, ArnEquals={"aws:PrincipalArn": association_role("test").arn})),
        *with_target("prod"),
    ],
    "an account, narrowed to another role": [
        *with_target("test", trusting(ROOT, ArnEquals={"aws:PrincipalArn": association_role("test").arn})),
        *with_target("prod"),
        may_assume("prod", TARGET),
    ],
}


@pytest.mark.parametrize("case", APART)
def test_a_target_role_that_no_other_namespace_can_assume_is_none(case: str) -> None:
    """Trust and rights have to allow, for the role and its tags."""
    verdict = evaluate(APART[case])
    assert (verdict.breaches, verdict.undecided) == ((), ())


def test_a_target_role_of_another_stacks_roles_is_not_judged() -> None:
    """Who may become these is not among the documents: it is said, and no proof."""
    verdict = evaluate([*namespaces("prod"), *target("test")])
    assert not verdict.breaches
    (said,) = verdict.undecided
    assert said.startswith(f"role secret-access-test trusts {association_role('test').arn}: who may become that is not")


class NoAccount:
    """Takes no principal for an account."""

    def fullmatch(self, _: str) -> None:
        return None


step = chains._step
DEFECTS: dict[str, tuple[Any, str, Any, str]] = {
    "no chains": (sessions, "chained", lambda *_: iter(()), "the role of another namespace"),
    "one step alone": (
        chains,
        "_step",
        lambda session, one: None if len(session.lets_in) > 1 else step(session, one),
        "the tokens of another namespace, by a role between",
    ),
    "an account trusted is nobody trusted": (
        chains,
        "_ACCOUNT",
        NoAccount(),
        "an account, and a right of the other's role",
    ),
    "patterns of ARNs taken literally": (
        conditions,
        "_COMPARED",
        {**conditions._COMPARED, "ArnLike": literal},
        "an account, narrowed to the other's role",
    ),
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_defect_put_back_is_seen(defect: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mistake is found, and with the defect it is not."""
    owner, name, value, mistake = DEFECTS[defect]
    made, _ = WIDENED[mistake]
    assert ("prod", "test") in breaches(made())
    monkeypatch.setattr(owner, name, value)
    assert ("prod", "test") not in breaches(made())
