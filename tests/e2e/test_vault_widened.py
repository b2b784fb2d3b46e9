"""Vault's rights widened by hand, in a real OpenBao: the cell turns, refresh alone finds it, and up repairs it."""

from collections.abc import Callable
from http import HTTPStatus

import pytest

from local import stacks
from local.isolation import Cell, wrong
from local.progress import wait_for
from local.vault import account
from local.vault.cloud import VAULT
from tests.e2e.conftest import Environment

PROD = "prod/database-password"
ROLE = "secret-access-local-test"


def the_policys_text() -> None:
    """Every secret, by the role's own policy: it acts on tokens that are there already."""
    document = account.call("GET", f"sys/policies/acl/{ROLE}")["data"]["policy"]
    widened = document.replace("secret/data/test/*", "secret/data/*")
    assert widened != document
    account.call("PUT", f"sys/policies/acl/{ROLE}", {"policy": widened})


def the_roles_policies() -> None:
    """One more policy: prod's own."""
    role = account.call("GET", f"auth/jwt/role/{ROLE}")["data"]
    policies = [ROLE, ROLE.replace("test", "prod")]
    account.call("POST", f"auth/jwt/role/{ROLE}", {**role, "token_policies": policies})
    log_in_again()


def log_in_again() -> None:
    """End every token of Vault's. Without `sync` Vault ends them some time later."""
    account.call("PUT", "sys/leases/revoke-prefix/auth/jwt/login", {"sync": True})


def asked_by_new_tokens(environment: Environment) -> list[Cell]:
    """The matrix once every sidecar has logged in: one whose login is five seconds old at most does not try again."""

    def asked() -> list[Cell] | None:
        cells = environment.ask_everything(VAULT)
        return cells if all(cell.status == HTTPStatus.OK for cell in cells if cell.question.expected == 200) else None

    return wait_for("all to read their own secrets again", asked)


@pytest.mark.parametrize("widen", [the_policys_text, the_roles_policies])
def test_a_right_widened_by_hand_turns_its_cell_and_is_repaired(
    environment: Environment, widen: Callable[[], None]
) -> None:
    """So it is the component's documents that OpenBao refuses by."""
    stack = f"--stack={VAULT.environment_stacks['test']}"
    widen()
    (problem,) = wrong(asked_by_new_tokens(environment))
    assert f"test asking for {PROD}" in problem
    assert "200 decided by vault, expected 403" in problem
    environment.pulumi("preview", stack, "--expect-no-changes")
    with pytest.raises(stacks.StackError):
        environment.pulumi("preview", stack, "--refresh", "--expect-no-changes")
    environment.pulumi("up", stack, "--refresh", "--yes", "--skip-preview")
    log_in_again()
    assert wrong(asked_by_new_tokens(environment)) == []
    environment.pulumi("preview", stack, "--refresh", "--expect-no-changes")
