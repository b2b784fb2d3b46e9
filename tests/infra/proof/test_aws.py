"""AWS's documents evaluated: the components' own are isolated, and each mistake is found with its statement."""

from collections.abc import Callable

import pytest

from secret_access.aws.trust import tagged_sessions_trust
from secret_access.proof.aws import stack
from secret_access.proof.aws.evaluation import evaluate
from secret_access.proof.errors import DocumentError
from secret_access.proof.preview import UNKNOWN, Resource
from tests.infra.proof.documents import (
    CLUSTER,
    ISSUER,
    READ,
    Document,
    arns,
    associated,
    breaches,
    is_clean,
    namespaces,
    permissions,
    pod_identity,
    policy,
    resource,
    role,
    role_policy,
    trust,
)

HARD = ("test", "test-eu", "testing", "tes", "t", "prod", "prod-abcdef")
"""Names that break prefixes: one begins with another, one ends as an ARN does."""


def test_the_components_own_documents_are_proven_apart() -> None:
    """Each namespace against each one's names, those that break prefixes among them."""
    verdict = evaluate(namespaces(*HARD))
    assert is_clean(verdict), verdict
    assert verdict.cells == len(HARD) ** 2
    assert dict(verdict.namespaces) == {name: f"{name}/" for name in HARD}


def test_pod_identity_is_judged_by_its_associations() -> None:
    """A role for each namespace; EKS says in the session's tags for whom it asks."""
    made = [each for name in HARD for each in associated(name, pod_identity(name), permissions(f"{name}/"))]
    assert is_clean(evaluate(made))


def shared(document: Document, *names: str) -> list[Resource]:
    """One role for all namespaces, by EKS Pod Identity."""
    trusted = tagged_sessions_trust([CLUSTER], "secret-access")
    made = resource(stack.ROLE, "shared", name="shared", assumeRolePolicy=trusted)
    bound = [
        resource(
            stack.ASSOCIATION, f"{name}-a", {"roleArn": (made.urn,)}, namespace=name, serviceAccount="secret-access"
        )
        for name in names
    ]
    return [made, resource(stack.ROLE_POLICY, "p", name="p", role="shared", policy=document), *bound]


def test_a_shared_role_is_kept_apart_by_session_tags() -> None:
    """`${aws:PrincipalTag/kubernetes-namespace}` is each session's own namespace."""
    assert is_clean(evaluate(shared(policy(arns("${aws:PrincipalTag/kubernetes-namespace}/*")), *HARD)))
    found = breaches(shared(policy(arns("${aws:PrincipalTag/kubernetes-namespace}*")), "test", "test-eu"))
    assert ("test", "test-eu", "test-eu/a") in found
    assert ("test-eu", "test", "test/a") not in found


def test_a_shared_role_is_kept_apart_by_session_policies() -> None:
    """What the association's policy does not allow, the role's does not give."""
    made = shared(policy(arns("*")), "test", "prod")
    limited = [
        Resource(each.urn, each.type, {**each.inputs, "policy": own}, each.depends_on)
        for each in made
        if each.type == stack.ASSOCIATION
        for own in [resource("x", "x", policy=permissions(f"{each.inputs['namespace']}/")).inputs["policy"]]
    ]
    assert is_clean(evaluate([*made[:2], *limited]))
    assert {found[:2] for found in breaches(made)} >= {("test", "prod"), ("prod", "test")}


