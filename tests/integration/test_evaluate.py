"""`secret-access evaluate` of what Pulumi's real engine prints of a program with the components."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench.infra import echo
from tests.integration.real_parts import Stack

COMMAND = str(Path(sys.executable).with_name("secret-access"))
PROGRAM = """
import json, pulumi, pulumi_aws as aws, pulumi_kubernetes as k8s
from secret_access import AwsSecretAccess

providers = [
    aws.Provider("aws", region="us-east-1", skip_credentials_validation=True, skip_requesting_account_id=True),
    k8s.Provider("kubernetes", context="test", kubeconfig="test"),
]
opts = pulumi.ResourceOptions(providers=providers)
issuer = "arn:aws:iam::111122223333:oidc-provider/oidc.eks.us-east-1.amazonaws.com/id/EXAMPLED539"
for namespace, prefix in (("test", "test/"), ("test-eu", "test-eu/"), ("shop", "team-a/shop/")):
    access = AwsSecretAccess(
        namespace,
        {{
            "namespace": namespace,
            "secret_prefix": prefix,
            "sidecar_image": "registry.example/secret-sidecar:0.1.0",
            "region": "us-east-1",
            "oidc_provider_arn": issuer,
        }},
        opts,
    )
{more}
"""
WIDENED = """
wide = {"Statement": {"Effect": "Allow", "Action": "secretsmanager:Get*", "Resource": "*"}}
policy = aws.iam.Policy("wide", policy=json.dumps(wide), opts=pulumi.ResourceOptions(provider=providers[0]))
aws.iam.RolePolicyAttachment(
    "wide", role="secret-access-test", policy_arn=policy.arn, opts=pulumi.ResourceOptions(provider=providers[0])
)
"""


@pytest.fixture
def preview(stack: Stack) -> Callable[[str], str]:
    """Return what `pulumi preview --json` prints of the program; no cloud and no cluster answers."""

    def previewed(more: str) -> str:
        (stack.folder / "__main__.py").write_text(PROGRAM.format(more=more))
        with echo.serving() as (_, port):
            env = {**os.environ, **stack.env, "PULUMI_DEBUG_PROVIDERS": f"aws:{port},kubernetes:{port}"}
            command = ["pulumi", "preview", "--json", "--non-interactive"]
            done = subprocess.run(command, cwd=stack.folder, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout
        return done.stdout

    return previewed


def evaluate(given: str) -> tuple[int, dict[str, Any]]:
    done = subprocess.run([COMMAND, "evaluate", "--json"], input=given, capture_output=True, text=True, check=False)
    return done.returncode, json.loads(done.stdout)


def test_a_program_with_the_components_is_proven_isolated_and_a_widened_one_is_not(
    preview: Callable[[str], str],
) -> None:
    """Before anything is made: the attached policy's ARN is not even known yet."""
    code, found = evaluate(preview(""))
    assert (code, found["isolated"]) == (0, True)
    assert found["clouds"][0]["namespaces"] == {"test": "test/", "test-eu": "test-eu/", "shop": "team-a/shop/"}
    code, found = evaluate(preview(WIDENED))
    assert code == 1
    assert {(each["namespace"], each["owner"]) for each in found["clouds"][0]["breaches"]} >= {
        ("test", "test-eu"),
        ("test", "shop"),
    }
