"""The stack files of the repository, and small ones of tests, as the engine hands them to a program."""

import copy
from pathlib import Path
from typing import Any

import yaml

import settings
from tests.infra.engine import ACCOUNT, ISSUER_HOST, run

STACKS = Path(__file__).parents[2] / "stacks"

CLUSTER: dict[str, Any] = {
    "pulumi:disable-default-providers": ["*"],
    "secret-access:kind": "cluster",
    "secret-access:name": "blue",
    "secret-access:issuer": f"https://{ISSUER_HOST}",
    "secret-access:aws": {"account_id": ACCOUNT, "region": "us-east-1"},
    "secret-access:kubernetes": {"context": "blue"},
}
ENVIRONMENT: dict[str, Any] = {
    "pulumi:disable-default-providers": ["*"],
    "secret-access:cluster": "aws-cluster",
    "secret-access:aws": {"account_id": ACCOUNT, "region": "us-east-1"},
    "secret-access:sidecar_image": "registry.example/secret-sidecar:0.1.0",
    "secret-access:namespaces": {
        "test": {"secrets": ["database-password"], "workloads": {"app": {"image": "registry.example/shop:1"}}},
    },
}
GONE = object()


def names() -> list[str]:
    """The stacks of the repository."""
    return sorted(path.name.removeprefix("Pulumi.").removesuffix(".yaml") for path in STACKS.glob("Pulumi.*.yaml"))


def config_of(stack: str) -> dict[str, Any]:
    """The configuration in a stack's file."""
    config: dict[str, Any] = yaml.safe_load((STACKS / f"Pulumi.{stack}.yaml").read_text())["config"]
    return config


def changed(config: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """The configuration with one key, given by its path, changed or GONE."""
    result = copy.deepcopy(config)
    space, _, keys = path.partition(":")
    first, *rest = keys.split(".")
    place: dict[str, Any] = result
    steps = [f"{space}:{first}", *rest]
    for step in steps[:-1]:
        if place.get(step) is None:
            place[step] = {}
        place = place[step]
    if value is GONE:
        del place[steps[-1]]
    else:
        place[steps[-1]] = value
    return result


def load(config: dict[str, Any]) -> settings.Cluster | settings.Environment:
    """What a program with this configuration reads."""
    read: list[settings.Cluster | settings.Environment] = []
    run(lambda: read.append(settings.load()), config=config)
    return read[0]
