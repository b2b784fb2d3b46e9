"""A program that asks for isolation stops at `pulumi preview`, by Pulumi's real engine, with nothing made."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2

from bench.infra import echo
from local import config
from tests.integration.real_parts import Stack

PROGRAM = """
import json, pulumi, pulumi_aws as aws, pulumi_azure_native as azure, pulumi_gcp as gcp
import pulumi_kubernetes as k8s, pulumi_vault as vault
from secret_access import AwsSecretAccess, AzureSecretAccess, GcpSecretAccess, VaultSecretAccess, require_isolation

require_isolation()
cluster = k8s.Provider("kubernetes", context="test", kubeconfig="test")
account = aws.Provider("aws", region="us-east-1", skip_credentials_validation=True, skip_requesting_account_id=True)
project = gcp.Provider("gcp", project="my-project", access_token="none")
subscription = azure.Provider("azure", subscription_id="22222222-2222-2222-2222-222222222222")
server = vault.Provider("vault", address="http://127.0.0.1:1", token="none", skip_child_token=True)
issuer = "arn:aws:iam::111122223333:oidc-provider/oidc.eks.us-east-1.amazonaws.com/id/EXAMPLED539"
pool = "//iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/blue/providers/cluster"
of_project = {"project": "my-project", "project_number": "123456789012", "workload_identity_provider": pool}
of_project["grant"] = "prefix"
group = "/subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/secrets"
of_tenant = {"tenant_id": "33333333-3333-3333-3333-333333333333", "resource_group": "secrets", "location": "westeurope"}
of_tenant |= {"issuers": {"blue": "https://westeurope.oic.prod-aks.azure.com/1/2/"}, "secrets": ["a"]}
of_tenant |= {"vault_id": f"{group}/providers/Microsoft.KeyVault/vaults/shared", "shared_vault": True}
of_server = {"address": "https://vault.example:8200"}
for namespace in ("test", "test-eu"):
    both = {"namespace": namespace, "sidecar_image": "registry.example/secret-sidecar:0.1.0"}
    for component, given, provider in (
        (AwsSecretAccess, {"region": "us-east-1", "oidc_provider_arn": issuer}, account),
        (GcpSecretAccess, of_project, project),
        (AzureSecretAccess, of_tenant, subscription),
        (VaultSecretAccess, of_server, server),
    ):
        name = f"{component.__name__.removesuffix('SecretAccess').lower()}-{namespace}"
        component(name, {**both, **given}, pulumi.ResourceOptions(providers=[cluster, provider]))
"""
WIDER = """
def of(provider):
    return pulumi.ResourceOptions(provider=provider)

wide = {"Statement": {"Sid": "Wide", "Effect": "Allow", "Action": "secretsmanager:Get*", "Resource": "*"}}
policy = aws.iam.Policy("wide", policy=json.dumps(wide), opts=of(account))
aws.iam.RolePolicyAttachment("wide", role="secret-access-test", policy_arn=policy.arn, opts=of(account))
member = pool.replace("//iam", "principalSet://iam").replace("providers/cluster", "namespace/test")
gcp.projects.IAMMember(
    "wide", project="my-project", role="roles/secretmanager.secretAccessor", member=member, opts=of(project)
)
azure.managedidentity.FederatedIdentityCredential(
    "wide", resource_name_="secret-access-test-eu", resource_group_name="secrets", issuer=of_tenant["issuers"]["blue"],
    subject="system:serviceaccount:test:other", audiences=["api://AzureADTokenExchange"], opts=of(subscription),
)
vault.Policy(
    "wide", name="wide", policy='path "secret/data/test*" { capabilities = ["read"] }', opts=of(server)
)
vault.jwt.AuthBackendRole(
    "wide", backend="jwt", role_name="wide", role_type="jwt", user_claim="sub", token_policies=["wide"],
    bound_subject="system:serviceaccount:test:other", opts=of(server)
)
"""
PACKAGED = """
import json, pulumi, pulumi_aws as aws, pulumi_kubernetes as k8s
from secret_access import require_isolation

def widen(args):
    if args.type_ != "aws:iam/rolePolicy:RolePolicy" or "test-eu" not in args.name:
        return None
    wide = {"Statement": {"Sid": "Changed", "Effect": "Allow", "Action": "secretsmanager:*", "Resource": "*"}}
    return pulumi.ResourceTransformResult({**args.props, "policy": json.dumps(wide)}, args.opts)

