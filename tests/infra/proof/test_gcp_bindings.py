"""Bindings of Google Cloud that end in another namespace's secret, and those that are not judged."""

from typing import Any

import pytest

from secret_access.proof.evaluation import evaluate
from secret_access.proof.preview import UNKNOWN, Resource

from .documents import namespaces
from .outcomes import PREFIXES, outcome, sub

POOL = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p"
ACCESSOR = "roles/secretmanager.secretAccessor"
ACCOUNT = "gcp:serviceaccount/account:Account"
ON_PROJECT = "gcp:projects/iAMMember:IAMMember"


def google(called: str, kind: str, depends_on: dict[str, tuple[str, ...]] | None = None, **inputs: Any) -> Resource:
    return Resource(f"urn:pulumi:test::secret-access::{kind}::{called}", kind, inputs, depends_on or {})


def principal(namespace: str) -> str:
    return f"principal:{POOL}/subject/{sub(namespace)}"


def named(namespace: str) -> str:
    return f'resource.name.startsWith("projects/1/secrets/{namespace}--")'


def member(called: str, who: str, expression: str | None = None, role_name: str = ACCESSOR, **more: Any) -> Resource:
    kind = more.pop("kind", ON_PROJECT)
    condition: dict[str, Any] = {} if expression is None else {"condition": {"title": "own", "expression": expression}}
    return google(called, kind, member=who, role=role_name, **condition, **more)


def direct() -> list[Resource]:
    """Two namespaces by principals of a pool."""
    return [member(each, principal(each), named(each)) for each in PREFIXES]


def email(namespace: str) -> str:
    return f"serviceAccount:sa-{namespace}@x.iam.gserviceaccount.com"


def impersonator(of: str, who: str, role_name: str) -> Resource:
    target = f"projects/x/serviceAccounts/sa-{of}@x.iam.gserviceaccount.com"
    kind = "gcp:serviceaccount/iAMMember:IAMMember"
    return member(f"{of}-{role_name}", who, None, role_name, kind=kind, serviceAccountId=target)


def by_accounts() -> list[Resource]:
    """Two namespaces by service accounts."""
    return [
        made
        for each in PREFIXES
        for made in (
            google(f"sa-{each}", ACCOUNT, accountId=f"sa-{each}"),
            impersonator(each, principal(each), "roles/iam.workloadIdentityUser"),
            member(each, email(each), named(each)),
        )
    ]


def test_the_namespaces_of_google_are_isolated_as_they_are() -> None:
    assert [outcome(direct()), outcome(by_accounts())] == ["isolated", "isolated"]


@pytest.mark.parametrize(
    ("kind", "inputs"),
    [
        ("gcp:projects/iAMPolicy:IAMPolicy", {"project": "x"}),
        ("gcp:secretmanager/secretIamPolicy:SecretIamPolicy", {"secretId": "prod--a"}),
        ("gcp:secretmanager/regionalSecretIamPolicy:RegionalSecretIamPolicy", {"secretId": "prod--a"}),
        ("gcp:folder/iAMPolicy:IAMPolicy", {"folder": "1"}),
        ("gcp:organizations/iAMPolicy:IAMPolicy", {"orgId": "1"}),
        ("gcp:folder/iAMMember:IAMMember", {"folder": "1", "member": principal("test"), "role": ACCESSOR}),
        ("gcp:organizations/iAMBinding:IAMBinding", {"members": [principal("test")], "role": ACCESSOR}),
    ],
)
def test_bindings_that_are_not_judged_are_undecided(kind: str, inputs: dict[str, Any]) -> None:
    assert outcome([*direct(), google("more", kind, **inputs)]) == "undecided"


def test_a_harmless_role_on_a_folder_is_none_of_them() -> None:
    viewer = google("more", "gcp:folder/iAMMember:IAMMember", member=principal("test"), role="roles/logging.viewer")
    assert outcome([*direct(), viewer]) == "isolated"


@pytest.mark.parametrize(
    "role_name",
    [
        "roles/admin",
        "roles/writer",
        "roles/iam.securityAdmin",
        "roles/iam.serviceAccountAdmin",
        "roles/iam.serviceAccountKeyAdmin",
        "roles/iam.serviceAccountTokenCreator",
        "roles/iam.workloadIdentityPoolAdmin",
        "roles/iam.workloadIdentityUser",
        "roles/resourcemanager.projectIamAdmin",
    ],
)
@pytest.mark.parametrize("expression", [None, named("test")])
def test_a_role_that_takes_rights_or_accounts_is_a_breach(role_name: str, expression: str | None) -> None:
    assert outcome([*direct(), member("more", principal("test"), expression, role_name)]) == "breach"


def test_a_service_account_that_may_become_another_has_its_rights() -> None:
    assert outcome([*by_accounts(), impersonator("prod", email("test"), "roles/iam.serviceAccountTokenCreator")]) == (
        "breach"
    )


@pytest.mark.parametrize(
    ("named_too", "expected"),
    [(email("test"), "breach"), ("serviceAccount:else@y.iam.gserviceaccount.com", "undecided")],
)
def test_each_member_of_a_binding_counts_beside_one_that_is_computed(named_too: str, expected: str) -> None:
    accounts = by_accounts()
    sources = {"members": tuple(each.urn for each in accounts if each.name == "sa-prod")}
    binding = google(
        "more",
        "gcp:projects/iAMBinding:IAMBinding",
        sources,
        role=ACCESSOR,
        members=[UNKNOWN, named_too],
        condition={"title": "prod", "expression": named("prod")},
    )
    assert outcome([*accounts, binding]) == expected


@pytest.mark.parametrize(
    "expression",
    [
        f"true ? true : true && {named('test')}",
        f'request.time < timestamp("2030-01-01T00:00:00Z") // && {named("test")}',
        f"[true, true && {named('test')} && true].size() == 2",
    ],
)
def test_a_condition_that_is_more_than_it_seems_is_a_breach(expression: str) -> None:
    assert outcome([*direct(), member("more", principal("test"), expression)]) == "breach"


def test_all_service_accounts_of_a_project_are_members_in_doubt() -> None:
    everyone = "principalSet://cloudresourcemanager.googleapis.com/projects/1/type/ServiceAccount"
    assert outcome([*by_accounts(), member("more", everyone)]) == "breach"


def test_a_namespace_whose_spelled_prefix_is_under_anothers_keeps_its_names() -> None:
    pods = {each: member(each, principal(each), named(each)) for each in ("test", "test--eu")}
    found = evaluate([*pods.values()], {}, ())[0].breaches
    assert [(each.namespace, each.owner) for each in found] == [("test", "test--eu")]


def test_a_cloud_of_which_nothing_is_known_is_not_left_out() -> None:
    unknown = google("more", ON_PROJECT, member=UNKNOWN, role=ACCESSOR)
    assert outcome([*namespaces("test", "prod"), unknown]) == "undecided"
