"""Google Cloud's bindings widened by hand: the cell turns, and refresh repairs what the component's resource owns."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from local import stacks
from local.google import account
from local.google.cloud import GOOGLE
from local.google.project import NUMBER, PROJECT
from local.isolation import wrong
from tests.e2e.conftest import Environment

PROD = "prod/database-password"
PROJECTS_POLICY = f"/v1/projects/{PROJECT}"
PRODS_SECRET = f"/v1/projects/{PROJECT}/secrets/prod--database-password"
ACCESSOR = "roles/secretmanager.secretAccessor"
PREFIX = "projects/{}/secrets/{}--"


def policy(resource: str) -> dict[str, Any]:
    found: dict[str, Any] = account.call("POST", f"{resource}:getIamPolicy", {"options": {"requestedPolicyVersion": 3}})
    return found


def change(resource: str, bindings: list[dict[str, Any]]) -> None:
    account.call(
        "POST", f"{resource}:setIamPolicy", {"policy": {**policy(resource), "version": 3, "bindings": bindings}}
    )


def binding_of(namespace: str) -> dict[str, Any]:
    """The project's binding with the condition on the namespace's prefix."""
    prefix = PREFIX.format(NUMBER, namespace)
    found: dict[str, Any]
    (found,) = [one for one in policy(PROJECTS_POLICY)["bindings"] if prefix in json.dumps(one.get("condition"))]
    return found


def one_more_member() -> None:
    """Test's principal, in prod's binding."""
    (test,), prod = binding_of("test")["members"], binding_of("prod")
    others = [one for one in policy(PROJECTS_POLICY)["bindings"] if one != prod]
    change(PROJECTS_POLICY, [*others, {**prod, "members": [*prod["members"], test]}])


def one_more_binding() -> None:
    """Test's principal, on prod's secret itself: a policy that no resource of the stack owns."""
    (test,) = binding_of("test")["members"]
    change(PRODS_SECRET, [{"role": ACCESSOR, "members": [test]}])


@pytest.fixture(autouse=True)
def _taken_back(environment: Environment) -> Any:
    """No binding on the secret is left."""
    yield environment
    change(PRODS_SECRET, [])


@pytest.mark.parametrize(("widen", "repaired"), [(one_more_member, True), (one_more_binding, False)])
def test_a_binding_widened_by_hand_turns_its_cell(
    environment: Environment, widen: Callable[[], None], *, repaired: bool
) -> None:
    """So it is the bindings that the fake refuses by; docs/gcp.md says which of them a stack owns."""
    stack = f"--stack={GOOGLE.environment_stacks['prod']}"
    widen()
    (problem,) = wrong(environment.ask_everything(GOOGLE))
    assert f"test asking for {PROD}" in problem
    assert "200 decided by gcp, expected 403" in problem
    if repaired:
        with pytest.raises(stacks.StackError):
            environment.pulumi("preview", stack, "--refresh", "--expect-no-changes")
    environment.pulumi("up", stack, "--refresh", "--yes", "--skip-preview")
    assert (wrong(environment.ask_everything(GOOGLE)) == []) is repaired
