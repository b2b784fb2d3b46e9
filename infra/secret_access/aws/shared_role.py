"""One role for the namespaces of a cluster, by EKS Pod Identity: what each may read is decided per session."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NotRequired

import pulumi

from secret_names import vaults

from .. import checks
from ..arguments import Arguments
from ..checks import Access
from ..inputs import children_of, foreseen, lift
from . import checks as aws_checks
from . import eks_checks, sharing
from .documents import NAMESPACE_TAG, secrets_policy
from .identifiers import Account, Cluster, Role
from .identity_choice import PodIdentity, shared
from .role import make_role, policy_text, role_arguments, trust_text
from .role_arguments import RoleArgs
from .trust import restricted_sessions_trust, tagged_sessions_trust
from .trust_conditions import POD_IDENTITY, POD_IDENTITY_WITHOUT_TAGS


class AwsSharedRoleArgs(RoleArgs):
    """Arguments of AwsSharedRole."""

    pod_identity: PodIdentity
    """What decides which secrets a session may use: `session_tags` or `session_policies`. Example: `session_tags`."""
    eks_cluster_arns: pulumi.Input[Sequence[pulumi.Input[str]]]
    """ARNs of the EKS clusters whose namespaces share the role; the role and the secrets are in their account.
    Example: `["arn:aws:eks:us-east-1:111122223333:cluster/blue"]`."""
    region: pulumi.Input[str]
    """The region of the secrets. Example: `us-east-1`."""
    common_prefix: NotRequired[pulumi.Input[str]]
    """What the prefixes of all namespaces begin with; ends in `/`. Default: nothing. Example: `team-a/`."""
    access: NotRequired[pulumi.Input[Access]]
    """`read` or `read_write`: with session tags what every namespace may do, with session policies the most that one
    may. Default: `read`."""
    service_account_name: NotRequired[pulumi.Input[str]]
    """With session tags alone, the ServiceAccount of each namespace that may use the role. Default: `secret-access`."""
    role_name: NotRequired[pulumi.Input[str]]
    """Name of the role, unique in the account, at most 64 characters. Default: `secret-access`."""


class AwsSharedRole(pulumi.ComponentResource):
    """A role that the namespaces of one or more EKS clusters share, for the argument `existing_role_arn`.

    With session tags its policy names the caller's namespace, which EKS puts into each session. With session policies
    it may use all secrets under the common prefix, and each association restricts its own sessions: who may create
    associations and pass the role can read all of them.
    """

    role_arn: pulumi.Output[str]
    """ARN of the role, known once its policies are complete."""

    def __init__(self, name: str, args: AwsSharedRoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        where = f"AwsSharedRole {name!r}"
        given = Arguments(where, args, AwsSharedRoleArgs)
        mode = given.plain("pod_identity", shared)
        if mode is PodIdentity.SESSION_POLICIES:
            reason = "its trust is in any association, and each of these names its ServiceAccount"
            fix = "leave it out, or use pod_identity: session_tags"
            given.refuse_ignored("service_account_name", f"beside pod_identity: {mode.value}", reason, fix)
        clusters = given.take("eks_cluster_arns", eks_checks.clusters)
        account = lift(_first, clusters)
        region = given.check(_region, account, given.get("region"))
        replicas = given.beside("replica_regions", aws_checks.replica_regions, region, left_out=[])
        keys = given.beside("kms_key_arns", aws_checks.kms_key_arns, region, replicas, left_out=[])
        prefix = given.take("common_prefix", _common_prefix)
        access = given.take("access", checks.access, Access.READ)
        service_account = given.take("service_account_name", checks.service_account_name, "secret-access")
        role = role_arguments(given, account, "secret-access")
        if mode is PodIdentity.SESSION_TAGS:
            trust = trust_text(given, POD_IDENTITY, tagged_sessions_trust, clusters, service_account)
        else:
            trust = trust_text(given, POD_IDENTITY_WITHOUT_TAGS, restricted_sessions_trust, clusters)
        agreed = partial(_policy, mode, sharing.shared(where, mode))
        policy = given.check(agreed, role.path, role.name, account, region, prefix, access, keys, replicas)
        super().__init__("secret-access:index:AwsSharedRole", name, {}, opts)
        description = f"Secrets of the namespaces of EKS clusters, by {mode.replace('_', ' ')}"
        made = make_role(name, role, description, trust, policy, children_of(self, opts))
        self.role_arn = foreseen(made, lift(_arn, account, role.path, role.name))
        self.register_outputs({"roleArn": self.role_arn})


def _first(clusters: list[Cluster]) -> Cluster:
    return clusters[0]


def _region(cluster: Cluster, name: object) -> str:
    return aws_checks.region_of(cluster.partition, name, "eks_cluster_arns")


def _common_prefix(common: object) -> str:
    return "" if common is None else checks.named(vaults.AWS.check_prefix, "common_prefix", common)


def _arn(account: Account, path: str | None, name: str) -> str:
    return Role.of(account, path, name).arn


def _policy(
    mode: PodIdentity,
    share: Callable[[Role, str, Access], None],
    path: str | None,
    name: str,
    account: Account,
    region: str,
    common_prefix: str,
    access: Access,
    *others: Any,
) -> str:
    """Return the role's policy, if it grants what the components of the program that have the role ask for."""
    share(Role.of(account, path, name), common_prefix, access)
    prefix = f"{common_prefix}{NAMESPACE_TAG}/" if mode is PodIdentity.SESSION_TAGS else common_prefix
    return policy_text(secrets_policy(account, region, prefix, access, *others))
