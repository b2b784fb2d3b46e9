"""Runs the program of this repository on a stack's configuration."""

import runpy
from functools import cache
from pathlib import Path
from typing import Any

import settings
from tests.infra.engine import World, run
from tests.infra.stack_files import config_of

INFRA = Path(settings.__file__).parent
AWS_PROVIDER = "pulumi:providers:aws"
KUBERNETES_PROVIDER = "pulumi:providers:kubernetes"


def up(config: dict[str, Any], world: World | None = None) -> World:
    """Run the program on a stack with this configuration, as Pulumi's language host runs it."""
    return run(lambda: runpy.run_path(str(INFRA), run_name="__main__"), world, config)


@cache
def outputs_of(cluster_stack: str) -> dict[str, Any]:
    """The outputs of a cluster's stack of the repository."""
    return up(config_of(cluster_stack)).outputs["stack"]


def on_its_cluster(config: dict[str, Any], **world: Any) -> World:
    """Run the program for an environment whose cluster's stack, one of the repository's, is up."""
    cluster = config["secret-access:cluster"]
    references = {f"organization/secret-access/{cluster}": outputs_of(cluster)}
    return up(config, World(**{"stacks": references, **world}))
