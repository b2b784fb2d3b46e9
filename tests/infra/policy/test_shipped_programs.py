"""No stack of the repository, and no example of its pages, breaks a rule of the policy pack."""

import re
from pathlib import Path
from typing import Any

import pytest

from secret_access.policy.catalogue import RULES
from secret_access.policy.rule import violations
from secret_access.proof.preview import Resource
from tests.infra.engine import Asked, World, run
from tests.infra.policy.cases import urn
from tests.infra.program import on_its_cluster, up
from tests.infra.stack_files import config_of, names

ROOT = Path(__file__).parents[3]
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
    components = {each.name: each.type for each in world.asked if not each.custom}
    asked = [(each, urn(_qualified(each, components), each.name)) for each in world.asked]
    parents = {each.name: found for each, found in asked if not each.custom}
    return [
        Resource(
            found,
            each.type,
            each.inputs,
            {key: tuple(other for one, other in asked if one.name in each.waits_for) for key in each.inputs},
            parents.get(each.parent, ""),
        )
        for each, found in asked
        if not each.read
    ]


def _qualified(asked: Asked, components: dict[str, str]) -> str:
    """The type with its parent's before it, as a URN has them."""
    parent = components.get(asked.parent)
    return asked.type if parent is None else f"{parent}${asked.type}"


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


def examples(page: str) -> list[str]:
    """The programs of a page."""
    return re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(), re.DOTALL)


SIDECAR, SHARED = examples("docs/components.md")
EXAMPLES = {
    "README.md": examples("README.md"),
    "docs/components.md": [SIDECAR, SIDECAR + SHARED],
    "docs/workloads.md": [SIDECAR + each for each in examples("docs/workloads.md")],
    "docs/injection.md": [SIDECAR + examples("docs/injection.md")[-1]],
    "docs/patterns.md": examples("docs/patterns.md")[1:],
    **{f"docs/{cloud}.md": examples(f"docs/{cloud}.md") for cloud in ("aws", "azure", "gcp", "vault")},
}


@pytest.mark.parametrize("page", EXAMPLES)
def test_an_example_breaks_no_rule(page: str) -> None:
    """But that images, as people write them, have tags.

    The mocks do not say which input was computed from which resource, so two roles of one name in two accounts are
    not told apart: what is not judged for that is left out.
    """
    for example in EXAMPLES[page]:
        found = resources(run(lambda text=example: exec(text, {})))  # type: ignore[misc]  # noqa: S102  our own page
        broken = [each for each in violations(RULES, found) if each.rule.id not in ("image-by-tag", "not-judged")]
        assert broken == [], example
