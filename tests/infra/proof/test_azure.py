"""Azure's documents evaluated: the component's own are isolated, and each mistake is found with its statement."""

from collections.abc import Callable

import pytest

from secret_access.proof.azure.documents import ASSIGNMENT, CREDENTIAL, OTHER_ASSIGNMENTS
from secret_access.proof.azure.stack import evaluate
from secret_access.proof.preview import UNKNOWN, Resource
from tests.infra.proof.azure_documents import (
    GROUP,
    OFFICER,
    OWNER,
    READER,
    SHARED,
    SUBSCRIPTION,
    VAULTS,
    admitted,
    assigned,
    breaches,
    credential,
    custom,
    identity,
    made,
    secret,
    vault,
    with_binding,
    with_own_vaults,
    with_shared_vault,
)
from tests.infra.proof.azure_mistakes import OPEN, WIDENED
from tests.infra.proof.documents import namespaces
from tests.infra.proof.outcomes import outcome

HARD = ("test", "test-eu", "testing", "tes", "prod")


@pytest.mark.parametrize(
    "resources",
    [
        with_own_vaults(*HARD),
        with_shared_vault(*HARD),
        [each for name in HARD for each in with_binding(name)],
        [*with_own_vaults("test", "test-eu"), *with_shared_vault("prod", "tes")],
    ],
    ids=["a vault each", "one vault", "bound to a cluster", "some and some"],
)
def test_the_components_own_documents_are_proven_apart(resources: list[Resource]) -> None:
    """Each namespace against each one's names, in a first preview, where hardly an id is known."""
    verdict = evaluate(resources, {})
    assert (verdict.breaches, verdict.undecided, verdict.unreadable) == ((), (), ())
    assert verdict.cells == len(verdict.namespaces) ** 2 > 1


@pytest.mark.parametrize("mistake", WIDENED)
def test_a_widened_document_is_found(mistake: str) -> None:
    """With the two namespaces, and what lets a name through."""
    resources, expected, statement = WIDENED[mistake]
    found = breaches(resources())
    assert expected in found, list(found)
    assert statement in " ".join(found[expected].statements)


HARMLESS: dict[str, Callable[[], list[Resource]]] = {
    "names without values": lambda: [assigned("test", SHARED, READER)],
    "another resource": lambda: [assigned("test", f"{GROUP}/providers/Microsoft.Storage/storageAccounts/a", OWNER)],
    "keys": lambda: [assigned("test", f"{SHARED}/keys/prod", OWNER)],
    "what is excluded": lambda: custom(
        "test",
        SHARED,
        {"dataActions": ["Microsoft.KeyVault/*"], "notDataActions": ["Microsoft.KeyVault/vaults/secrets/*"]},
    ),
    "values by roles on a vault of access policies": lambda: [
        vault("shared", **OPEN),
        assigned("test", f"{SHARED}-1a2b3c4d"),
    ],
    "access policies on a vault of roles": lambda: [
        (shared := vault("shared")),
        admitted("test", "all", of=shared),
        *custom("test", f"{SHARED}-1a2b3c4d", {"actions": ["Microsoft.KeyVault/vaults/accessPolicies/write"]}),
    ],
    "an access policy for names alone": lambda: [
        (shared := vault("shared", **OPEN)),
        admitted("test", "List", of=shared),
    ],
    "deployments that may not read": lambda: [
        vault("shared"),
        *custom("test", f"{SHARED}-1a2b3c4d", {"actions": ["Microsoft.KeyVault/vaults/deploy/action"]}),
    ],
    "a person": lambda: [person()],
    "a credential of a pipeline": lambda: [credential("ci", of="test", subject="repo:shop/app:ref:refs/heads/main")],
}


def person() -> Resource:
    given = assigned("test", SHARED)
    return Resource(given.urn, given.type, {**given.inputs, "principalId": "p", "principalType": "User"}, {})


@pytest.mark.parametrize("case", HARMLESS)
def test_what_gives_no_value_is_no_breach(case: str) -> None:
    """Exact both ways: an alarm that is none is soon heeded by nobody."""
    verdict = evaluate([*with_shared_vault("test", "prod"), *HARMLESS[case]()], {})
    assert (verdict.breaches, verdict.undecided) == ((), ())


def test_what_cannot_be_judged_is_said() -> None:
    """It is no proof, and no breach either."""
    elsewhere = assigned("test", SHARED, name="other")
    stranger = Resource(elsewhere.urn, elsewhere.type, {**elsewhere.inputs, "principalId": "44444444"}, {})
    late = assigned("test", UNKNOWN, name="late")
    shared = vault("shared")
    unclear = assigned("test", shared, name="role/x")
    classic = Resource("urn::a", "azure:authorization/assignment:Assignment", {}, {})
    verdict = evaluate([*with_shared_vault("test"), stranger, late, shared, unclear, classic], {})
    said = " ".join(verdict.undecided)
    assert not verdict.breaches
    assert "role assignment test-other is for 44444444: who may become it is not among the documents" in said
    assert "the scope of role assignment test-late is known only after `pulumi up`" in said
    assert "role assignment test-role/x is on a secret of the vault shared-1a2b3c4d, or on all of it" in said
    assert "azure-native's are judged" in said


