"""Assignments of roles on Azure judged as the fake of Azure decides."""

from hypothesis import given, settings
from hypothesis import strategies as st

from local.azure.directory import RoleAssignment
from local.azure.roles import DELETE, READ, ROLES, SET, may_manage, may_use_data
from secret_access.proof.azure import stack
from secret_access.proof.strings import union
from tests.infra.proof.azure_documents import (
    GROUP,
    READER,
    SUBSCRIPTION,
    VAULTS,
    assigned,
    credential,
    identity,
)

VAULT_NAMES = ("shared", "other", "share")
SECRET_NAMES = ("test--db", "prod--db", "prod", "prod--db-2")
resource_ids = st.sampled_from(
    [
        "/subscriptions/22222222-2222-2222-2222-222222222222",
        f"{SUBSCRIPTION.replace('2222', '3333', 1)}",
        GROUP,
        GROUP.upper().replace("/SUBSCRIPTIONS", "/subscriptions"),
        GROUP.removesuffix("s"),
        *(f"{VAULTS}/{name}" for name in VAULT_NAMES),
        *(f"{VAULTS}/{name}/secrets/{one}" for name in VAULT_NAMES for one in SECRET_NAMES),
    ]
)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(sorted(ROLES)), resource_ids), max_size=4))
def test_the_fake_of_azure_decides_the_same(given: list[tuple[str, str]]) -> None:
    """For each secret of each vault: a value read, replaced or deleted, or the right to handed on."""
    asked = [assigned("test", where, ROLES[role].id, name=str(n)) for n, (role, where) in enumerate(given)]
    known = [assigned("test", f"{VAULTS}/{name}", READER, name=name) for name in VAULT_NAMES]
    found = stack.read([identity("test"), credential("test"), *asked, *known])
    ours = union(grant.allowed for grant in found.grants.get(0, ()))
    theirs = [RoleAssignment("p", role, where) for role, where in given]
    for each in VAULT_NAMES:
        for secret_name in SECRET_NAMES:
            where = f"{VAULTS}/{each}/secrets/{secret_name}"
            uses = any(may_use_data(theirs, "p", action, where) for action in (READ, SET, DELETE))
            assert (f":{each}/{secret_name}" in ours) == (uses or may_manage(theirs, "p", where)), where
