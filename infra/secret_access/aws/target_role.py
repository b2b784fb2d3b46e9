"""A role in the account of the secrets, which EKS Pod Identity assumes with the role of a namespace elsewhere."""

from typing import Any, NotRequired

import pulumi

from .. import checks
from ..arguments import Arguments
from ..checks import Access
from ..inputs import children_of, foreseen, lift
from . import checks as aws_checks
from . import eks_checks, role_checks
from .documents import secrets_policy
from .environment import BACKEND
from .identifiers import Account, Cluster, Role
from .role import make_role, policy_text, role_arguments, trust_text
from .role_arguments import RoleArgs
from .trust import target_role_trust
from .trust_conditions import TARGET_ROLE


class AwsTargetRoleArgs(RoleArgs):
    """Arguments of AwsTargetRole."""

    namespace: pulumi.Input[str]
    """The Kubernetes namespace. Example: `test`."""
    eks_cluster_arn: pulumi.Input[str]
    """ARN of the EKS cluster that the namespace is on. Example: `arn:aws:eks:us-east-1:111122223333:cluster/blue`."""
    account_id: pulumi.Input[str]
    """The account of the secrets, which is that of the component's provider. Example: `444455556666`."""
    region: pulumi.Input[str]
    """The region of the secrets. Example: `us-east-1`."""
    service_account_name: NotRequired[pulumi.Input[str]]
    """The namespace's ServiceAccount. Default: `secret-access`."""
    association_role_arn: NotRequired[pulumi.Input[str]]
    """ARN of the role that the association names. Default: the one that AwsSecretAccess creates by default, in the
    cluster's account. Example: `arn:aws:iam::111122223333:role/secret-access-test`."""
    external_id: NotRequired[pulumi.Input[str]]
    """The `externalId` of the association, to be demanded too: the output `external_id` of AwsSecretAccess.
    Default: none. Example: `us-east-1/111122223333/blue/test/secret-access`."""
    secret_prefix: NotRequired[pulumi.Input[str]]
    """Prefix of the secrets; ends in `/`. Default: the namespace and `/`. Example: `team-a/test/`."""
    access: NotRequired[pulumi.Input[Access]]
    """`read` or `read_write`. Default: `read`."""
    role_name: NotRequired[pulumi.Input[str]]
    """Name of the role, unique in its account, at most 64 characters. Default: `secret-access-` and the namespace."""


class AwsTargetRole(pulumi.ComponentResource):
    """A role for a namespace's secrets in another account, for the argument `target_role_arn` of AwsSecretAccess.

    Make it with a provider of that account. It trusts the role of the namespace's association, in sessions that EKS
    tagged with the cluster, the namespace and the ServiceAccount.
    """

    role_arn: pulumi.Output[str]
    """ARN of the role, known once its policies are complete."""

    def __init__(self, name: str, args: AwsTargetRoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        given = Arguments(f"AwsTargetRole {name!r}", args, AwsTargetRoleArgs)
        namespace = given.take("namespace", checks.namespace)
        cluster = given.take("eks_cluster_arn", eks_checks.cluster)
        account = given.check(_account, given.get("account_id"), cluster)
        region = given.check(_region, account, given.get("region"))
        replicas = given.beside("replica_regions", aws_checks.replica_regions, region, left_out=[])
        keys = given.beside("kms_key_arns", aws_checks.kms_key_arns, region, replicas, left_out=[])
        prefix = given.check(_prefix, given.get("secret_prefix"), namespace)
        access = given.take("access", checks.access, Access.READ)
        service_account = given.take("service_account_name", checks.service_account_name, "secret-access")
        association_role = given.check(_association_role, given.get("association_role_arn"), namespace, cluster)
        external_id = given.take("external_id", role_checks.external_id)
        role = role_arguments(given, account, lift("secret-access-{}".format, namespace))
        known = (association_role, cluster, namespace, service_account, external_id)
        trust = lift(_once_checked, trust_text(given, TARGET_ROLE, target_role_trust, *known), account)
        policy = given.check(_policy, account, region, prefix, access, keys, replicas)
        super().__init__("secret-access:index:AwsTargetRole", name, {}, opts)
        description = lift(_description, prefix, namespace, cluster)
        made = make_role(name, role, description, trust, policy, children_of(self, opts))
        self.role_arn = foreseen(made, lift(_arn, account, role.path, role.name))
        self.register_outputs({"roleArn": self.role_arn})


def _arn(account: Account, path: str | None, name: str) -> str:
    return Role.of(account, path, name).arn


def _account(account_id: object, cluster: Cluster) -> Account:
    return Account(cluster.partition, role_checks.account_id(account_id))


def _once_checked(trust: str, _: Account) -> str:
    return trust


def _region(account: Account, name: object) -> str:
    return aws_checks.region_of(account.partition, name, "eks_cluster_arn")


def _prefix(prefix: object, namespace: str) -> str:
    return checks.secret_prefix(BACKEND.spelling, prefix, namespace)


def _association_role(arn: object, namespace: str, cluster: Cluster) -> Role:
    if arn is None:
        return Role(cluster.partition, cluster.account_id, f"secret-access-{namespace}")
    reason = "EKS passes a role of the cluster's own account alone"
    return role_checks.role_of(
        "association_role_arn", role_checks.role_arn(arn, "association_role_arn"), cluster, reason
    )


def _policy(*grants: Any) -> str:
    return policy_text(secrets_policy(*grants))


def _description(prefix: str, namespace: str, cluster: Cluster) -> str:
    return f"Secrets {prefix}* for pods of the namespace {namespace} of {cluster.name} in {cluster.account_id}"
