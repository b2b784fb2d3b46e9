"""An object is judged in the namespace and in the cluster of the provider that makes it."""

from dataclasses import replace

import pytest

from secret_access.proof.preview import Resource
from tests.infra.policy.cases.case import resources
from tests.infra.policy.found import RUNTIME_ONLY, found_by

PROVIDER = "urn:pulumi:only::inline::pulumi:providers:kubernetes::of-shop"


@pytest.mark.parametrize(("namespace", "found"), [("shop", 1), ("other", 0)])
def test_an_object_without_a_namespace_is_in_that_of_its_provider(namespace: str, found: int) -> None:
    """As the provider does it."""
    given = resources({"first": RUNTIME_ONLY, "it": ("kubernetes:core/v1:Secret", {"metadata": {"name": "it"}})})
    made_by = replace(given[1], provider=f"{PROVIDER}::1")
    provider = Resource(PROVIDER, "pulumi:providers:kubernetes", {"namespace": namespace}, {})
    assert len(found_by("secret-in-etcd", [provider, given[0], made_by])) == found


def test_namespaces_and_roles_of_one_name_in_two_clusters_are_two() -> None:
    """A cluster is what a provider reaches."""
    first, second = (f"{PROVIDER}-{number}::1" for number in (1, 2))
    secret = ("kubernetes:core/v1:Secret", {"metadata": {"name": "it", "namespace": "shop"}})
    unmarked = ("kubernetes:core/v1:Namespace", {"metadata": {"name": "shop"}})
    marked, other, made = (
        replace(each, provider=provider)
        for each, provider in zip(
            resources({"1": RUNTIME_ONLY, "2": unmarked, "3": secret}), (first, second, second), strict=True
        )
    )
    assert found_by("secret-in-etcd", [other, marked, made]) == []
    assert found_by("secret-in-etcd", [marked, other, replace(made, provider=first)]) != []
