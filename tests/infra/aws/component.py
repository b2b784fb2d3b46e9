"""The ways in which AwsSecretAccess gives pods their identity, as arguments, and the types of what it makes."""

from typing import Any

from secret_access.aws.identifiers import Cluster
from tests.infra.engine import ACCOUNT, CLUSTER_ARN, PROVIDER_ARN

ROLE = "aws:iam/role:Role"
POLICY = "aws:iam/rolePolicy:RolePolicy"
ASSOCIATION = "aws:eks/podIdentityAssociation:PodIdentityAssociation"
SERVICE_ACCOUNT = "kubernetes:core/v1:ServiceAccount"
ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/secret-access-test"
SHARED_ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/secret-access"
TARGET_ARN = "arn:aws:iam::444455556666:role/secret-access-test"
OTHER_PROVIDER = PROVIDER_ARN.replace("EXAMPLED539", "GREEN")
AGENT = "http://169.254.170.23/v1/credentials"
CLUSTER = Cluster("aws", ACCOUNT, "us-east-1", "blue")
OWN: dict[str, Any] = {
    "oidc_provider_arn": None,
    "pod_identity": "role_per_namespace",
    "eks_cluster_arn": CLUSTER_ARN,
}
POLICIES: dict[str, Any] = {**OWN, "pod_identity": "session_policies", "existing_role_arn": SHARED_ROLE_ARN}
TAGS: dict[str, Any] = {**OWN, "pod_identity": "session_tags", "existing_role_arn": SHARED_ROLE_ARN}
