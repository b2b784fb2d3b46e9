"""The association by which EKS Pod Identity gives a ServiceAccount's pods a role.

Sources: EKS API, CreatePodIdentityAssociation; STS API, AssumeRole ("Policy").
"""

from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_aws import eks

from ..checks import invalid
from ..inputs import lift
from .documents import compact, secrets_policy
from .identifiers import Cluster
from .identity_choice import PodIdentity

SESSION_POLICY_LIMIT = 2_048


@dataclass(frozen=True)
class AssociationArguments:
    """What an association says beside its role."""

    cluster: pulumi.Input[Cluster]
    namespace: pulumi.Input[str]
    service_account: pulumi.Input[str]
    policy: pulumi.Input[str] | None
    """What its sessions are restricted to; EKS then gives them no tags."""
    target_role_arn: pulumi.Input[str] | None
    tags: pulumi.Input[dict[str, str] | None]


def make_association(
    name: str, args: AssociationArguments, role_arn: pulumi.Output[str], opts: pulumi.ResourceOptions
) -> tuple[pulumi.Output[str], pulumi.Output[str] | None]:
    """Create the association; return the ARN of the role that its pods have, known once they can have it.

    And the external id with which EKS assumes a target role, if there is one.
    """
    association = eks.PodIdentityAssociation(
        f"{name}-association",
        cluster_name=lift(_name, args.cluster),
        region=lift(_region, args.cluster),
        namespace=args.namespace,
        service_account=args.service_account,
        role_arn=role_arn,
        target_role_arn=args.target_role_arn,
        policy=args.policy,
        disable_session_tags=args.policy is not None,
        tags=args.tags,
        opts=opts,
    )
    has_target = args.target_role_arn is not None
    used = args.target_role_arn if has_target else role_arn
    identity = pulumi.Output.all(used, association.association_id).apply(lambda known: str(known[0]))
    return identity, association.external_id if has_target else None


def session_policy(*grants: Any) -> str:
    """Return the policy that restricts a session to the namespace's own secrets, if STS takes one of its size."""
    text = compact(secrets_policy(*grants))
    if len(text) > SESSION_POLICY_LIMIT:
        raise invalid(
            "the session policy of the association is too long",
            f"{len(text)} characters",
            f"at most {SESSION_POLICY_LIMIT}",
            "name fewer keys or regions, or use pod_identity: role_per_namespace",
        )
    return text


def associated_namespace(namespace: str, prefix: str, mode: PodIdentity) -> str:
    """Return the namespace; with session tags, the shared role grants only prefixes that end in it."""
    if mode is PodIdentity.SESSION_TAGS and not f"/{prefix}".endswith(f"/{namespace}/"):
        raise invalid(
            "secret_prefix does not end in the namespace, by which session tags grant",
            prefix,
            f"{namespace}/, or a prefix such as team-a/{namespace}/",
            "correct secret_prefix, or use pod_identity: role_per_namespace",
        )
    return namespace


def _name(cluster: Cluster) -> str:
    return cluster.name


def _region(cluster: Cluster) -> str:
    return cluster.region
