"""Who may read what by the conditions and names that we emit, as a CEL library judges the conditions."""

import json

import cel
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from secret_access.gcp import documents
from secret_access.gcp.documents import WorkloadIdentityProvider
from secret_names import dashed, default_prefix
from tests.infra.engine import PROJECT_NUMBER

POOL = WorkloadIdentityProvider("blue", "cluster", PROJECT_NUMBER)
GKE = WorkloadIdentityProvider("my-project.svc.id.goog", "https://container.googleapis.com/v1/x", "")

segments = st.from_regex(r"[a-z0-9]{1,6}(-[a-z0-9]{1,4})?", fullmatch=True)
prefixes = st.lists(segments, min_size=1, max_size=3).map(lambda parts: "/".join(parts) + "/")
names = st.lists(segments, min_size=1, max_size=3).map("/".join)


def holds(condition: str, resource: str) -> bool:
    """Whether a condition holds for a resource, in the judgement of a library that is not ours."""
    return cel.evaluate(condition, {"resource": {"name": resource}}) is True


def reads(prefix: str, secret: str, *, project: str = PROJECT_NUMBER, place: str = "", condition: str = "") -> bool:
    """Whether the identity of a prefix may read a version of a secret."""
    condition = condition or documents.prefix_condition(PROJECT_NUMBER, prefix, ["global"])
    return holds(condition, f"projects/{project}{place}/secrets/{dashed(secret)}/versions/3")


@pytest.mark.parametrize("secret", ["test/database-password", "test/a/b", "test/test-eu", "test/x"])
def test_own_secrets_and_their_versions_are_covered(secret: str) -> None:
    """A version is named below its secret."""
    assert reads("test/", secret)


@pytest.mark.parametrize(
    "secret",
    ["prod/x", "test-eu/x", "testing/x", "test", "tes/x", "a/test/x", "test-/x".replace("-/", "-1/"), "te/st/x"],
)
def test_secrets_of_other_prefixes_are_not(secret: str) -> None:
    """Nor those of a prefix that begins like it."""
    assert not reads("test/", secret)


def test_nested_prefixes_are_inside_the_outer_one_alone() -> None:
    """`team/` covers `team/test/`, as it says; not the other way round."""
    assert reads("team/", "team/test/x")
    assert not reads("team/test/", "team/x")
    assert not reads("team/test/", "team/test-eu/x")


def test_a_condition_by_the_projects_id_would_cover_nothing() -> None:
    """Google writes resource names with the number."""
    assert not reads("test/", "test/x", condition=documents.prefix_condition("my-project", "test/", ["global"]))
    assert not reads("test/", "test/x", project="999")


def test_a_region_is_covered_where_it_is_named_alone() -> None:
    """Regional secrets have names of their own, and each place is a clause."""
    both = documents.prefix_condition(PROJECT_NUMBER, "test/", ["global", "europe-west3"])
    for place, condition, covered in (
        ("", "", True),
        ("/locations/europe-west3", "", False),
        ("/locations/europe-west3", both, True),
        ("/locations/europe-west1", both, False),
        ("", both, True),
        ("", documents.prefix_condition(PROJECT_NUMBER, "test/", ["europe-west3"]), False),
    ):
        assert reads("test/", "test/x", place=place, condition=condition) is covered
        assert not reads("test/", "prod/x", place=place, condition=condition)
    assert both.count("||") == 1


@given(prefixes, prefixes, names)
def test_a_prefix_covers_its_own_names_and_no_other_prefixs(own: str, other: str, name: str) -> None:
    """Of any two prefixes: a name under the other is read just where it is under this one too."""
    assert reads(own, own + name)
    assert reads(own, other + name) is (other + name).startswith(own)


@given(st.from_regex(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", fullmatch=True), names)
def test_no_default_prefix_is_inside_that_of_another_namespace(namespace: str, name: str) -> None:
    """Every namespace that has a default prefix, the longest too, is apart from those that it begins with."""
    assume("--" not in namespace)
    own = default_prefix(namespace)
    assert reads(own, own + name)
    for end in range(1, len(namespace)):
        assume("--" not in namespace[:end])
        if not namespace[:end].endswith("-"):
            assert not reads(default_prefix(namespace[:end]), own + name)


@given(st.integers(2, 13))
def test_each_place_more_is_one_operator_more(count: int) -> None:
    """A condition may have twelve."""
    places = [f"europe-west{number}" for number in range(count)]
    assert documents.prefix_condition(PROJECT_NUMBER, "test/", places).count("||") == count - 1


def test_a_widened_condition_is_seen_by_the_judge() -> None:
    """The negative control: one character less, and another prefix is covered."""
    condition = documents.prefix_condition(PROJECT_NUMBER, "test/", ["global"])
    assert not reads("test/", "test-eu/x", condition=condition)
    assert reads("test/", "test-eu/x", condition=condition.replace("test--", "test-"))


def test_principals_name_one_service_account_of_one_pool() -> None:
    """Of the cluster's own pool by the token's subject, of GKE's by namespace and name."""
    pools = f"principal://iam.googleapis.com/projects/{PROJECT_NUMBER}/locations/global/workloadIdentityPools"
    assert documents.principal(POOL, PROJECT_NUMBER, "test", "shop") == (
        f"{pools}/blue/subject/system:serviceaccount:test:shop"
    )
    assert documents.principal(GKE, PROJECT_NUMBER, "test", "shop") == (
        f"{pools}/my-project.svc.id.goog/subject/ns/test/sa/shop"
    )
    assert documents.impersonator(GKE, PROJECT_NUMBER, "test", "shop") == (
        "serviceAccount:my-project.svc.id.goog[test/shop]"
    )


def test_the_policy_of_a_service_account_has_one_member() -> None:
    """And one role, which is to impersonate it."""
    assert json.loads(documents.account_policy("principal://x")) == {
        "bindings": [{"role": "roles/iam.workloadIdentityUser", "members": ["principal://x"]}]
    }


@pytest.mark.parametrize(
    ("project", "email"),
    [
        ("my-project", "shop-test@my-project.iam.gserviceaccount.com"),
        ("example.com:shop", "shop-test@shop.example.com.iam.gserviceaccount.com"),
    ],
)
def test_a_service_account_is_named_after_its_project(project: str, email: str) -> None:
    """Old projects have a domain before their id, which their service accounts have behind it."""
    assert documents.account_email("shop-test", project) == email
    assert documents.account_name(email) == f"projects/{project}/serviceAccounts/{email}"
