"""Names of what components make of their lists: Pulumi's URN has the type and this name, and not the component's."""

from typing import Any

import pytest

from secret_access import AzureSecretAccess, GcpSecretAccess
from tests.infra.azure.component import BLUE, GREEN, VAULT_ID, azure_args
from tests.infra.components import gcp_args
from tests.infra.engine import World, outputs_in, run


def azure(name: str, cluster: str, issuer: str, secret: str) -> None:
    """A component with one credential, and one role on a secret."""
    args = azure_args(namespace=name, issuers={cluster: issuer}, vault_id=VAULT_ID, secrets=[secret])
    AzureSecretAccess(name, outputs_in(args))


def gcp(name: str, secret: str) -> None:
    """A component with one binding on a secret."""
    GcpSecretAccess(name, outputs_in(gcp_args(namespace=name, secrets=[secret])))


@pytest.mark.parametrize(
    "made",
    [
        [lambda: azure("a", "b-credential-c", BLUE, "x"), lambda: azure("a-credential-b", "c", GREEN, "x")],
        [lambda: azure("a", "x", BLUE, "b-role-c"), lambda: azure("a-role-b", "x", GREEN, "c")],
        [lambda: gcp("a", "b-access-c"), lambda: gcp("a-access-b", "c")],
    ],
    ids=["credentials", "roles on secrets", "bindings on secrets"],
)
def test_no_two_components_make_resources_of_one_name(made: list[Any]) -> None:
    """Else every `up` would fail with a duplicate URN."""
    world = World()
    run(lambda: [make() for make in made], world)
    names = [(asked.type, asked.name) for asked in world.asked]
    assert len(names) >= 6
    assert sorted({*names}) == sorted(names)
