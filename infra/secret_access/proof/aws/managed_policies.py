"""Policies of AWS's own: which of them give rights to secrets. Pure.

Source: AWS Managed Policy Reference, a page for each.
"""

import re
from collections.abc import Mapping
from typing import Any

_ARN = re.compile(r"arn:aws[a-z-]*:iam::aws:policy/(?:service-role/)?(\w+)")
_ALLOWED: Mapping[str, Mapping[str, Any]] = {
    "AdministratorAccess": {"Action": "*"},
    "IAMFullAccess": {"Action": "iam:*"},
    "PowerUserAccess": {"NotAction": ["iam:*", "organizations:*", "account:*"]},
    "SecretsManagerReadWrite": {"Action": "secretsmanager:*"},
}
"""What they allow on every resource, of that which matters to secrets."""
OF_EVERY_SECRET = tuple(_ALLOWED)
"""Read every secret, or take the right to."""
_WITHOUT_SECRETS = frozenset(
    {
        "AWSLambdaBasicExecutionRole",
        "AWSLambdaDynamoDBExecutionRole",
        "AWSLambdaKinesisExecutionRole",
        "AWSLambdaSQSQueueExecutionRole",
        "AWSLambdaVPCAccessExecutionRole",
        "AWSXRayDaemonWriteAccess",
        "AWSXrayWriteOnlyAccess",
        "AmazonAPIGatewayInvokeFullAccess",
        "AmazonDynamoDBReadOnlyAccess",
        "AmazonEBSCSIDriverPolicy",
        "AmazonEC2ContainerRegistryPowerUser",
        "AmazonEC2ContainerRegistryPullOnly",
        "AmazonEC2ContainerRegistryReadOnly",
        "AmazonEC2ReadOnlyAccess",
        "AmazonEFSCSIDriverPolicy",
        "AmazonEKSFargatePodExecutionRolePolicy",
        "AmazonEKSVPCResourceController",
        "AmazonEKSWorkerNodeMinimalPolicy",
        "AmazonEKSWorkerNodePolicy",
        "AmazonEKS_CNI_Policy",
        "AmazonElasticFileSystemClientFullAccess",
        "AmazonElasticFileSystemClientReadOnlyAccess",
        "AmazonElasticFileSystemClientReadWriteAccess",
        "AmazonKinesisFirehoseReadOnlyAccess",
        "AmazonKinesisFullAccess",
        "AmazonKinesisReadOnlyAccess",
        "AmazonPrometheusQueryAccess",
        "AmazonPrometheusRemoteWriteAccess",
        "AmazonRoute53ReadOnlyAccess",
        "AmazonS3FullAccess",
        "AmazonS3ReadOnlyAccess",
        "AmazonSESFullAccess",
        "AmazonSESReadOnlyAccess",
        "AmazonSNSFullAccess",
        "AmazonSNSReadOnlyAccess",
        "AmazonSQSFullAccess",
        "AmazonSQSReadOnlyAccess",
        "AmazonSSMManagedEC2InstanceDefaultPolicy",
        "AmazonSSMManagedInstanceCore",
        "CloudWatchAgentServerPolicy",
        "CloudWatchLogsReadOnlyAccess",
        "CloudWatchReadOnlyAccess",
    }
)
"""What pods and nodes commonly have, with no right over secrets, keys, roles or what runs with a role."""


def is_of_aws(arn: str) -> bool:
    """Return whether a policy is AWS's own."""
    return _ARN.fullmatch(arn) is not None


def is_without_secrets(arn: str) -> bool:
    """Return whether a policy is one that pods and nodes commonly have, and that gives no right to a secret."""
    found = _ARN.fullmatch(arn)
    return found is not None and found[1] in _WITHOUT_SECRETS


def document(arn: str) -> Mapping[str, Any] | None:
    """Return the document of a policy that gives the right to every secret, None of any other."""
    found = _ARN.fullmatch(arn)
    allowed = None if found is None else _ALLOWED.get(found[1])
    return None if allowed is None else {"Statement": {"Effect": "Allow", **allowed, "Resource": "*"}}