WIDENED: dict[str, tuple[Callable[[], list[Resource]], tuple[str, str | None, str], str]] = {
    "no closing slash": (
        lambda: [role("test"), role_policy("test", permissions("test")), *namespaces("test-eu")],
        ("test", "test-eu", "test-eu/a"),
        "own-secrets of secret-access-test, statement ReadOwnSecrets",
    ),
    "every secret": (
        lambda: [*namespaces("test", "prod"), role_policy("test", policy("*"), "more")],
        ("test", "prod", "prod/a"),
        "policy more of secret-access-test, statement Added",
    ),
    "an inline policy of the role": (
        lambda: [
            role("test", inlinePolicies=[{"name": "old", "policy": policy(arns("prod/*"))}]),
            role_policy("test", permissions("test/")),
            *namespaces("prod"),
        ],
        ("test", "prod", "prod/a"),
        "inline policy old of secret-access-test",
    ),
    "another action": (
        lambda: [
            *namespaces("test", "prod"),
            role_policy("test", policy(arns("prod/*"), action="secretsmanager:Put*")),
        ],
        ("test", "prod", "prod/a"),
        "(secretsmanager:PutSecretValue)",
    ),
    "all but": (
        lambda: [
            role("test"),
            role_policy("test", {"Statement": {"Effect": "Allow", "Action": READ, "NotResource": arns("staging/*")}}),
            *namespaces("prod"),
        ],
        ("test", "prod", "prod/a"),
        "statement 1",
    ),
    "a name in the middle that no sample has": (
        lambda: [*namespaces("test", "prod"), role_policy("test", policy(arns("p*/payment-??-??????")), "odd")],
        ("test", "prod", "prod/payment-aa"),
        "policy odd of secret-access-test",
    ),
    "any namespace in the trust": (
        lambda: [
            role(
                "test",
                {
                    "Statement": [
                        {
                            **trust("test")["Statement"][0],
                            "Condition": {"StringLike": {f"{ISSUER}:sub": "system:serviceaccount:*:secret-access"}},
                        }
                    ]
                },
            ),
            role_policy("test", permissions("test/")),
            *namespaces("prod"),
        ],
        ("prod", "test", "test/a"),
        "trust of secret-access-test, statement OneServiceAccount",
    ),
    "no subject in the trust": (
        lambda: [
            role(
                "test",
                {
                    "Statement": [
                        {
                            **trust("test")["Statement"][0],
                            "Condition": {"StringEquals": {f"{ISSUER}:aud": "sts.amazonaws.com"}},
                        }
                    ]
                },
            ),
            role_policy("test", permissions("test/")),
            *namespaces("prod"),
        ],
        ("prod", "test", "test/a"),
        "trust of secret-access-test",
    ),
    "one role for two namespaces": (
        lambda: [
            role("test", {"Statement": [*trust("test")["Statement"], *trust("prod")["Statement"]]}),
            role_policy("test", permissions("test/")),
            *namespaces("prod"),
        ],
        ("prod", "test", "test/a"),
        "role",
    ),
    "a pattern for one namespace's name": (
        lambda: [
            role(
                "test",
                {
                    "Statement": [
                        {
                            **trust("test")["Statement"][0],
                            "Condition": {"StringLike": {f"{ISSUER}:sub": "system:serviceaccount:test*:*"}},
                        }
                    ]
                },
            ),
            role_policy("test", permissions("test/")),
            *namespaces("test-eu"),
        ],
        ("test-eu", "test", "test/a"),
        "trust of secret-access-test",
    ),
}


@pytest.mark.parametrize("mistake", WIDENED)
def test_a_widened_document_is_found(mistake: str) -> None:
    """With the two namespaces, a name, and the statement that lets it through."""
    made, expected, statement = WIDENED[mistake]
    found = {(each.namespace, each.owner, each.name): each for each in evaluate(made()).breaches}
    assert expected in found, list(found)
    assert statement in " ".join([found[expected].identity, *found[expected].statements])


def test_what_is_beyond_the_stack_is_found_too() -> None:
    """The other environment's stack has these names, and a stack of one namespace is judged as well."""
    made = [*namespaces("test"), role_policy("test", policy(arns("production/db-??????")), "more")]
    assert breaches(made) == [("test", None, "production/db")]
    assert is_clean(evaluate(made, shared=["production/"]))


def test_a_namespace_that_nobody_declared_is_found() -> None:
    """It stands for every namespace that somebody may make."""
    like = {"StringLike": {f"{ISSUER}:sub": "system:serviceaccount:team-*:secret-access"}}
    trusted = {"Statement": [*trust("test")["Statement"], {**trust("test")["Statement"][0], "Condition": like}]}
    found = breaches([role("test", trusted), role_policy("test", permissions("test/"))])
    assert [each for each in found if each[0].startswith("team-")]


def test_the_token_of_another_service_account_of_the_namespace_is_its_own() -> None:
    """Whoever may make pods in a namespace may make them with any of its ServiceAccounts."""
    like = {"StringLike": {f"{ISSUER}:sub": "system:serviceaccount:test:*"}}
    made = [role("test", {"Statement": [{**trust("test")["Statement"][0], "Condition": like}]})]
    assert is_clean(evaluate([*made, role_policy("test", permissions("test/")), *namespaces("test-eu")]))