def test_a_vault_is_a_namespaces_own_where_its_tag_says_so() -> None:
    """Without the component; without the tag it may have others' secrets."""
    own = [identity("test"), credential("test")]
    tagged, plain = (vault("test", tags=tags) for tags in ({"secret-access-namespace": "test"}, None))
    at = f"{VAULTS}/test-1a2b3c4d"
    assert not evaluate([*own, tagged, assigned("test", at)], {}).breaches
    assert evaluate([*own, plain, assigned("test", at)], {}).breaches


def test_an_existing_vault_is_a_namespaces_own_where_the_component_gives_it_all() -> None:
    """`shared_vault: false` says so; where two namespaces' components do, it is neither's."""
    mine = [identity("test"), credential("test"), assigned("test", SHARED, name="role", of="test")]
    assert not evaluate(mine, {}).breaches
    both = [*mine, identity("prod"), credential("prod"), assigned("prod", SHARED, name="role", of="prod")]
    assert {("test", "prod"), ("prod", "test")} <= set(breaches(both))


def test_an_existing_identity_is_known_by_the_component_that_uses_it() -> None:
    """Its principal's id is in no other document."""
    given = {"resourceName": "theirs", "resourceGroupName": "theirs"}
    plain = made(CREDENTIAL, "a", "test", subject="system:serviceaccount:test:secret-access", **given)
    right = made(ASSIGNMENT, "b", "test", principalId="5555", roleDefinitionId=f"/{OFFICER}", scope=secret("prod/db"))
    (breach,) = evaluate([plain, right], {}).breaches
    assert (breach.namespace, breach.name, breach.identity) == ("test", "prod/db", "identity theirs")


@pytest.mark.parametrize("kind", OTHER_ASSIGNMENTS)
def test_another_provider_of_azure_is_not_left_out(kind: str) -> None:
    other = Resource("urn:more", kind, {}, {})
    assert outcome([*namespaces("test", "prod"), other]) == "undecided"


@pytest.mark.parametrize(
    "kind", ["PimRoleAssignmentSchedule", "RoleAssignmentScheduleRequest", "RoleEligibilityScheduleRequest"]
)
def test_a_scheduled_assignment_is_one(kind: str) -> None:
    given = assigned("test", SHARED)
    scheduled = Resource("urn::later", f"azure-native:authorization:{kind}", given.inputs, given.depends_on)
    assert ("test", "prod") in breaches([*with_shared_vault("test", "prod"), scheduled])


@pytest.mark.parametrize(
    "permission",
    [
        {"actions": [], "dataActions": UNKNOWN},
        {"actions": True},
        {"dataActions": ["Microsoft.KeyVault/*"], "notDataActions": "*"},
        {"dataActions": [5]},
    ],
    ids=str,
)
def test_permissions_of_a_role_that_cannot_be_read_count_as_all(permission: dict[str, object]) -> None:
    """Known later, or no lists of operations."""
    found = evaluate([*with_own_vaults("test", "prod"), *custom("test", GROUP, permission)], {}).breaches
    assert ("test", "prod") in [(each.namespace, each.owner) for each in found]


OTHER_SERVICES = {
    "ba92f5b4-2d11-453d-a403-e96b0029c9fe": "Storage Blob Data Contributor",
    "b7e6dc6d-f1e8-4753-8033-0f276bb0955b": "Storage Blob Data Owner",
    "974c5e8b-45b9-4653-ba55-5f855dd0fb88": "Storage Queue Data Contributor",
    "69a216fc-b8fb-44d8-bc22-1f3c2cd27a39": "Azure Service Bus Data Sender",
    "a638d3c7-ab3a-418d-83e6-5f17a39d4fde": "Azure Event Hubs Data Receiver",
    "3913510d-42f4-4e42-8a64-420c390055eb": "Monitoring Metrics Publisher",
}


@pytest.mark.parametrize("role", OTHER_SERVICES)
def test_a_role_of_another_service_is_none_to_secrets(role: str) -> None:
    """Wherever it is assigned: a role that nobody knows stays a breach."""
    for scope in (GROUP, SUBSCRIPTION, SHARED):
        verdict = evaluate([*with_shared_vault("test", "prod"), assigned("test", scope, role)], {})
        assert (verdict.breaches, verdict.undecided) == ((), ())
