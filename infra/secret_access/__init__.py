"""Pulumi components that give every Kubernetes namespace its own cloud identity for its own secrets."""

from .aws import AwsSecretAccess, AwsSecretAccessArgs
from .cluster_trust import ClusterTrust, ClusterTrustArgs
from .errors import InvalidArgument, InvalidSetting, NotReached, SecretAccessError, WrongAccount
from .policies import Access
from .workload import SecretWorkload, SecretWorkloadArgs, WorkloadAccess

__all__ = [
    "Access",
    "AwsSecretAccess",
    "AwsSecretAccessArgs",
    "ClusterTrust",
    "ClusterTrustArgs",
    "InvalidArgument",
    "InvalidSetting",
    "NotReached",
    "SecretAccessError",
    "SecretWorkload",
    "SecretWorkloadArgs",
    "WorkloadAccess",
    "WrongAccount",
]
