"""`secret-access evaluate` of what Pulumi's real engine prints of a program with the components."""

from __future__ import annotations

import hashlib
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
AZURE = """
import pulumi, pulumi_azure_native as azure, pulumi_kubernetes as k8s
from secret_access import AzureSecretAccess

provider = azure.Provider("azure", subscription_id="22222222-2222-2222-2222-222222222222")
opts = pulumi.ResourceOptions(providers=[provider, k8s.Provider("kubernetes", context="test", kubeconfig="test")])
tenant = "11111111-1111-1111-1111-111111111111"
group = "/subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/secrets"
shared = f"{{group}}/providers/Microsoft.KeyVault/vaults/shared"
aks = f"https://westeurope.oic.prod-aks.azure.com/{{tenant}}/33333333-3333-3333-3333-333333333333/"
bound = {{
    "identity_binding_cluster_id": f"{{group}}/providers/Microsoft.ContainerService/managedClusters/blue",
    "token_proxy_url": "https://blue.hcp.westeurope.azmk8s.io",
    "token_proxy_sni_name": "a1b2.ests.aks",
}}
made = {{}}
for namespace, given in (
    ("test", {{"issuers": {{"blue": aks}}, "vault_id": shared, "secrets": ["db"]}}),
    ("test-eu", {{"issuers": {{"blue": aks}}, "vault_id": shared, "secrets": ["db"]}}),
    ("shop", {{"issuers": {{"blue": aks}}}}),
    ("bound", bound),
):
    args = {{
        "namespace": namespace,
        "sidecar_image": "registry.example/secret-sidecar:0.1.0",
        "tenant_id": tenant,
        "resource_group": "secrets",
        "location": "westeurope",
        **given,
    }}
    made[namespace] = AzureSecretAccess(namespace, args, opts)
{more}
"""
WIDENED = """
wide = {"Statement": {"Effect": "Allow", "Action": "secretsmanager:Get*", "Resource": "*"}}
policy = aws.iam.Policy("wide", policy=json.dumps(wide), opts=pulumi.ResourceOptions(provider=providers[0]))
aws.iam.RolePolicyAttachment(
    "wide", role="secret-access-test", policy_arn=policy.arn, opts=pulumi.ResourceOptions(provider=providers[0])
)
"""
WIDENED_AZURE = """
scopes = {"whole": shared, "another": made["shop"].vault_id}
identity = azure.managedidentity.UserAssignedIdentity("more", resource_group_name="secrets", opts=opts)
azure.managedidentity.FederatedIdentityCredential(
    "more",
    resource_group_name="secrets",
    resource_name_=identity.name,
    issuer=aks,
    subject="system:serviceaccount:test:more",
    audiences=["api://AzureADTokenExchange"],
    opts=opts,
)
user = "/providers/Microsoft.Authorization/roleDefinitions/4633458b-17de-408a-b874-0445c86b69e6"
for name, scope in scopes.items():
    azure.authorization.RoleAssignment(
        name, scope=scope, principal_id=identity.principal_id, role_definition_id=user, opts=opts
    )
"""


