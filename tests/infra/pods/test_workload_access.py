"""What a workload takes from an access component."""

from __future__ import annotations

from typing import Any, cast

import pulumi
import pytest

from secret_access import AwsSecretAccess, InvalidArgument, SecretWorkload, SecretWorkloadArgs
from tests.infra.engine import PROVIDER_ARN, run


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"ports": [8080]}, "ports: given 8080"),
        ({"pod": {"spec": {"hostNetwork": True}}}, "hostNetwork of the pod template"),
        ({"pod": {"spec": {"containers": [{"name": "app", "ports": [{"containerPort": 8080}]}]}}}, "given 8080"),
        ({"pod": {"metadata": {"namespace": "prod"}}}, "expected test"),
        ({"pod": {"spec": {"nodeSelectr": {}}}}, "did you mean nodeSelector"),
    ],
)
def test_what_is_plain_is_checked_before_anything_is_made(given: dict[str, Any], reason: str) -> None:
    """What needs no more of the access than is plain is refused when the workload is constructed."""

    def program() -> None:
        access = AwsSecretAccess(
            "test",
            {
                "namespace": "test",
                "sidecar_image": "registry.example/secret-sidecar:1",
                "oidc_provider_arn": pulumi.Output.from_input(PROVIDER_ARN),
                "region": "us-east-1",
            },
        )
        args = {"access": access.workload_access, "image": "app:1", **given}
        with pytest.raises(InvalidArgument, match=reason):
            SecretWorkload("app", cast("SecretWorkloadArgs", args))

    assert run(program).of("kubernetes:apps/v1:Deployment") == []
