"""Google Cloud's documents evaluated: the component's own are isolated, and each mistake is found with its binding."""

from collections.abc import Callable
from typing import Any

import cel
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secret_access.gcp import documents
from secret_access.proof import strings
from secret_access.proof.gcp import accounts, conditions, stack
from secret_access.proof.gcp.conditions import may_hold
from secret_access.proof.gcp.stack import evaluate
from secret_access.proof.preview import UNKNOWN, Resource
from tests.infra.proof.documents import resource

HARD = ("test", "test-eu", "testing", "tes", "prod")
NUMBER = "123456789012"
PROVIDER = documents.WorkloadIdentityProvider("blue", "cluster", NUMBER)
GKE = documents.WorkloadIdentityProvider("shop.svc.id.goog", "https://container.googleapis.com/x", "")
BINDING = stack.ON_THE_PROJECT[0]


def who(namespace: str, provider: documents.WorkloadIdentityProvider = PROVIDER) -> str:
    return documents.principal(provider, NUMBER, namespace, "secret-access")


def prefix(namespace: str) -> str:
    return documents.prefix_condition(NUMBER, f"{namespace}/", ["global", "europe-west1"])


def bound(name: str, *members: str, where: str | None = None, role: str = documents.ACCESSOR) -> Resource:
    """A binding on the project."""
    more: dict[str, Any] = {} if where is None else {"condition": {"title": "t", "expression": where}}
    made = resource(BINDING, name, role=role, members=list(members))
    return Resource(made.urn, made.type, {**made.inputs, **more}, {})


def namespaces(*names: str) -> list[Resource]:
    return [bound(name, who(name), where=prefix(name)) for name in names]


def on_a_secret(name: str, secret: str, member: str) -> Resource:
    return resource(stack.ON_A_SECRET[0], name, role=documents.ACCESSOR, secretId=secret, members=[member])


def impersonated(namespace: str, impersonator: str) -> list[Resource]:
    """A service account of Google's; its email is not known yet."""
    account = resource(accounts.ACCOUNT, f"{namespace}-account", accountId=f"sa-{namespace}")
    policy = resource(
        accounts.IMPERSONATION[2],
        f"{namespace}-impersonation",
        {"serviceAccountId": (account.urn,)},
        serviceAccountId=UNKNOWN,
        policyData=documents.account_policy(impersonator),
    )
    grant = bound(namespace, UNKNOWN, where=prefix(namespace))
    return [account, policy, Resource(grant.urn, grant.type, grant.inputs, {"members": (account.urn,)})]


@pytest.mark.parametrize(
    "made",
    [
        namespaces(*HARD),
        [on_a_secret(name, f"{name}--db", who(name)) for name in HARD],
        [bound(name, who(name, GKE), where=prefix(name)) for name in HARD],
        [each for name in HARD for each in impersonated(name, who(name))],
    ],
    ids=["by prefix", "by secret", "GKE", "by service accounts"],
)
def test_the_components_own_documents_are_proven_apart(made: list[Resource]) -> None:
    """Each namespace against each one's names."""
    verdict = evaluate(made, {})
    assert (verdict.breaches, verdict.undecided, verdict.unreadable) == ((), (), ())
    assert verdict.cells == len(HARD) ** 2


