"""Policies and roles of Vault that end in another namespace's secret beside a plain path."""

import json
from typing import Any

import pytest

from secret_access.proof.preview import UNKNOWN, Resource

from .outcomes import PREFIXES, outcome, sub


def made(called: str, kind: str, **inputs: Any) -> Resource:
    return Resource(f"urn:pulumi:test::secret-access::{kind}::{called}", kind, inputs, {})


def vault(*more: str, **bound: Any) -> list[Resource]:
    """Two namespaces, and policies that test has as well."""
    role_kind, policy_kind = "vault:jwt/authBackendRole:AuthBackendRole", "vault:index/policy:Policy"
    own = {each: json.dumps({"path": {f"secret/data/{each}/*": {"capabilities": ["read"]}}}) for each in PREFIXES}
    added = {f"more-{number}": text for number, text in enumerate(more)}
    policies = {"test": ["test", *added], "prod": ["prod"]}
    return [
        *(
            made(each, role_kind, roleName=each, boundSubject=sub(each), tokenPolicies=policies[each])
            for each in PREFIXES
        ),
        *(made(name, policy_kind, name=name, policy=text) for name, text in {**own, **added}.items()),
        *([made("bound", role_kind, roleName="bound", tokenPolicies=["prod"], **bound)] if bound else []),
    ]


def test_a_claim_that_is_known_later_may_be_anybodys() -> None:
    assert [outcome(vault()), outcome(vault(boundClaims={"sub": UNKNOWN}))] == ["isolated", "breach"]


def test_a_path_of_vaults_may_begin_with_a_slash() -> None:
    assert outcome(vault(json.dumps({"path": {"/secret/*": {"capabilities": ["read"]}}}))) == "breach"


@pytest.mark.parametrize(
    "text",
    [
        '{"path": {"secret/data/prod/*": {"capabilities": ["list"], "policy": "write"}}}',
        '{"path": {"secret/data/prod/*": {"capabilities": ["read"]}}, "path": {}}',
    ],
    ids=["an old policy beside capabilities", "a key twice"],
)
def test_a_policy_of_vault_that_may_be_read_in_two_ways_is_undecided(text: str) -> None:
    assert outcome(vault(text)) == "undecided"


@pytest.mark.parametrize(
    ("path", "capability"),
    [
        ("sys/policies/acl/*", "update"),
        ("sys/policy/prod", "create"),
        ("auth/jwt/role/*", "update"),
        ("auth/+/role/prod", "patch"),
        ("identity/entity/*", "update"),
        ("sys/*", "sudo"),
    ],
)
def test_a_policy_that_may_change_policies_or_roles_is_a_breach(path: str, capability: str) -> None:
    assert outcome(vault(json.dumps({"path": {path: {"capabilities": [capability, "update"]}}}))) == "breach"


def test_a_policy_that_may_read_policies_and_roles_is_none() -> None:
    readable = {path: {"capabilities": ["read", "list"]} for path in ("sys/policies/acl/*", "auth/jwt/role/*")}
    assert outcome(vault(json.dumps({"path": readable}))) == "isolated"


@pytest.mark.parametrize("name", ["db:password", "db password", "schlüssel", "a~b", "{a}"])
def test_a_secrets_name_may_have_any_characters(name: str) -> None:
    """KV takes them, though the sidecar asks for none such."""
    more = {"path": {f"secret/data/prod/{name}": {"capabilities": ["read"]}}}
    assert outcome(vault(json.dumps(more))) == "breach"
