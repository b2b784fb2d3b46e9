"""Policies of AWS's own: which of them give rights to secrets. Pure.

Source: AWS Managed Policy Reference, a page for each.
"""

import re

_ARN = re.compile(r"arn:aws[a-z-]*:iam::aws:policy/(?:service-role/)?(\w+)")
OF_EVERY_SECRET = ("AdministratorAccess", "IAMFullAccess", "PowerUserAccess", "SecretsManagerReadWrite")
"""Read every secret, or take the right to."""
_WITHOUT_SECRETS = frozenset(
    {
        "AWSXRayDaemonWriteAccess",
        "AmazonEBSCSIDriverPolicy",
        "AmazonEC2ContainerRegistryPullOnly",
        "AmazonEC2ContainerRegistryReadOnly",
        "AmazonEFSCSIDriverPolicy",
        "AmazonEKSWorkerNodeMinimalPolicy",
        "AmazonEKSWorkerNodePolicy",
        "AmazonEKS_CNI_Policy",
        "AmazonPrometheusRemoteWriteAccess",
        "AmazonSSMManagedInstanceCore",
        "CloudWatchAgentServerPolicy",
    }
)


def is_of_aws(arn: str) -> bool:
    """Return whether a policy is AWS's own."""
    return _ARN.fullmatch(arn) is not None


def is_without_secrets(arn: str) -> bool:
    """Return whether a policy is one that nodes and add-ons of clusters have, and that gives no right to a secret."""
    found = _ARN.fullmatch(arn)
    return found is not None and found[1] in _WITHOUT_SECRETS


def is_of_every_secret(arn: str) -> bool:
    """Return whether a policy is one that is known to give the right to every secret."""
    found = _ARN.fullmatch(arn)
    return found is not None and found[1] in OF_EVERY_SECRET