CONDITION = f'resource.name.startsWith("projects/{NUMBER}/secrets/'
WIDENED: dict[str, tuple[Callable[[], list[Resource]], tuple[str, str | None], str]] = {
    "no closing dashes": (
        lambda: [bound("test", who("test"), where=f'{CONDITION}test")'), *namespaces("test-eu")],
        ("test", "test-eu"),
        "binding test of roles/secretmanager.secretAccessor on the project where resource.name.startsWith(",
    ),
    "no condition": (
        lambda: [bound("test", who("test")), *namespaces("prod")],
        ("test", "prod"),
        "without a condition",
    ),
    "a role that has more": (
        lambda: [*namespaces("test", "prod"), bound("more", who("test"), role="roles/owner")],
        ("test", "prod"),
        "binding more of roles/owner",
    ),
    "a secret of another": (
        lambda: [*namespaces("test", "prod"), on_a_secret("more", "prod--db", who("test"))],
        ("test", "prod"),
        "on the secret prod--db",
    ),
    "a second member": (
        lambda: [bound("test", who("test"), who("prod"), where=prefix("test")), *namespaces("prod")],
        ("prod", "test"),
        "binding test of",
    ),
    "every principal of the pool": (
        lambda: [
            *namespaces("test", "prod"),
            bound("all", f"principalSet:{documents.IAM}{documents.pool_name(NUMBER, 'blue')}/*", where=prefix("test")),
        ],
        ("prod", "test"),
        "binding all of",
    ),
    "a service account that another may become": (
        lambda: [*impersonated("test", who("prod")), *namespaces("prod")],
        ("prod", None),
        "service account sa-test, which system:serviceaccount:prod:secret-access is or may become",
    ),
    "or anything else": (
        lambda: [
            bound("test", who("test"), where=f'{prefix("test")} || request.time < timestamp("2030-01-01T00:00:00Z")'),
            *namespaces("prod"),
        ],
        ("test", "prod"),
        "request.time",
    ),
}


@pytest.mark.parametrize("mistake", WIDENED)
def test_a_widened_document_is_found(mistake: str) -> None:
    """With the two namespaces, and the binding that lets a name through."""
    made, expected, statement = WIDENED[mistake]
    found = {(each.namespace, each.owner): each for each in evaluate(made(), {}).breaches}
    assert expected in found, list(found)
    assert statement in " ".join(found[expected].statements)


def test_a_defect_put_back_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """A prefix taken for the whole name: the missing dashes are not found any more."""
    made, expected, _ = WIDENED["no closing dashes"]
    calls = {**conditions._CALLS, "resource.name.startsWith": strings.literal}
    monkeypatch.setattr(conditions, "_CALLS", calls)
    assert expected not in {(each.namespace, each.owner) for each in evaluate(made(), {}).breaches}


NAMES = [f"projects/{NUMBER}/secrets/{name}/versions/1" for name in ("test--a", "test-eu--a", "testing--a", "prod--a")]
atoms = st.sampled_from(
    [
        f'{CONDITION}test--")',
        f'{CONDITION}test")',
        'resource.name.endsWith("--a/versions/1")',
        "resource.name.contains('prod')",
        f'resource.name == "{NAMES[3]}"',
        f'resource.name != "{NAMES[0]}"',
    ]
)
expressions = st.recursive(
    atoms,
    lambda inner: (
        st.builds("({} && {})".format, inner, inner)
        | st.builds("({} || {})".format, inner, inner)
        | st.builds("!({})".format, inner)
    ),
    max_leaves=5,
)


@settings(max_examples=300)
@given(expressions)
def test_cel_holds_for_the_names_in_the_set_and_no_others(expression: str) -> None:
    """Held against an implementation of CEL that is not ours."""
    ours = may_hold(expression)
    assert [name in ours for name in NAMES] == [
        cel.evaluate(expression, {"resource": {"name": name}}) is True for name in NAMES
    ]


@pytest.mark.parametrize(
    "expression",
    ["resource.name.extract('secrets/{x}/') == 'a'", "true", "(", '!(request.time > timestamp("2020"))', "a ~ b", ""],
)
def test_what_is_not_understood_may_hold(expression: str) -> None:
    """Never fewer names than Google's."""
    assert all(name in may_hold(expression) for name in NAMES)


def test_what_cannot_be_judged_is_said() -> None:
    """It is no proof, and no breach either."""
    elsewhere = bound("other", "serviceAccount:ci@shop.iam.gserviceaccount.com")
    late = bound("late", who("test"), where=UNKNOWN)
    unknown = bound("unknown", UNKNOWN, where=prefix("test"))
    verdict = evaluate([*namespaces("test"), elsewhere, late, unknown], {})
    assert not verdict.breaches
    assert "a member of binding unknown" in " ".join(verdict.undecided)
    assert "who may become it is not among the documents" in " ".join(verdict.undecided)
    assert "the condition of binding late" in " ".join(verdict.undecided)