def test_what_a_deny_takes_back_is_no_breach() -> None:
    """But only where it certainly applies."""
    wide = [*namespaces("test", "prod"), role_policy("test", policy(arns("*")), "wide")]
    deny = {"Effect": "Deny", "Action": "*", "NotResource": arns("test/*")}
    assert is_clean(evaluate([*wide, role_policy("test", {"Statement": deny}, "deny")]))
    perhaps = {**deny, "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    assert ("test", "prod", "prod/a") in breaches([*wide, role_policy("test", {"Statement": perhaps}, "deny")])


def test_a_boundary_limits_a_role() -> None:
    """Made in the same program: its ARN is not known yet, the resource that it comes from is."""
    bound = resource(stack.POLICY, "bound", policy=policy(arns("test/*"), action="*"))
    limited = role("test")
    limited = Resource(
        limited.urn,
        limited.type,
        {**limited.inputs, "permissionsBoundary": UNKNOWN},
        {"permissionsBoundary": (bound.urn,)},
    )
    rest = [role_policy("test", policy(arns("*"))), *namespaces("prod")]
    assert is_clean(evaluate([bound, limited, *rest]))
    assert breaches([role("test"), *rest])


def test_a_document_that_is_an_object_is_read_as_one_of_text_is() -> None:
    """Pulumi takes both."""
    wide = Resource("urn", stack.ROLE_POLICY, {"role": "secret-access-test", "policy": policy(arns("prod/*"))}, {})
    assert ("test", "prod", "prod/a") in breaches([*namespaces("test", "prod"), wide])
    late = Resource("urn", stack.ROLE_POLICY, {"role": "secret-access-test", "policy": policy(UNKNOWN)}, {})
    assert evaluate([*namespaces("test"), late]).undecided


def test_a_policy_of_the_program_that_is_attached_counts() -> None:
    """By the resource that the ARN comes from."""
    wide = resource(stack.POLICY, "wide", policy=policy("*"))
    attached = resource(
        stack.ATTACHMENT, "att", {"policyArn": (wide.urn,)}, role="secret-access-test", policyArn=UNKNOWN
    )
    assert ("test", "prod", "prod/a") in breaches([*namespaces("test", "prod"), wide, attached])


def test_prefixes_that_cover_each_other_are_found() -> None:
    """`team/` and `team/shop/`: what is declared does not isolate, whatever the documents say."""
    made = [role("a"), role_policy("a", permissions("team/")), role("b"), role_policy("b", permissions("team/shop/"))]
    found = breaches(made, prefixes={"a": "team/", "b": "team/shop/"})
    assert found == [("a", "b", "team/shop/a")]


def test_two_namespaces_of_one_prefix_are_found() -> None:
    """Each reads the other's."""
    made = [role("a"), role_policy("a", permissions("team/")), role("b"), role_policy("b", permissions("team/"))]
    assert {each[:2] for each in breaches(made, prefixes={"a": "team/", "b": "team/"})} == {("a", "b"), ("b", "a")}


def test_the_prefix_is_the_one_that_the_component_declared() -> None:
    """It writes it into the role's description."""
    described = role("shop", description="Secrets team-a/shop/* for pods of the namespace shop")
    verdict = evaluate([described, role_policy("shop", permissions("team-a/shop/"))])
    assert dict(verdict.namespaces) == {"shop": "team-a/shop/"}
    assert is_clean(verdict)


@pytest.mark.parametrize(
    "text",
    [
        "{",
        '{"Version": "2012-10-17"}',
        '{"Statement": [{"Effect": "Permit"}]}',
        '{"Statement": [{"Effect": "Allow", "Condition": {"StringEquals": "aws:SourceAccount"}}]}',
    ],
)
def test_a_document_that_is_none_stops_the_evaluation(text: str) -> None:
    """With the policy's name."""
    bad = resource(stack.ROLE_POLICY, "p", name="bad", role="secret-access-test", policy=text)
    with pytest.raises(DocumentError, match="policy bad of secret-access-test"):
        evaluate([*namespaces("test"), bad])


def test_china_and_other_partitions_are_judged() -> None:
    """Secrets of any partition, account and region."""
    far = policy("arn:aws-cn:secretsmanager:cn-north-1:444455556666:secret:prod/*")
    assert ("test", "prod") in {
        each[:2] for each in breaches([*namespaces("test", "prod"), role_policy("test", far, "far")])
    }