@pytest.fixture
def preview(stack: Stack) -> Callable[..., str]:
    """Return what `pulumi preview --json --show-sames` prints of the program; no cloud and no cluster answers."""

    def previewed(program: str, more: str, *arguments: str) -> str:
        (stack.folder / "__main__.py").write_text(program.format(more=more))
        with echo.serving() as (_, port):
            env = {
                **os.environ,
                **stack.env,
                "PULUMI_DEBUG_PROVIDERS": f"aws:{port},azure-native:{port},kubernetes:{port}",
            }
            command = ["pulumi", "preview", "--json", "--show-sames", "--non-interactive", *arguments]
            done = subprocess.run(command, cwd=stack.folder, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return previewed


@pytest.fixture
def with_a_policy_that_is_kept(stack: Stack) -> str:
    """The URN of a policy that the stack has and that opens all, by its state; Pulumi is not to delete it."""
    provider = "urn:pulumi:only::inline::pulumi:providers:aws::aws"
    urn = "urn:pulumi:only::inline::aws:iam/rolePolicy:RolePolicy::more"
    wide = {"Statement": {"Effect": "Allow", "Action": "secretsmanager:Get*", "Resource": "*"}}
    inputs = {"name": "wide", "role": "secret-access-test", "policy": json.dumps(wide)}
    known = {"region": "us-east-1", "skipCredentialsValidation": "true", "skipRequestingAccountId": "true"}
    resources = [
        {"urn": provider, "custom": True, "id": "1", "type": "pulumi:providers:aws", "inputs": known, "outputs": known},
        {
            "urn": urn,
            "custom": True,
            "id": "secret-access-test:wide",
            "type": "aws:iam/rolePolicy:RolePolicy",
            "inputs": inputs,
            "outputs": inputs,
            "provider": f"{provider}::1",
            "retainOnDelete": True,
        },
    ]
    version = "v3.259.0"
    magic = hashlib.sha256(version.encode()).hexdigest()
    manifest = {"time": "2026-01-01T00:00:00Z", "magic": magic, "version": version}
    state = {"version": 3, "deployment": {"manifest": manifest, "resources": resources}}
    (stack.folder / "state.json").write_text(json.dumps(state))
    stack.pulumi("stack", "import", "--file", "state.json")
    return urn


def evaluate(given: str) -> tuple[int, dict[str, Any]]:
    done = subprocess.run([COMMAND, "evaluate", "--json"], input=given, capture_output=True, text=True, check=False)
    return done.returncode, json.loads(done.stdout)


def test_a_program_with_the_components_is_proven_isolated_and_a_widened_one_is_not(
    preview: Callable[..., str],
) -> None:
    """Before anything is made: the attached policy's ARN is not even known yet."""
    code, found = evaluate(preview(PROGRAM, ""))
    assert (code, found["isolated"]) == (0, True)
    assert found["clouds"][0]["namespaces"] == {"test": "test/", "test-eu": "test-eu/", "shop": "team-a/shop/"}
    code, found = evaluate(preview(PROGRAM, WIDENED))
    assert code == 1
    assert {(each["namespace"], each["owner"]) for each in found["clouds"][0]["breaches"]} >= {
        ("test", "test-eu"),
        ("test", "shop"),
    }


def test_a_program_on_azure_is_proven_isolated_and_a_widened_one_is_not(preview: Callable[..., str]) -> None:
    """Of the ids of identities and vaults none is known yet."""
    code, found = evaluate(preview(AZURE, ""))
    (azure,) = found["clouds"]
    assert (code, azure["cloud"], azure["undecided"], azure["unreadable"]) == (0, "azure", [], [])
    assert azure["namespaces"].keys() == {"test", "test-eu", "shop", "bound"}
    code, found = evaluate(preview(AZURE, WIDENED_AZURE))
    assert code == 1
    breaches = {(each["namespace"], each["owner"]) for each in found["clouds"][0]["breaches"]}
    assert breaches >= {("test", "test-eu"), ("test", "shop")}


NARROW = """
secrets = "arn:aws:secretsmanager:us-east-1:111122223333:secret:test/*"
own = {"Statement": {"Effect": "Allow", "Action": "secretsmanager:Get*", "Resource": secrets}}
by_aws = pulumi.ResourceOptions(provider=providers[0])
aws.iam.RolePolicy("more", name="own", role="secret-access-test", policy=json.dumps(own), opts=by_aws)
"""


def test_a_policy_that_the_engine_keeps_when_it_replaces_it_is_judged_beside_the_new_one(
    preview: Callable[..., str], with_a_policy_that_is_kept: str
) -> None:
    """The engine shows it as the old state of one step; without that, the new one isolates."""
    given = preview(PROGRAM, NARROW, "--replace", with_a_policy_that_is_kept)
    code, found = evaluate(given)
    assert code == 1
    assert {each["namespace"] for each in found["clouds"][0]["breaches"]} == {"test"}
    forgotten = given.replace('"retainOnDelete": true', '"retainOnDelete": false')
    assert evaluate(forgotten)[0] == 0
