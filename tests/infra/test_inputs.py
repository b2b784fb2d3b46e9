"""The components and the program ask for what the pinned SDKs have: Kubernetes drops a misspelt field silently."""

from collections.abc import Callable

import pytest

from local.standins.schema import Sdk
from tests.infra.azure.component import azure_access
from tests.infra.components import aws_access, cluster_trust, gcp_access, shared_service, workload
from tests.infra.engine import World, run
from tests.infra.program import on_its_cluster, up
from tests.infra.stack_files import config_of, names
from tests.infra.vault.component import vault_access

SDKS = {package: Sdk(package) for package in ("aws", "azure-native", "gcp", "kubernetes", "vault")}


def unknown(world: World) -> list[str]:
    """What no SDK has of all that was asked for."""
    return [
        f"{asked.name}: {failure.path}: {failure.reason}"
        for asked in world.asked
        if asked.custom and (sdk := SDKS.get(asked.type.partition(":")[0]))
        for failure in sdk.failures(asked.type, asked.inputs)
    ]


@pytest.mark.parametrize(
    "program",
    [aws_access(), cluster_trust(), gcp_access(), azure_access(), vault_access(), workload(), shared_service()],
)
def test_every_input_of_a_component_exists(program: Callable[[], object]) -> None:
    world = run(program)
    assert world.asked
    assert unknown(world) == []


@pytest.mark.parametrize("stack", names())
def test_every_input_of_a_stack_exists(stack: str) -> None:
    config = config_of(stack)
    world = up(config) if stack.endswith("-cluster") else on_its_cluster(config)
    assert world.asked
    assert unknown(world) == []
