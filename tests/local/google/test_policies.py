"""What the fake's policies take, as Google's do, and that a change that nobody has seen is not lost."""

from __future__ import annotations

from typing import Any

import pytest

from local.google.errors import RefusedError
from local.google.policies import granted, policy, replaced
from tests.local.google.conftest import ACCESSOR, PRINCIPAL, condition

BINDING = {"role": ACCESSOR, "members": [PRINCIPAL]}


def conditional(number: int, member: str = PRINCIPAL) -> dict[str, Any]:
    return {"role": ACCESSOR, "members": [member], "condition": condition(f"n{number}--")}


def test_a_policy_is_written_by_who_has_read_it() -> None:
    """An etag that is not the policy's means that somebody wrote in between."""
    old = [BINDING]
    new = replaced(old, {**policy(old), "bindings": []})
    assert new == []
    with pytest.raises(RefusedError) as error:
        replaced(new, {**policy(old), "bindings": [BINDING]})
    assert (error.value.http, error.value.status) == (409, "ABORTED")


@pytest.mark.parametrize(
    "wrong",
    [
        {**BINDING, "role": "roles/nobody.knows"},
        {**BINDING, "members": ["somebody"]},
        {**BINDING, "condition": {"expression": "true"}},
        {**BINDING, "condition": {"title": "t", "expression": "resource.name.startsWith("}},
        {**BINDING, "condition": {"title": "t" * 101, "expression": "true"}},
        {**BINDING, "condition": {"title": "t", "description": "d" * 257, "expression": "true"}},
        {**BINDING, "condition": {"title": "t", "expression": " || ".join(["true"] * 14)}},
    ],
)
def test_a_binding_that_google_would_refuse_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(RefusedError) as error:
        replaced([], {"version": 3, "bindings": [wrong]})
    assert error.value.http == 400


def test_conditions_need_version_3() -> None:
    """Else a writer that does not know conditions would take them away."""
    with pytest.raises(RefusedError, match="version is 3"):
        replaced([], {"version": 1, "bindings": [conditional(0)]})


@pytest.mark.parametrize(
    ("most", "member"), [(20, lambda _: PRINCIPAL), (100, lambda number: f"serviceAccount:n{number}@x.example")]
)
def test_a_policy_takes_so_many_conditions(most: int, member: Any) -> None:
    """Twenty for a role and member, a hundred in all."""
    bindings = [conditional(number, member(number)) for number in range(most + 1)]
    assert len(replaced([], {"version": 3, "bindings": bindings[:-1]})) == most
    with pytest.raises(RefusedError, match="too many conditional"):
        replaced([], {"version": 3, "bindings": bindings})


@pytest.mark.parametrize("expression", ["resource.nme == 'x'", "resource.name", "1 / 0 == 1", "nobody"])
def test_a_condition_that_fails_does_not_hold(expression: str) -> None:
    """It grants nothing."""
    bindings = [{**BINDING, "condition": {"title": "t", "expression": expression}}]
    resource = {"name": "projects/1/secrets/x"}
    assert not granted("secretmanager.versions.access", bindings, frozenset({PRINCIPAL}), resource)


POOL = PRINCIPAL.removeprefix("principal:").partition("/subject/")[0]
GKE = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/my-project.svc.id.goog"


@pytest.mark.parametrize(
    ("member", "who", "covered"),
    [
        (f"principalSet:{POOL}/*", PRINCIPAL, True),
        (f"principalSet:{POOL}-eu/*", PRINCIPAL, False),
        (f"principalSet:{GKE}/namespace/test", f"principal:{GKE}/subject/ns/test/sa/app", True),
        (f"principalSet:{GKE}/namespace/test", f"principal:{GKE}/subject/ns/prod/sa/app", False),
        ("allUsers", PRINCIPAL, True),
        ("allAuthenticatedUsers", "serviceAccount:x@y.example", True),
        ("serviceAccount:z@y.example", "serviceAccount:x@y.example", False),
    ],
)
def test_a_member_may_be_many(member: str, who: str, covered: bool) -> None:
    """A whole pool, a namespace of GKE's, or everybody: a policy that was widened so is seen to be."""
    bindings = [{"role": ACCESSOR, "members": [member]}]
    assert granted("secretmanager.versions.access", bindings, frozenset({who}), {}) is covered
