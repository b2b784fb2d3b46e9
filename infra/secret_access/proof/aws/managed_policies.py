"""Policies of AWS's own that nodes and add-ons of clusters have, and that give no right to a secret. Pure.

Source: AWS Managed Policy Reference, a page for each.
"""

import re

_ARN = re.compile(r"arn:aws[a-z-]*:iam::aws:policy/(?:service-role/)?(\w+)")
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


def is_without_secrets(arn: str) -> bool:
    """Return whether a policy is one of these."""
    found = _ARN.fullmatch(arn)
    return found is not None and found[1] in _WITHOUT_SECRETS
