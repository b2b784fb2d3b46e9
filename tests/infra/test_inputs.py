"""The components and the program ask for what the pinned SDKs have: Kubernetes drops a misspelt field silently."""

import runpy
from collections.abc import Callable
from pathlib import Path

import pytest

from local.standins.schema import Sdk
from tests.infra.components import aws_access, cluster_trust, shared_service, workload
from tests.infra.engine import CLUSTER_OUTPUTS, World, run
from tests.infra.stack_files import config_of, names

INFRA = Path(__file__).parents[2] / "infra"
SDKS = {package: Sdk(package) for package in ("aws", "kubernetes")}


def unknown(world: World) -> list[str]:
    """What no SDK has of all that was asked for."""
    return [
        f"{asked.name}: {failure.path}: {failure.reason}"
        for asked in world.asked
        if asked.custom and (sdk := SDKS.get(asked.type.partition(":")[0]))
        for failure in sdk.failures(asked.type, asked.inputs)
    ]


@pytest.mark.parametrize("program", [aws_access(), cluster_trust(), workload(), shared_service()])
def test_every_input_of_a_component_exists(program: Callable[[], object]) -> None:
    world = run(program)
    assert world.asked
    assert unknown(world) == []


@pytest.mark.parametrize("stack", names())
def test_every_input_of_a_stack_exists(stack: str) -> None:
    config = config_of(stack)
    aws = config["secret-access:aws"]
    outputs = {**CLUSTER_OUTPUTS, "account_id": aws["account_id"], "region": aws["region"]}
    world = World(stacks={f"organization/secret-access/{name}": outputs for name in names()})
    run(lambda: runpy.run_path(str(INFRA), run_name="__main__"), world, config)
    assert world.asked
    assert unknown(world) == []
