"""What may decide who reads which secret, and is not read, is said: no proof is printed beside it."""

from collections.abc import Mapping
from typing import Any

import pytest

from secret_access.proof.evaluation import CLOUDS, evaluate
from secret_access.proof.preview import UNKNOWN
from secret_access.proof.unread import unread
from tests.infra.policy.cases.case import one, resources
from tests.infra.policy.cases.isolation import secrets_of


def said(type_: str, **inputs: Any) -> list[str]:
    """What is said of a resource, whatever the cloud."""
    return [line for cloud in CLOUDS for line in unread(cloud, resources(one(type_, **inputs)))]


HELD_ELSEWHERE: list[tuple[str, str, Mapping[str, Any], Mapping[str, Any]]] = [
    (
        "aws:cloudformation/stack:Stack",
        "AWS::IAM:: in its t",
        {"templateBody": '{"Resources": {"It": {"Type": "AWS::IAM::Role"}}}'},
        {"templateBody": '{"Resources": {"It": {"Type": "AWS::S3::Bucket"}}}'},
    ),
    (
        "aws-native:cloudformation:Stack",
        "what its templateUrl has is not read",
        {"templateUrl": "https://example/it"},
        {},
    ),
    (
        "aws:cloudcontrol/resource:Resource",
        "AWS::IAM:: in its t",
        {"typeName": "AWS::IAM::Role"},
        {"typeName": "AWS::S3::Bucket"},
    ),
    (
        "aws-native:index:ExtensionResource",
        "AWS::SecretsManager::ResourcePolicy in its type",
        {"type": "AWS::SecretsManager::ResourcePolicy"},
        {"type": "AWS::SecretsManager::Secret"},
    ),
    (
        "azure-native:resources/v20220901:Deployment",
        "Microsoft.Authorization/role in its properties",
        {"properties": {"template": {"resources": [{"type": "Microsoft.Authorization/roleAssignments"}]}}},
        {"properties": {"template": {"resources": [{"type": "Microsoft.Storage/storageAccounts"}]}}},
    ),
    (
        "vault:generic/endpoint:Endpoint",
        "sys/polic in its path",
        {"path": "sys/policies/acl/it"},
        {"path": "sys/mounts/it"},
    ),
    (
        "azure-native:resources:DeploymentStackAtResourceGroup",
        "Microsoft.Authorization/role in its template",
        {"template": {"resources": [{"type": "Microsoft.Authorization/roleAssignments"}]}},
        {"template": {"resources": [{"type": "Microsoft.Storage/storageAccounts"}]}},
    ),
    (
        "azure-native:resources:DeploymentStackAtSubscription",
        "what its templateLink has is not read",
        {"templateLink": {"uri": "https://example"}},
        {"template": {"resources": []}},
    ),
    (
        "azure:core/resourceGroupTemplateDeployment:ResourceGroupTemplateDeployment",
        "Microsoft.KeyVault/vaults in its templateContent",
        {"templateContent": '{"resources": [{"type": "Microsoft.KeyVault/vaults/accessPolicies"}]}'},
        {"templateContent": '{"resources": []}'},
    ),
    (
        "azapi:index/resource:Resource",
        "Microsoft.Authorization/role in its type",
        {"type": "Microsoft.Authorization/roleAssignments@2022-04-01"},
        {"type": "Microsoft.Storage/storageAccounts@2023-01-01"},
    ),
    (
        "kubernetes:vault.banzaicloud.com/v1alpha1:Vault",
        "policies in its spec",
        {"spec": {"externalConfig": {"policies": [{"name": "all", "rules": 'path "secret/*" {}'}]}}},
        {"spec": {"size": 1, "externalConfig": {"policies": [], "secrets": [{"type": "kv"}]}}},
    ),
    (
        "kubernetes:vault.banzaicloud.com/v1alpha1:Vault",
        "auth in its spec",
        {"spec": {"externalConfig": {"auth": [{"type": "kubernetes"}]}}},
        {"spec": {"size": 1}},
    ),
    (
        "kubernetes:vault.banzaicloud.com/v1alpha1:Vault",
        "externalConfig in its spec",
        {"spec": {"externalConfig": UNKNOWN}},
        {"spec": {"image": UNKNOWN}},
    ),
    ("vault:generic/secret:Secret", "auth in its path", {"path": "auth/jwt/role/it"}, {"path": "secret/it"}),
]
INSIDE = [
    ("AWS::CloudFormation::Stack", "AWS::CloudFormation::WaitConditionHandle"),
    ("AWS::CloudFormation::StackSet", "AWS::CloudFormation::Macro"),
    ("AWS::Serverless::Function", "AWS::Serverless::SimpleTable"),
    ("AWS::Serverless::Application", "AWS::Serverless::LayerVersion"),
    ("AWS::Include", "AWS::LanguageExtensions"),
    ("Shop::Roles::Reader::MODULE", "AWS::S3::Bucket"),
]


