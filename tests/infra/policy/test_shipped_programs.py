"""No stack of the repository breaks a rule of the policy pack."""

import re
from typing import Any

import pytest

from secret_access.policy.catalogue import RULES
from secret_access.policy.rule import violations
from secret_access.proof.preview import Resource
from tests.infra.engine import World
from tests.infra.policy.cases import urn
from tests.infra.program import on_its_cluster, up
from tests.infra.stack_files import config_of, names

PINNED = "@sha256:" + "0" * 64


def by_digest(config: Any) -> Any:
    """The configuration with digests in the place of the tags of images that are to be replaced."""
    if isinstance(config, dict):
        return {key: by_digest(value) for key, value in config.items()}
    if isinstance(config, list):
        return [by_digest(value) for value in config]
    return re.sub(r"^(REGISTRY/[a-z-]+):[0-9.]+$", rf"\1{PINNED}", config) if isinstance(config, str) else config


def resources(world: World) -> list[Resource]:
    """What the engine was asked for, as a rule sees it."""
    urns = {each.name: urn(each.type, each.name) for each in world.asked}
    return [
        Resource(
            urns[each.name],
            each.type,
            each.inputs,
            {key: tuple(urns[name] for name in sorted(each.waits_for) if name in urns) for key in each.inputs},
        )
        for each in world.asked
        if not each.read
    ]


def of_stack(name: str) -> list[Resource]:
    """The resources of a stack of the repository."""
    config = by_digest(config_of(name))
    return resources(on_its_cluster(config) if "secret-access:cluster" in config else up(config))


@pytest.mark.parametrize("name", names())
def test_a_stack_of_the_repository_breaks_no_rule(name: str) -> None:
    """The images that its file marks REPLACE are given by digest."""
    found = of_stack(name)
    assert found
    assert [(each.rule.id, each.found) for each in violations(RULES, found)] == []
