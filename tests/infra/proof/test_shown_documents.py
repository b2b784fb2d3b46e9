"""Which resources a report shows: what decides on rights, and nothing that holds a secret."""

import pytest

from secret_access.proof.documents import documents

from .documents import resource

SHOWN = (
    *("aws:iam/role:Role", "aws:iam/rolePolicyAttachment:RolePolicyAttachment", "aws:iam/policy:Policy"),
    *("aws:iam/instanceProfile:InstanceProfile", "aws:iam/userPolicyAttachment:UserPolicyAttachment"),
    *("aws:eks/podIdentityAssociation:PodIdentityAssociation", "aws:eks/nodeGroup:NodeGroup"),
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
    *("gcp:projects/iAMBinding:IAMBinding", "gcp:folder/iAMMember:IAMMember", "gcp:organizations/iAMPolicy:IAMPolicy"),
    *("gcp:secretmanager/secretIamMember:SecretIamMember", "gcp:serviceaccount/iAMPolicy:IAMPolicy"),
    "gcp:secretmanager/regionalSecretIamBinding:RegionalSecretIamBinding",
    *("azure-native:authorization:RoleAssignment", "azure-native:authorization/v20220401:RoleAssignment"),
    "azure-native_authorization_v20220401:authorization/v20220401:RoleAssignment",
    *("azure-native:keyvault:Vault", "azure-native:keyvault/v20230701:AccessPolicy"),
    "azure-native:managedidentity/v20230131:FederatedIdentityCredential",
    *("vault:index/policy:Policy", "vault:jwt/authBackendRole:AuthBackendRole"),
    *("vault:kubernetes/authBackendRole:AuthBackendRole", "vault:identity/groupPolicies:GroupPolicies"),
)
HIDDEN = (
    *("aws:secretsmanager/secretVersion:SecretVersion", "aws:iam/accessKey:AccessKey", "kubernetes:core/v1:Secret"),
    *("aws:ec2/launchTemplate:LaunchTemplate", "aws:ec2/instance:Instance"),
    *("gcp:secretmanager/secretVersion:SecretVersion", "gcp:serviceaccount/key:Key", "azure-native:keyvault:Secret"),
    *("vault:kv/secretV2:SecretV2", "vault:generic/secret:Secret", "vault:index/token:Token"),
    "vault:appRole/authBackendRoleSecretId:AuthBackendRoleSecretId",
)


@pytest.mark.parametrize("kind", SHOWN)
def test_what_decides_on_rights_is_shown(kind: str) -> None:
    """With its inputs, but for those of Pulumi's own."""
    (found,) = documents([resource(kind, "it", policy="a", __defaults="b")])
    assert (found["type"], found["name"], found["inputs"]) == (kind, "it", {"policy": "a"})


@pytest.mark.parametrize("kind", HIDDEN)
def test_what_may_hold_a_secret_is_not_shown(kind: str) -> None:
    assert documents([resource(kind, "it", value="a")]) == []
