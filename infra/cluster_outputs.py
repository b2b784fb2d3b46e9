"""What an environment takes from its cluster's stack."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from secret_access import InvalidSetting
from settings import Aws, Kubernetes

NAMES = ("name", "oidc_provider_arn", "account_id", "region", "kubernetes")


@dataclass(frozen=True)
class ClusterOutputs:
    """The outputs of a cluster's stack."""

    name: str
    oidc_provider_arn: str
    kubernetes: Kubernetes


def cluster_outputs(stack: str, aws: Aws, outputs: Mapping[str, Any]) -> ClusterOutputs:
    """The outputs, if they are all there and of the environment's own account and region."""
    missing = [name for name in NAMES if not outputs.get(name)]
    if missing:
        raise InvalidSetting(
            f"secret-access:cluster: the stack {stack!r} has no output {missing[0]}: given {sorted(outputs)}, expected "
            f"a stack with kind: cluster that is up; run pulumi up --stack {stack}, or correct the name"
        )
    for name, expected in (("account_id", aws.account_id), ("region", aws.region)):
        if outputs[name] != expected:
            raise InvalidSetting(
                f"secret-access:aws.{name}: given {expected!r}, expected {outputs[name]!r}, as in the cluster's stack "
                f"{stack!r}; correct it here or there"
            )
    return ClusterOutputs(
        name=outputs["name"],
        oidc_provider_arn=outputs["oidc_provider_arn"],
        kubernetes=Kubernetes(**outputs["kubernetes"]),
    )
