"""The policy and the role, to the letter."""

import json

from secret_access import Access
from secret_access.vault import documents


def test_reading_is_one_capability_on_one_path() -> None:
    """Neither metadata nor a list of names, which neither reading nor readiness needs."""
    assert documents.secrets_policy("team/kv", "team/test/") == {
        "path": {"team/kv/data/team/test/*": {"capabilities": ["read"]}}
    }


def test_events_may_read_the_metadata_of_the_same_secrets() -> None:
    """The number of the current version is there."""
    assert documents.secrets_policy("secret", "test/", events=True)["path"] == {
        "secret/data/test/*": {"capabilities": ["read"]},
        "secret/metadata/test/*": {"capabilities": ["read"]},
    }


def test_writing_adds_three_capabilities_on_the_same_path() -> None:
    """Deleting is of the latest version, which can be undeleted: nothing is destroyed."""
    assert documents.secrets_policy("secret", "test/", Access.READ_WRITE) == {
        "path": {"secret/data/test/*": {"capabilities": ["create", "read", "update", "delete"]}}
    }


def test_exact_names_are_read_one_by_one() -> None:
    """They are not written; events see them too."""
    document = documents.secrets_policy(
        "secret", "test/", Access.READ_WRITE, events=True, exact_names=["Legacy/DB", "other"]
    )
    assert {path: rule["capabilities"] for path, rule in document["path"].items()} == {
        "secret/data/test/*": ["create", "read", "update", "delete"],
        "secret/data/Legacy/DB": ["read"],
        "secret/data/other": ["read"],
        "secret/metadata/test/*": ["read"],
        "secret/metadata/Legacy/DB": ["read"],
        "secret/metadata/other": ["read"],
    }


def test_a_role_is_one_service_accounts_with_one_policy() -> None:
    """The policy `default`, which others may change, is not the role's."""
    assert documents.role("system:serviceaccount:test:app", "vault", "secret-access-test", 600) == {
        "role_type": "jwt",
        "user_claim": "sub",
        "bound_subject": "system:serviceaccount:test:app",
        "bound_audiences": ["vault"],
        "claim_mappings": {"/kubernetes.io/pod/name": "pod"},
        "token_policies": ["secret-access-test"],
        "token_no_default_policy": True,
        "token_ttl": 600,
        "token_max_ttl": 600,
    }


def test_a_policy_is_the_same_text_each_time() -> None:
    """Else Pulumi would see a change where there is none."""
    document = documents.secrets_policy("secret", "test/", Access.READ_WRITE, events=True)
    assert documents.render(document) == documents.render(json.loads(documents.render(document)))
