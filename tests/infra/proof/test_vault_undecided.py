"""What Vault's documents do not tell is said to be undecided."""

import pytest

from secret_access.proof.vault.stack import evaluate

from .test_vault import reading, role
from .vault_documents import ACCESSOR, kubernetes, policy
from .vault_undecided import UNDECIDED
from .ways import expect_undecided


@pytest.mark.parametrize("way", UNDECIDED)
def test_what_the_documents_do_not_tell_is_undecided(way: str) -> None:
    expect_undecided(evaluate, UNDECIDED[way])


def test_labels_may_choose_a_namespace_that_is_called_as_anothers_prefix_begins() -> None:
    """It is undecided then, and not where a template can give nobody else's names."""
    chosen = [
        kubernetes(boundServiceAccountNamespaceSelector='{"matchLabels": {"team": "a"}}'),
        policy("more", reading(f"secret/data/{ACCESSOR}/*")),
        role("shop", token_policies=["shops"]),
        policy("shops", reading("secret/data/team-a/shop/*", "secret/data/shop/*")),
    ]
    assert "which namespaces have the labels" in " ".join(evaluate(chosen, {"shop": "team-a/shop/"}).undecided)
    assert evaluate(chosen[:2] + chosen[2:3] + [policy("shops", reading("secret/data/shop/*"))], {}).undecided == ()
