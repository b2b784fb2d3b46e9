"""What a workload takes from an access component."""

from __future__ import annotations

import pulumi
import pytest

from secret_access import AwsSecretAccess, InvalidArgument, SecretWorkload
from tests.infra.engine import PROVIDER_ARN, run


def test_what_is_plain_is_checked_before_anything_is_made() -> None:
    """A port of the app that the sidecar has is refused when the workload is constructed."""

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
        with pytest.raises(InvalidArgument, match="ports: given 8080"):
            SecretWorkload("app", {"access": access.workload_access, "image": "app:1", "ports": [8080]})

    assert run(program).of("kubernetes:apps/v1:Deployment") == []
