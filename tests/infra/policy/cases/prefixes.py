"""A prefix inside another namespace's."""

from collections.abc import Mapping
from typing import Any

from tests.infra.policy.cases.case import Case


def workload(namespace: str, prefix: str) -> tuple[str, Mapping[str, Any]]:
    """A pod whose sidecar reads under a prefix."""
    env = [{"name": "SECRETS_BACKEND", "value": "aws"}, {"name": "SECRETS_PREFIX", "value": prefix}]
    containers = [{"name": "secrets", "image": "localhost/secret-sidecar:dev", "env": env}]
    return "kubernetes:core/v1:Pod", {"metadata": {"namespace": namespace}, "spec": {"containers": containers}}


PREFIXES = [
    Case(
        "covering-prefixes",
        "a prefix inside another's",
        "",
        "the prefix team/ of the namespace covers covers team/covered/ of covered in aws",
        {"first": workload("covers", prefix="team/"), "second": workload("covered", prefix="team/covered/")},
        {"first": workload("covers", prefix="covers/"), "second": workload("covered", prefix="covered/")},
    ),
]