require_isolation()
cluster = k8s.Provider("kubernetes", context="test", kubeconfig="test")
account = aws.Provider("aws", region="us-east-1", skip_credentials_validation=True, skip_requesting_account_id=True)
pulumi.runtime.register_resource_transform(widen)
for namespace in ("test", "test-eu"):
    given = {
        "namespace": namespace,
        "secretPrefix": f"team/{namespace}/",
        "sidecarImage": "registry.example/secret-sidecar:0.1.0",
        "region": "us-east-1",
        "oidcProviderArn": "arn:aws:iam::111122223333:oidc-provider/oidc.eks.us-east-1.amazonaws.com/id/EXAMPLED539",
    }
    pulumi.ComponentResource(
        "secret-access:index:AwsSecretAccess", namespace, given,
        pulumi.ResourceOptions(providers=[cluster, account]), remote=True,
    )
"""


CHANGED = """
import json, pulumi, pulumi_aws as aws
from secret_access import require_isolation

require_isolation()
account = aws.Provider("aws", region="us-east-1", skip_credentials_validation=True, skip_requesting_account_id=True)
issuer = "oidc.eks.us-east-1.amazonaws.com/id/EXAMPLED539"

def options(*ignored):
    return pulumi.ResourceOptions(provider=account, ignore_changes=list(ignored))

