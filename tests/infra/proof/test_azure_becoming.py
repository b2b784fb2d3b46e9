"""Rights to become managed identities: of those that are in no document, nobody knows what they may use."""

from collections.abc import Callable
from typing import Any

import pytest

from secret_access.proof.azure import documents
from secret_access.proof.azure.stack import evaluate
from secret_access.proof.preview import UNKNOWN, Resource
from tests.infra.proof.azure_documents import (
    GROUP,
    IDENTITY_CONTRIBUTOR,
    SUBSCRIPTION,
    assigned,
    custom,
    identity,
    made,
    with_own_vaults,
)
from tests.infra.proof.outcomes import outcome

OPERATOR = "f1a07417-d97a-45cb-824c-7a7467783830"
FEDERATOR = "7e559ce2-48d7-4b27-9128-fa1b247f1308"
THEIRS = f"{SUBSCRIPTION}/resourceGroups/theirs/providers/Microsoft.ManagedIdentity/userAssignedIdentities/theirs"
FEDERATES: Any = {"actions": ["Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/write"]}
KUBELET, CLUSTERS = (
    made(documents.IDENTITY, name, None, resourceName=name, resourceGroupName="secrets") for name in ("kubelet", "blue")
)


def strangers(scope: str | Resource, role: str = IDENTITY_CONTRIBUTOR, **inputs: Any) -> Resource:
    """A right of somebody who is no identity of the stack."""
    given = assigned("test", scope, role, name="theirs", **{"principalId": "44444444", **inputs})
    return Resource(given.urn, given.type, given.inputs, {"scope": given.depends_on.get("scope", ())})


def held_by(holder: Resource, scope: str | Resource) -> Resource:
    """The right of an identity that no pod becomes to assign others."""
    given = assigned("test", scope, OPERATOR)
    return Resource(given.urn, given.type, given.inputs, {**given.depends_on, "principalId": (holder.urn,)})


ELSEWHERE: dict[str, Callable[[], list[Resource]]] = {
    "of the subscription": lambda: [assigned("test", SUBSCRIPTION, IDENTITY_CONTRIBUTOR)],
    "of the subscription, by assigning them": lambda: [assigned("test", SUBSCRIPTION, OPERATOR)],
    "of the resource group": lambda: [assigned("test", GROUP, FEDERATOR)],
    "of a management group": lambda: [
        assigned("test", "/providers/Microsoft.Management/managementGroups/all", IDENTITY_CONTRIBUTOR)
    ],
    "of a resource group that the program makes": lambda: [
        (group := made(documents.GROUP, "group", None, resourceGroupName="other")),
        assigned("test", group, IDENTITY_CONTRIBUTOR),
    ],
    "another stack's": lambda: [assigned("test", THEIRS, IDENTITY_CONTRIBUTOR)],
    "another stack's, by assigning it": lambda: [assigned("test", THEIRS, OPERATOR)],
    "another stack's, by all rights on it": lambda: [
        assigned("test", THEIRS, "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"),
    ],
    "another stack's, by a role of one's own": lambda: custom("test", THEIRS, FEDERATES),
}


@pytest.mark.parametrize("case", ELSEWHERE)
def test_a_right_to_become_identities_that_are_in_no_document_is_undecided(case: str) -> None:
    """Of a single namespace too, which is kept from nobody's secrets in the stack."""
    verdict = evaluate([*with_own_vaults("test"), *ELSEWHERE[case]()], {})
    assert not verdict.breaches
    assert "may become identities that are not among the documents" in " ".join(verdict.undecided)


UNKNOWN_HOLDER: dict[str, Callable[[], Resource]] = {
    "on a namespace's identity": lambda: strangers(identity("prod")),
    "on its resource group": lambda: strangers(GROUP),
    "known after the update": lambda: strangers(identity("prod"), principalId=UNKNOWN),
}


@pytest.mark.parametrize("case", UNKNOWN_HOLDER)
def test_who_becomes_a_namespaces_identity_and_is_in_no_document_is_said(case: str) -> None:
    verdict = evaluate([*with_own_vaults("prod"), UNKNOWN_HOLDER[case]()], {})
    assert not verdict.breaches
    assert "who may become it is not among the documents" in " ".join(verdict.undecided)


ORDINARY: dict[str, Callable[[], list[Resource]]] = {
    "its own identity": lambda: [assigned("test", identity("test"), IDENTITY_CONTRIBUTOR)],
    "the kubelet's, by the cluster's identity": lambda: [KUBELET, CLUSTERS, held_by(CLUSTERS, KUBELET)],
    "the kubelet's, by the cluster itself": lambda: [KUBELET, strangers(KUBELET, OPERATOR)],
    "identities of a resource group, by no pod": lambda: [CLUSTERS, held_by(CLUSTERS, GROUP)],
    "a namespace's, by a person": lambda: [strangers(identity("prod"), principalType="User")],
}


@pytest.mark.parametrize("case", ORDINARY)
def test_an_ordinary_right_about_identities_raises_nothing(case: str) -> None:
    assert outcome([*with_own_vaults("test", "prod"), *ORDINARY[case]()]) == "isolated"
