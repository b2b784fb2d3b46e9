"""Ways to another namespace's secret in Vault beside its role's own policy: each is found."""

from typing import Any

import pytest

from secret_access.proof.strings import literal
from secret_access.proof.vault import documents, logins, methods, mounts, rights, sessions, taking
from secret_access.proof.vault.stack import evaluate

from .test_vault import reading
from .vault_breaches import BREACHES
from .vault_documents import ACCESSOR, kubernetes, policy
from .vault_undecided import UNDECIDED
from .ways import expect_breach, is_found


@pytest.mark.parametrize("way", BREACHES)
def test_another_way_to_a_secret_is_found(way: str) -> None:
    expect_breach(evaluate, BREACHES[way])


def test_a_namespace_that_nobody_declared_does_not_have_anothers_prefix() -> None:
    """By a template a namespace `team-a` would have all of `team-a/`, and with it the shop's."""
    resources = [kubernetes(boundServiceAccountNamespaces=["*"]), policy("more", reading(f"secret/data/{ACCESSOR}/*"))]
    found = evaluate(resources, {"shop": "team-a/shop/"}).breaches
    assert ("team-a", "shop") in {(each.namespace, each.owner) for each in found}


DEFECTS: dict[str, tuple[Any, str, Any, dict[str, Any], str]] = {
    "no roles of Kubernetes auth": (
        logins,
        "KUBERNETES",
        "",
        BREACHES,
        "a role of Kubernetes auth for another's namespace",
    ),
    "patterns of namespaces taken literally": (
        logins,
        "glob",
        literal,
        BREACHES,
        "a role of Kubernetes auth for namespaces that begin alike",
    ),
    "no policy default": (
        documents.Stack,
        "default_of",
        lambda *_: [],
        BREACHES,
        "the policy default of the stack",
    ),
    "no identities": (sessions, "held", lambda *_: [], BREACHES, "a group with an entity of the pods"),
    "no token roles": (methods, "token_roles", lambda *_: [], BREACHES, "a token role"),
    "version 2 alone": (mounts, "_versions", lambda _: frozenset({2}), BREACHES, "version 1 of KV"),
    "mounts by their policies alone": (mounts, "_told", lambda _: [], BREACHES, "a mount that pods are told"),
    "values at data alone": (rights, "_KINDS", (), BREACHES, "versions removed"),
    "no sudo": (taking, "_WITH_SUDO", (), BREACHES, "sudo on tokens"),
    "mounts that are not known hold nothing": (
        mounts,
        "_ANY_MOUNT",
        literal(""),
        UNDECIDED,
        "a mount that no document names",
    ),
    "credentials that no pod holds": (methods, "credential", lambda _: None, UNDECIDED, "an AppRole"),
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_defect_put_back_is_seen(defect: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is found is not with the defect."""
    owner, name, value, table, way = DEFECTS[defect]
    stack_of, expected = table[way][:2]
    resources = stack_of()
    assert is_found(evaluate, resources, expected)
    monkeypatch.setattr(owner, name, value)
    assert not is_found(evaluate, resources, expected)