def reading(*patterns):
    arns = [f"arn:aws:secretsmanager:us-east-1:111122223333:secret:{each}" for each in patterns]
    return json.dumps({"Statement": {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": arns}})

for namespace in ("test", "prod"):
    is_exact = {"StringEquals": {f"{issuer}:sub": f"system:serviceaccount:{namespace}:app"}}
    federated = {"Federated": f"arn:aws:iam::111122223333:oidc-provider/{issuer}"}
    statement = {"Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity", "Principal": federated}
    trust = json.dumps({"Statement": {**statement, "Condition": is_exact}})
    aws.iam.Role(namespace, name=namespace, assume_role_policy=trust, opts=options())
    own = reading(f"{namespace}/*")
    aws.iam.RolePolicy(f"{namespace}-secrets", name="own", role=namespace, policy=own, opts=options())
"""
WIDE = 'aws.iam.RolePolicy("more", name="more", role="test", policy=reading("test/*", "prod/*"), opts=options())\n'
NARROW = WIDE.replace(', "prod/*"', "")
UNCHECKED = CHANGED.replace("\nrequire_isolation()", "")
TARGET = "urn:pulumi:only::inline::aws:iam/rolePolicy:RolePolicy::test-secrets"


class Changing(echo.Echo):
    """Accepts changes and removals too."""

    def Diff(self, request: provider_pb2.DiffRequest, context: object) -> provider_pb2.DiffResponse:  # noqa: N802 — gRPC's name
        del context
        some = provider_pb2.DiffResponse.DIFF_SOME
        is_same = request.old_inputs == request.news
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE if is_same else some)

    def Update(self, request: provider_pb2.UpdateRequest, context: object) -> provider_pb2.UpdateResponse:  # noqa: N802 — gRPC's name
        del context
        return provider_pb2.UpdateResponse(properties=request.news)

    def Delete(self, request: provider_pb2.DeleteRequest, context: object) -> empty_pb2.Empty:  # noqa: N802 — gRPC's name
        del request, context
        return empty_pb2.Empty()


@pytest.fixture
def wide_before(stack: Stack) -> Iterator[Stack]:
    """A stack that was made with a policy which is too wide, by a provider that accepts every change."""
    with echo.serving(Changing()) as (_, port):
        made = Stack(stack.folder, {**stack.env, "PULUMI_DEBUG_PROVIDERS": f"aws:{port}"})
        made.program(UNCHECKED + WIDE)
        made.up()
        yield made


def test_what_the_engine_keeps_of_a_wide_policy_is_not_called_isolated(wide_before: Stack) -> None:
    """By `ignore_changes` and by `--target`; and without these the same program is."""
    wide_before.program(CHANGED + NARROW)
    assert "isolated: 2 namespaces x 2 prefixes on aws, proven" in wide_before.pulumi("preview")
    targeted = wide_before.pulumi("preview", "--target", TARGET)
    assert "the program's documents isolate, but the engine answers with others" in targeted
    assert "isolated: 2" not in targeted
    wide_before.program(CHANGED + NARROW.replace("options()", 'options("policy")'))
    assert "BREACH  namespace test can use prod/a" in wide_before.pulumi("preview", fails=True)


def test_where_the_engine_leaves_resources_out_nothing_is_called_isolated(wide_before: Stack) -> None:
    """A new policy that `--target` leaves out; and `--exclude` does the same."""
    wide_before.program(CHANGED + NARROW.replace('"more"', '"new"'))
    new = TARGET.replace("test-secrets", "new")
    for limited in (("--target", TARGET), ("--exclude", new)):
        printed = wide_before.pulumi("preview", *limited)
        assert "not judged: --target or --exclude leaves resources out" in printed
        assert "isolated: 2" not in printed


def test_the_pack_sees_what_stays_of_a_program_that_is_updated_in_part(wide_before: Stack, tmp_path: Path) -> None:
    """A policy that the program no longer has, and no target names: `require_isolation` cannot know of it.

    Nor does the pack need the program, to judge what is there.
    """
    wide_before.program(CHANGED)
    assert "isolated: 2 namespaces" in wide_before.pulumi("preview", "--target", TARGET)
    pack = tmp_path / "policy"
    shutil.copytree(config.ROOT / "infra/policy", pack, ignore=shutil.ignore_patterns("venv", "__pycache__"))
    options = {"toolchain": "uv", "virtualenv": sys.prefix}
    (pack / "PulumiPolicy.yaml").write_text(json.dumps({"runtime": {"name": "python", "options": options}}))
    with_pack = replace(wide_before, env={**wide_before.env, "PULUMI_OPTION_POLICY_PACK": str(pack)})
    assert "test can use prod/" in with_pack.pulumi("preview", "--target", TARGET, fails=True)
    assert "test can use prod/" in wide_before.pulumi("policy", "analyze", "--policy-pack", str(pack), fails=True)


@pytest.fixture
def accepting(stack: Stack) -> Iterator[Stack]:
    """A project whose clouds and cluster accept everything."""
    with echo.serving() as (_, port):
        names = ("aws", "azure-native", "gcp", "vault", "kubernetes")
        yield Stack(stack.folder, {**stack.env, "PULUMI_DEBUG_PROVIDERS": ",".join(f"{name}:{port}" for name in names)})


def test_a_program_whose_documents_isolate_is_made_and_says_so(accepting: Stack) -> None:
    """A line for each cloud, by the preview and by the update."""
    accepting.program(PROGRAM)
    preview, update = accepting.pulumi("up", "--yes").split("Diagnostics:")[1:]
    for cloud in ("aws", "azure", "gcp", "vault"):
        proven = f"isolated: 2 namespaces x 2 prefixes on {cloud}, proven for all names"
        assert proven in preview
        # The provider of the test makes no id of a principal, which Azure's documents need then
        assert proven in update or cloud == "azure"
    assert "aws-test-role" in accepting.state()


def test_a_program_whose_documents_do_not_isolate_stops_with_nothing_made(accepting: Stack) -> None:
    """On each cloud: both namespaces, a name, and the statement; some ARNs are not even known yet."""
    accepting.program(PROGRAM + WIDER)
    printed = accepting.pulumi("up", "--yes", fails=True)
    assert accepting.state() == {}
    found = printed.split("the documents do not keep namespaces apart: nothing is made")[-1]
    assert found.count("BREACH  namespace test can use test-eu/a (of namespace test-eu)") == 4
    for statement in (
        "by policy wide attached to secret-access-test, statement Wide (secretsmanager:GetSecretValue)",
        "by binding wide of roles/secretmanager.secretAccessor on the project without a condition",
        "by federated credential wide, which takes system:serviceaccount:test:other",
        'by policy wide, path "secret/data/test*"',
    ):
        assert statement in found
    assert "Traceback" not in printed


def test_packaged_components_and_other_transforms_are_seen(accepting: Stack) -> None:
    """The children of components that a package makes, as the transforms of the stack leave them."""
    plugin = accepting.folder / "bin" / "pulumi-resource-secret-access"
    plugin.parent.mkdir()
    plugin.write_text(f'#!/bin/sh\nexec {sys.executable} {config.ROOT}/infra/plugin/aws/__main__.py "$@"\n')
    plugin.chmod(0o755)
    packaged = Stack(accepting.folder, {**accepting.env, "PATH": f"{plugin.parent}{os.pathsep}{accepting.env['PATH']}"})
    packaged.program(PACKAGED)
    printed = packaged.pulumi("preview", fails=True)
    assert "BREACH  namespace test-eu can use team/test/a (of namespace test)" in printed
    assert "statement Changed (secretsmanager:GetSecretValue)" in printed
    assert "BREACH  namespace test can" not in printed
    packaged.program(PACKAGED.replace('"test-eu" not in args.name', "True"))
    assert "isolated: 2 namespaces x 2 prefixes on aws" in packaged.pulumi("preview")
