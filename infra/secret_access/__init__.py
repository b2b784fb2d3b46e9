"""Pulumi components that give every Kubernetes namespace its own cloud identity for its own secrets."""

from .aws import AwsSecretAccess, AwsSecretAccessArgs
from .cluster_trust import ClusterTrust, ClusterTrustArgs
from .errors import InvalidArgument, InvalidSetting, NotReached, SecretAccessError, WrongAccount
from .policies import Access
from .shared import SharedSecretService, SharedSecretServiceArgs
from .shared_backends import SharedBackend, aws_backend, vault_backend
from .shared_caller import CallerToken, caller_token
from .workload import SecretWorkload, SecretWorkloadArgs, WorkloadAccess

__all__ = [
    "Access",
    "AwsSecretAccess",
    "AwsSecretAccessArgs",
    "CallerToken",
    "ClusterTrust",
    "ClusterTrustArgs",
    "InvalidArgument",
    "InvalidSetting",
    "NotReached",
    "SecretAccessError",
    "SecretWorkload",
    "SecretWorkloadArgs",
    "SharedBackend",
    "SharedSecretService",
    "SharedSecretServiceArgs",
    "WorkloadAccess",
    "WrongAccount",
    "aws_backend",
    "caller_token",
    "vault_backend",
]