@pytest.mark.parametrize("type_", ["aws:cloudformation/stack:Stack", "aws-native:cloudformation:StackSet"])
@pytest.mark.parametrize(("decides", "does_not"), INSIDE)
def test_what_a_template_takes_from_elsewhere_or_makes_roles_of_is_said(
    type_: str, decides: str, does_not: str
) -> None:
    (line,) = said(type_, templateBody=f"Resources: {{It: {{Type: '{decides}'}}}}")
    assert line.endswith("in its templateBody is not read")
    assert said(type_, templateBody=f"Resources: {{It: {{Type: '{does_not}'}}}}") == []


def test_a_role_of_an_add_on_in_a_template_is_said() -> None:
    template = "Resources: {It: {Type: 'AWS::EKS::Addon', Properties: {AddonName: vpc-cni%s}}}"
    assert said("aws:cloudformation/stack:Stack", templateBody=template % "") == []
    assert said("aws:cloudformation/stack:Stack", templateBody=template % ", PodIdentityAssociations: []")


@pytest.mark.parametrize(("type_", "says", "wrong", "right"), HELD_ELSEWHERE, ids=lambda value: str(value)[:30])
def test_documents_inside_of_others_are_said_to_be_not_judged(
    type_: str, says: str, wrong: Mapping[str, Any], right: Mapping[str, Any]
) -> None:
    """Where they may decide who reads which secret, and there alone."""
    (line,) = said(type_, **wrong)
    assert line.startswith(f"it of type {type_}: {says}")
    assert said(type_, **right) == []


@pytest.mark.parametrize(
    ("decides", "does_not"),
    [
        ("aws:index/iamRolePolicy:IamRolePolicy", "aws:index/s3Bucket:S3Bucket"),
        ("google:index/projectIamMember:ProjectIamMember", "google:index/storageBucket:StorageBucket"),
        ("azurerm:index/roleAssignment:RoleAssignment", "azurerm:index/storageAccount:StorageAccount"),
        ("kubernetes:iam.services.k8s.aws/v1alpha1:Role", "kubernetes:s3.services.k8s.aws/v1alpha1:Bucket"),
        ("kubernetes:iam.aws.upbound.io/v1beta1:RolePolicy", "kubernetes:s3.aws.upbound.io/v1beta1:Bucket"),
        ("kubernetes:iam.cnrm.cloud.google.com/v1beta1:IAMPolicyMember", "kubernetes:core/v1:ConfigMap"),
        (
            "kubernetes:managedidentity.azure.com/v1api20230131:FederatedIdentityCredential",
            "kubernetes:apps/v1:Deployment",
        ),
        ("azurerm:index/pimActiveRoleAssignment:PimActiveRoleAssignment", "azurerm:index/vault:Vault"),
        (
            "kubernetes:secretmanager.gcp.upbound.io/v1beta1:SecretIAMMember",
            "kubernetes:secretmanager.gcp.upbound.io/v1beta1:Secret",
        ),
        (
            "kubernetes:secretmanager.gcp.m.upbound.io/v1beta1:RegionalSecretIAMBinding",
            "kubernetes:secretmanager.gcp.m.upbound.io/v1beta1:SecretVersion",
        ),
        (
            "kubernetes:policy.kubevault.com/v1alpha1:VaultPolicyBinding",
            "kubernetes:kubevault.com/v1alpha2:VaultServer",
        ),
        ("kubernetes:redhatcop.redhat.io/v1alpha1:Policy", "kubernetes:rbac.authorization.k8s.io/v1:Role"),
    ],
)
def test_types_that_are_not_read_are_said(decides: str, does_not: str) -> None:
    """Those that may decide, and no others."""
    (line,) = said(decides)
    assert line.startswith(f"it of type {decides}: ")
    assert said(does_not) == []


def test_beside_them_nothing_is_proven() -> None:
    """Of their own cloud: another's documents are not in them."""
    stack = one("aws:cloudformation/stack:Stack", templateBody="Type: AWS::IAM::Role")
    (verdict,) = evaluate(resources({**secrets_of("shop", "shop/*"), **stack}), {}, ())
    assert verdict.undecided == (
        "it of type aws:cloudformation/stack:Stack: AWS::IAM:: in its templateBody is not read",
    )
    other = one("vault:generic/endpoint:Endpoint", path="sys/policies/acl/it")
    (verdict,) = evaluate(resources({**secrets_of("shop", "shop/*"), **other}), {}, ())
    assert verdict.undecided == ()


def test_where_no_namespace_is_judged_nothing_is_said() -> None:
    """No proof is claimed there."""
    assert evaluate(resources(one("aws:cloudformation/stack:Stack", templateUrl="https://example")), {}, ()) == []
