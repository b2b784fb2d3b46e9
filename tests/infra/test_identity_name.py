"""The default names of identities, which all stacks of an account share."""

import itertools
import re

from clouds.cloud import identity_name

CLUSTERS = ("blue", "blue-test", "blue-test-a", "b")
NAMESPACES = ("a", "test", "test-a", "test-a-a", "a-a", "lue-test")


def test_no_two_namespaces_of_clusters_of_one_account_have_the_same() -> None:
    """Else the second stack would fail, or take the first one's identity over."""
    pairs = list(itertools.product(CLUSTERS, NAMESPACES))
    assert len({identity_name(*pair) for pair in pairs}) == len(pairs)


def test_it_names_both_and_is_spelled_as_every_cloud_takes_it() -> None:
    """Letters, digits, `-` and `_`."""
    assert identity_name("blue", "test-a") == "secret-access-blue-test-a"
    assert identity_name("blue-test", "a") == "secret-access-blue-test_a"
    assert all(re.fullmatch("[a-z0-9_-]+", identity_name(*pair)) for pair in itertools.product(CLUSTERS, NAMESPACES))
