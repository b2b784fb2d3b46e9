"""The evaluator of Azure with a defect put back misses a mistake that it finds without: its tests can fail."""

from typing import Any

import pytest

from secret_access.proof.azure import documents, federation, identities, roles, scopes, stack, vaults
from secret_access.proof.strings import literal
from tests.infra.proof.azure_documents import breaches
from tests.infra.proof.azure_mistakes import WIDENED


def in_one(permissions: Any) -> roles.Granted:
    """Exclusions of each permission, taken from all."""
    excluded = [each for one in permissions for each in one.get("notDataActions", ())]
    return granted([{**one, "notDataActions": excluded} for one in permissions])


granted, scope, secrets_of = roles.granted, scopes.scope, vaults.secrets_of
DEFECTS: dict[str, tuple[Any, str, Any, str]] = {
    "no vaults but those of the stack": (
        scopes.Scope,
        "is_wide",
        False,
        "another resource group, with vaults that nobody declared",
    ),
    "a role on a vault is on none of its secrets": (
        vaults,
        "secrets_of",
        lambda vault, secret=None: literal("" if secret is None else f"{vault.prefix}{secret}"),
        "a role on all of a shared vault",
    ),
    "names are their prefix's in every vault": (
        vaults,
        "secrets_of",
        lambda vault, secret=None: literal(f":{vault.name}/{secret}") if secret else secrets_of(vault),
        "a secret with its own name in another's vault",
    ),
    "case counts": (
        documents,
        "scope",
        lambda text: scope(text) if text.startswith("/subscriptions") else None,
        "a secret of another, in other case",
    ),
    "wildcards taken literally": (
        roles,
        "_matches",
        lambda patterns, operation: operation in (patterns or ()),
        "a wildcard in a role of one's own",
    ),
    "exclusions taken from every permission": (
        roles,
        "granted",
        in_one,
        "what one permission excludes and the next allows",
    ),
    "reads alone": (
        roles,
        "DATA_OPERATIONS",
        dict(list(roles.DATA_OPERATIONS.items())[:1]),
        "a wildcard in a role of one's own",
    ),
    "no control plane": (roles, "OPERATIONS", {}, "a role that may assign roles"),
    "identities passed on to nobody": (stack, "pass_on", lambda _: None, "through two identities"),
    "no access policies": (stack, "add_access_policies", lambda _: None, "an access policy of a shared vault"),
    "access policies that nobody may write": (
        vaults.Vault,
        "is_open_to",
        lambda _, power: power is not roles.Power.ADMIT,
        "a role that writes access policies",
    ),
    "an unknown role allows nothing": (
        roles,
        "unknown",
        lambda _: roles.Role("", {}),
        "a role that nobody knows",
    ),
    "patterns of subjects taken literally": (
        identities,
        "glob",
        literal,
        "a credential whose subject is a pattern",
    ),
    "the cluster's own rights left out": (
        federation,
        "names_identity",
        lambda role, one, _: role.name.endswith(f":{one.name[: -len('-identity')]}") and one.name[:4] != "test",
        "one bound identity for two namespaces",
    ),
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_defect_put_back_is_seen(defect: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mistake is found, and with the defect it is not."""
    owner, name, value, mistake = DEFECTS[defect]
    make, expected, _ = WIDENED[mistake]
    assert expected in breaches(make())
    monkeypatch.setattr(owner, name, value)
    assert expected not in breaches(make())
