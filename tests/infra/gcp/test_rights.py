"""What GcpSecretAccess lets the identity read and write: bindings on each secret, or one on the project."""

import pytest

from tests.infra.components import POOL, PROJECT, environment, gcp_access
from tests.infra.engine import PROJECT_NUMBER, Later, run
from tests.infra.gcp.component import (
    ACCESSOR,
    ACCOUNT,
    ACCOUNT_POLICY,
    PRINCIPAL,
    PROJECT_BINDING,
    REGIONAL_BINDING,
    REGIONAL_MEMBER,
    SECRET_BINDING,
    SECRET_MEMBER,
    SERVICE_ACCOUNT,
    granted,
)


def test_it_binds_one_role_on_each_declared_secret_and_makes_a_service_account() -> None:
    """Exactly these resources, named after the component and under it."""
    world = run(gcp_access(secrets=["database-password", "test/api-key"]))
    assert {(asked.type, asked.name, asked.parent) for asked in world.asked} == {
        ("secret-access:index:GcpSecretAccess", "test", ""),
        (SECRET_MEMBER, "test-access/database-password", "test"),
        (SECRET_MEMBER, "test-access/api-key", "test"),
        (SERVICE_ACCOUNT, "test-service-account", "test"),
    }
    assert granted(world, SECRET_MEMBER) == [
        {"project": PROJECT, "secretId": "test--database-password", "role": ACCESSOR, "member": PRINCIPAL},
        {"project": PROJECT, "secretId": "test--api-key", "role": ACCESSOR, "member": PRINCIPAL},
    ]


def test_an_exclusive_binding_owns_the_role_on_its_secret() -> None:
    """Whoever else was given the role there loses it at `up --refresh`."""
    (binding,) = granted(run(gcp_access(exclusive=True)), SECRET_BINDING)
    assert binding == {
        "project": PROJECT,
        "secretId": "test--database-password",
        "role": ACCESSOR,
        "members": [PRINCIPAL],
    }


@pytest.mark.parametrize(("exclusive", "kind"), [(False, REGIONAL_MEMBER), (True, REGIONAL_BINDING)])
def test_a_regions_secrets_are_bound_in_the_region(exclusive: bool, kind: str) -> None:
    """The sidecar is told the region, and each secret is bound there."""
    world = run(gcp_access(location="europe-west3", exclusive=exclusive))
    asked = world.one(kind)
    assert asked.name == "test-access/database-password@europe-west3"
    assert (asked.inputs["location"], asked.inputs["secretId"]) == ("europe-west3", "test--database-password")
    assert environment(world)["SECRETS_GCP_LOCATION"] == "europe-west3"


def test_a_prefix_is_one_conditional_binding_on_the_project() -> None:
    """The condition names the project by its number; its description has the identity, so that no two are alike."""
    world = run(gcp_access(grant="prefix", secrets=None))
    assert world.of(SECRET_MEMBER) == []
    binding = world.one(PROJECT_BINDING)
    assert binding.name == "test-access"
    assert binding.inputs == {
        "project": PROJECT,
        "role": ACCESSOR,
        "members": [PRINCIPAL],
        "condition": {
            "title": "Secrets of the namespace test",
            "description": f"{POOL}/subject/system:serviceaccount:test:secret-access",
            "expression": f'resource.name.startsWith("projects/{PROJECT_NUMBER}/secrets/test--")',
        },
    }


def test_no_policy_is_ever_owned_whole_but_that_of_an_own_service_account() -> None:
    """Neither a project's nor a secret's: others have bindings there."""
    worlds = [
        run(
            gcp_access(
                grant=grant, exclusive=exclusive, events=True, access="read_write", google_service_account_id="tests-x"
            )
        )
        for grant, exclusive in (("secrets", False), ("secrets", True), ("prefix", False))
    ]
    kinds = {asked.type for world in worlds for asked in world.asked if asked.type.startswith("gcp:")}
    assert kinds == {SECRET_MEMBER, SECRET_BINDING, PROJECT_BINDING, ACCOUNT, ACCOUNT_POLICY}
    assert all("condition" in binding for world in worlds for binding in granted(world, PROJECT_BINDING))


def test_a_move_between_places_is_granted_in_both() -> None:
    """One condition with a clause for each, or a binding for each."""
    places = ["global", "europe-west3"]
    world = run(gcp_access(grant="prefix", location="europe-west3", granted_locations=places, secrets=None))
    assert world.one(PROJECT_BINDING).inputs["condition"]["expression"] == (
        f'resource.name.startsWith("projects/{PROJECT_NUMBER}/secrets/test--") || '
        f'resource.name.startsWith("projects/{PROJECT_NUMBER}/locations/europe-west3/secrets/test--")'
    )
    world = run(gcp_access(location="europe-west3", granted_locations=places))
    assert (len(world.of(SECRET_MEMBER)), len(world.of(REGIONAL_MEMBER))) == (1, 1)


@pytest.mark.parametrize("grant", ["secrets", "prefix"])
def test_only_features_in_use_are_granted(grant: str) -> None:
    """Events need a role that sees versions, writes one that adds them; by default there is neither."""
    kind = SECRET_MEMBER if grant == "secrets" else PROJECT_BINDING
    plain, more = run(gcp_access(grant=grant)), run(gcp_access(grant=grant, events=True, access="read_write"))
    assert [binding["role"] for binding in granted(plain, kind)] == [ACCESSOR]
    assert [binding["role"] for binding in granted(more, kind)] == [
        ACCESSOR,
        "roles/secretmanager.viewer",
        "roles/secretmanager.secretVersionAdder",
    ]
    assert environment(more)["SECRETS_ACCESS"] == "read_write"


def test_custom_roles_take_the_place_of_googles() -> None:
    """One with `secretmanager.versions.get` alone is less than viewer; one may have `secretmanager.secrets.delete`."""
    watcher, writer = f"projects/{PROJECT}/roles/secretVersionWatcher", "organizations/1234/roles/secret_writer"
    world = run(gcp_access(events=True, access="read_write", events_role=watcher, write_role=Later(writer)))
    assert [binding["role"] for binding in granted(world, SECRET_MEMBER)] == [ACCESSOR, watcher, writer]


@pytest.mark.parametrize("spelled", ["database-password", "test/database-password", "exact:test--database-password"])
def test_a_binding_is_the_same_resource_however_its_secret_is_spelled(spelled: str) -> None:
    """Another one would be made first, as the same binding, and the old one's deletion would take the right away."""
    binding = run(gcp_access(secrets=[spelled])).one(SECRET_MEMBER)
    assert (binding.name, binding.inputs["secretId"]) == ("test-access/database-password", "test--database-password")


def test_a_secret_that_is_named_as_another_and_a_region_is_another_resource() -> None:
    """Two resources of one name would stop the program."""
    places = {"location": "europe-west3", "granted_locations": ["global", "europe-west3"]}
    bindings = run(gcp_access(secrets=["key", "key-europe-west3"], **places)).asked
    assert len({asked.name for asked in bindings}) == len(bindings)
