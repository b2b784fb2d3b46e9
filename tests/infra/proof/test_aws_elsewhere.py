"""Roles that are not among the documents: which namespaces may become them is all that the documents say."""

from dataclasses import replace
from typing import Any

import pytest

from secret_access.proof.aws import stack
from secret_access.proof.aws.evaluation import evaluate
from secret_access.proof.isolation import Verdict
from secret_access.proof.preview import UNKNOWN, Resource

from .documents import CLUSTER, associated, namespaces, permissions, pod_identity, policy, role, role_policy
from .outcomes import outcome

ELSEWHERE = "arn:aws:iam::444455556666:role/secret-access-test"
"""Its name is that of a role of the stack, as AwsTargetRole's is by default."""

CLUSTER_ROLES = f"arn:aws:iam::{CLUSTER.account_id}:role/"


def with_target(name: str, arn: str = ELSEWHERE, *, assumes: str | None = None, **inputs: Any) -> list[Resource]:
    """A namespace whose association has a target role that another stack makes."""
    may_become = policy(assumes or arn, action="sts:AssumeRole")
    return associated(name, pod_identity(name), may_become, targetRoleArn=arn, clusterName=CLUSTER.name, **inputs)


def said(verdict: Verdict) -> str:
    return "\n".join(verdict.undecided)


def test_a_target_role_of_another_stack_for_one_namespace_is_said_beside_the_verdict() -> None:
    """Whether it reads its secrets is in no document, so nothing is said of that."""
    verdict = evaluate([*with_target("test"), *namespaces("prod")])
    assert (verdict.breaches, verdict.undecided, verdict.unreadable) == ((), (), ())
    assert f"the trust and the rights of {ELSEWHERE}, which EKS assumes for test" in verdict.not_in_documents


def test_a_target_role_of_another_stack_for_two_namespaces_is_undecided() -> None:
    verdict = evaluate([*with_target("test"), *with_target("prod")])
    assert f"pods of prod, test may assume {ELSEWHERE}, which is not among the documents" in said(verdict)


def test_a_target_role_is_asked_for_without_a_right_too() -> None:
    """In one account its trust may be enough."""
    both = [
        *with_target("test", assumes="arn:aws:iam::1:role/x"),
        *with_target("prod", assumes="arn:aws:iam::1:role/x"),
    ]
    assert f"pods of prod, test may assume {ELSEWHERE}" in said(evaluate(both))


def test_a_target_role_that_another_namespace_may_assume_too_is_undecided() -> None:
    other = role_policy("prod", policy(ELSEWHERE, action="sts:AssumeRole"), "more")
    assert f"pods of prod, test may assume {ELSEWHERE}" in said(
        evaluate([*with_target("test"), *namespaces("prod"), other])
    )


def test_a_target_role_that_is_known_later_is_undecided() -> None:
    made = associated("test", pod_identity("test"), permissions("test/"), targetRoleArn=UNKNOWN)
    assert "the target role of association test-association is known only after `pulumi up`" in said(evaluate(made))


RIGHTS = {
    "a role of another stack": (ELSEWHERE, f"pods of test may assume {ELSEWHERE}, which is not among the documents"),
    "any role": ("*", "allows sts:AssumeRole on more than single roles"),
    "roles of a pattern": ("arn:aws:iam::444455556666:role/secret-access-*", "on more than single roles, such as arn:"),
}


@pytest.mark.parametrize("action", ["sts:AssumeRole", "iam:PassRole"])
@pytest.mark.parametrize("case", RIGHTS)
def test_a_right_to_a_role_that_is_not_among_the_documents_is_undecided(case: str, action: str) -> None:
    where, expected = RIGHTS[case]
    where = where.replace("secret-access-test", "elsewhere")
    added = role_policy("test", policy(where, action=action), "more")
    verdict = evaluate([*namespaces("test", "prod"), added])
    expected = expected.replace("secret-access-test", "elsewhere").replace("sts:AssumeRole", action)
    assert expected.replace("may assume", "may pass" if "Pass" in action else "may assume") in said(verdict)
    assert verdict.breaches == ()


def test_roles_by_a_tag_are_those_of_the_tag() -> None:
    """A role for each namespace, by the name of the session's tag."""
    by_tag = "arn:aws:iam::444455556666:role/of-${aws:PrincipalTag/kubernetes-namespace}"
    made = with_target("test", ELSEWHERE.replace("secret-access-", "of-"), assumes=by_tag)
    verdict = evaluate([*made, *namespaces("prod")])
    assert verdict.undecided == ()


def test_two_roles_of_one_name_are_told_apart_by_their_provider() -> None:
    """They are in two accounts; a policy of neither's provider may be either's."""
    others = role("other", name="secret-access-test", description=None)
    elsewhere = replace(others, provider="urn:pulumi:test::secret-access::pulumi:providers:aws::far::1")
    wide = Resource("urn:p", stack.ROLE_POLICY, {"role": "secret-access-test", "policy": policy("*"), "name": "p"}, {})
    made = [elsewhere, *namespaces("test", "prod")]
    assert outcome(made) == "isolated"
    assert ("test", "prod") in {(each.namespace, each.owner) for each in evaluate([*made, wide]).breaches}
    unclear = replace(wide, provider="urn:pulumi:test::secret-access::pulumi:providers:aws::third::1")
    assert "in which account is in no document" in said(evaluate([*made, unclear]))


def test_a_role_of_the_documents_is_one_role_however_many_accounts_have_its_name() -> None:
    """Which of the two it is is in no document: neither is taken for it."""
    other = ELSEWHERE.replace("444455556666", "777788889999")
    principal = {"AWS": f"{CLUSTER_ROLES}secret-access-test"}
    by_test = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal}
    target = role(
        "target", {"Version": "2012-10-17", "Statement": by_test}, name="secret-access-test", description=None
    )
    one = evaluate([*with_target("test"), target, *namespaces("prod")])
    assert [each for each in one.not_in_documents if ELSEWHERE in each] == []
    both = evaluate([*with_target("test"), *with_target("prod", other), target])
    assert sum(arn in each for each in both.not_in_documents for arn in (ELSEWHERE, other)) == 2
