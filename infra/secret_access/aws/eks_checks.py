"""Checks of an EKS cluster and its Pod Identity. Pure functions, as those of checks.py."""

import re

from ..checks import invalid, match
from .checks import of_one_account
from .identifiers import Cluster

EXAMPLE_CLUSTER = "arn:aws:eks:us-east-1:111122223333:cluster/blue"
CLUSTER_ARN = re.compile(r"arn:(aws[a-z-]*):eks:([a-z0-9-]+):([0-9]{12}):cluster/([A-Za-z0-9][A-Za-z0-9_-]{0,99})")
AGENT = re.compile(
    r"(https://[A-Za-z0-9.-]+|http://(169\.254\.170\.23|\[fd00:ec2::23\]|127\.0\.0\.1|\[::1\]|localhost))"
    r"(:[0-9]+)?(/[!-~]*)?"
)


def cluster(arn: object, argument: str = "eks_cluster_arn") -> Cluster:
    """Return the parts of an EKS cluster's ARN; a name alone says no account and no region."""
    found = CLUSTER_ARN.fullmatch(arn) if isinstance(arn, str) else None
    if found:
        return Cluster(partition=found[1], region=found[2], account_id=found[3], name=found[4])
    what = "holds a *, and a cluster is one" if "*" in str(arn) else "is not the ARN of an EKS cluster"
    fix = "take cluster.arn of `aws eks describe-cluster`"
    raise invalid(f"{argument} {what}", arn, f"such as {EXAMPLE_CLUSTER}", fix)


def clusters(arns: object) -> list[Cluster]:
    """Return EKS clusters, all of one account: the role's."""
    fix = "take cluster.arn of `aws eks describe-cluster`"
    return of_one_account("eks_cluster_arns", arns, EXAMPLE_CLUSTER, cluster, "so no session is trusted", fix)


def agent_url(url: object) -> str:
    """Return where the agent of Pod Identity answers: without TLS, only at addresses that never leave the node."""
    expected = "such as http://169.254.170.23/v1/credentials or http://[fd00:ec2::23]/v1/credentials"
    return match(AGENT, "pod_identity_agent_url", url, expected, "leave it out, unless the cluster is of IPv6")
