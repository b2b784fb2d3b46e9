"""What no document of AWS's decides: it is said, and is no proof."""

import pytest

from secret_access.proof import emptiness
from secret_access.proof.aws import stack
from secret_access.proof.aws.evaluation import evaluate
from secret_access.proof.preview import UNKNOWN, Resource
from tests.infra.proof.documents import (
    arns,
    breaches,
    is_clean,
    namespaces,
    permissions,
    policy,
    resource,
    role,
    role_policy,
    trust,
)
from tests.infra.proof.outcomes import outcome


@pytest.mark.parametrize(
    ("added", "expected"),
    [
        (resource(stack.ROLE_POLICY, "p", name="p", role="secret-access-test", policy=UNKNOWN), "known only after"),
        (
            resource(stack.ATTACHMENT, "att", role="secret-access-test", policyArn="arn:aws:iam::aws:policy/ReadOnly"),
            "arn:aws:iam::aws:policy/ReadOnly attached, which is not among the documents",
        ),
        (role_policy("other", policy("*")), "a role that is not among the documents"),
        (
            role("ops", {"Statement": {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}}),
            "role secret-access-ops trusts *: who may become that is not among the documents",
        ),
    ],
    ids=["unknown", "attached", "elsewhere", "principals"],
)
def test_what_cannot_be_judged_is_said(added: Resource, expected: str) -> None:
    """It is no proof, and no breach either."""
    verdict = evaluate([*namespaces("test"), added])
    assert not verdict.breaches
    assert expected in " ".join(verdict.undecided)


def test_policies_that_a_list_attaches_are_judged_or_said() -> None:
    """As `policy_arns` of the component does: by RolePolicyAttachmentsExclusive."""
    wide = resource(stack.POLICY, "wide", policy=policy("*"))
    arn = "arn:aws:iam::aws:policy/ReadOnly"
    listed = resource(stack.EXCLUSIVE, "all", {"policyArns": (wide.urn,)}, roleName="secret-access-test")
    own = Resource(listed.urn, listed.type, {**listed.inputs, "policyArns": [UNKNOWN]}, listed.depends_on)
    assert ("test", "prod", "prod/a") in breaches([*namespaces("test", "prod"), wide, own])
    far = Resource(listed.urn, listed.type, {**listed.inputs, "policyArns": [arn]}, {})
    assert f"{arn} attached" in " ".join(evaluate([*namespaces("test"), far]).undecided)
    none = Resource(listed.urn, listed.type, {**listed.inputs, "policyArns": []}, {})
    assert is_clean(evaluate([*namespaces("test"), none]))


def test_policies_from_elsewhere_that_are_attached_to_several_roles_are_said() -> None:
    """PolicyAttachment names roles in a list."""
    several = Resource("urn", stack.SEVERAL, {"roles": ["secret-access-test"], "policyArn": "arn:x"}, {})
    said = "role secret-access-test has arn:x attached, which is not among the documents"
    assert evaluate([*namespaces("test"), several]).undecided == (said,)


def test_an_inline_policy_that_is_not_known_yet_is_said() -> None:
    """It is no mistake of the document's."""
    inline = Resource(
        "urn", stack.ROLE, {**role("test").inputs, "inlinePolicies": [{"name": "late", "policy": UNKNOWN}]}, {}
    )
    assert "inline policy late of secret-access-test is known only after" in " ".join(evaluate([inline]).undecided)


def test_a_trust_that_the_prover_gives_up_on_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """It proves nothing."""
    monkeypatch.setattr(emptiness, "STATES_AT_MOST", 3)
    assert "more than 3 states" in " ".join(evaluate(namespaces("test")).undecided)


def test_a_namespace_without_a_way_to_its_own_secrets_is_said() -> None:
    """A role that trusts nobody, as one with a wrong issuer does."""
    other = {"StringEquals": {"other.example:sub": "system:serviceaccount:test:secret-access"}}
    made = role("test", {"Statement": [{**trust("test")["Statement"][0], "Condition": other}]})
    assert evaluate([made, role_policy("test", permissions("test/"))]).unreadable == ("test",)


def test_attached_policies_that_are_not_counted_yet_are_undecided() -> None:
    made = resource("aws:iam/policy:Policy", "own", name="own", policy=permissions("test/"))
    attached = resource(
        stack.ROLE,
        "test-role",
        {"managedPolicyArns": (made.urn,)},
        name="secret-access-test",
        assumeRolePolicy=trust("test"),
        managedPolicyArns=UNKNOWN,
    )
    assert outcome([attached, made, *namespaces("prod")]) == "undecided"


@pytest.mark.parametrize(("effect", "expected"), [("Allow", "undecided"), ("Deny", "isolated")])
@pytest.mark.parametrize("kind", ["secretPolicy:SecretPolicy", "secret:Secret"])
def test_a_resource_policy_that_allows_is_undecided(kind: str, effect: str, expected: str) -> None:
    document = policy("*", effect=effect, Principal="*")
    found = resource(f"aws:secretsmanager/{kind}", "a", secretArn=arns("prod/a-AbCdEf"), policy=document)
    assert outcome([*namespaces("test", "prod"), found]) == expected
