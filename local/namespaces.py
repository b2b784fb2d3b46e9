"""The namespaces that the local stacks made, as the stacks' outputs describe them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from local.cloud import Cloud
from local.stacks import Pulumi


@dataclass(frozen=True)
class Namespace:
    """A namespace with an identity of its own.

    ``prefix``: what the names of its secrets begin with. ``has_workloads``: whether its stack deploys any.
    """

    name: str
    prefix: str
    has_workloads: bool


def made_by_stacks(pulumi: Pulumi, cloud: Cloud) -> list[Namespace]:
    """Every namespace of a cloud's environments' stacks."""
    with ThreadPoolExecutor() as pool:
        stacks = list(pool.map(pulumi.outputs, cloud.environment_stacks.values()))
    return [
        Namespace(name, made["secret_prefix"], has_workloads=name not in outputs["pods"])
        for outputs in stacks
        for name, made in outputs["namespaces"].items()
    ]
