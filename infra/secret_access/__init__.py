"""Pulumi components that give every Kubernetes namespace its own cloud identity for its own secrets."""

from .aws.access import AwsSecretAccess, AwsSecretAccessArgs
from .aws.cluster_trust import ClusterTrust, ClusterTrustArgs
from .checks import Access
from .errors import InvalidArgument, InvalidSetting, NotReached, SecretAccessError, WrongAccount
from .pods.workload import SecretWorkload, SecretWorkloadArgs, WorkloadAccess
from .shared_service.backends import SharedBackend, aws_backend, vault_backend
from .shared_service.caller import CallerToken, caller_token
from .shared_service.component import SharedSecretService, SharedSecretServiceArgs

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
