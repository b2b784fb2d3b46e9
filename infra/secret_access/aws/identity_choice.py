"""Which way to the identity the arguments choose; what cannot go together is refused. Pure.

Sources: EKS User Guide, "Learn how EKS Pod Identity grants Pods access to AWS services"; EKS API,
CreatePodIdentityAssociation (`policy` requires `disableSessionTags`).
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from ..arguments import is_said, shown
from ..checks import invalid

WAYS = "role_per_namespace, session_policies or session_tags"


class PodIdentity(StrEnum):
    """How namespaces share roles, where the identity comes from EKS Pod Identity."""

    ROLE_PER_NAMESPACE = "role_per_namespace"
    """A role for each namespace."""
    SESSION_POLICIES = "session_policies"
    """One role for all namespaces; a policy in each one's association restricts its sessions. No session tags."""
    SESSION_TAGS = "session_tags"
    """One role for all namespaces; its policy goes by the namespace that EKS tags each session with."""


IRSA_PROVIDERS = ("oidc_provider_arn", "oidc_provider_arns")
OF_IRSA = (*IRSA_PROVIDERS, "irsa_annotation", "session_duration")
OF_THE_ROLE = (
    "role_name",
    "role_path",
    "permissions_boundary",
    "policy_arns",
    "trust_conditions",
    "trust_policy_quota",
)


def pod_identity(given: object) -> PodIdentity | None:
    """Return the way that Pod Identity is used; None is IRSA."""
    if given is None:
        return None
    try:
        return PodIdentity(str(given))
    except ValueError:
        raise invalid("pod_identity", given, f"one of {WAYS}", "correct it, or leave it out for IRSA") from None


def shared(given: object) -> PodIdentity:
    """Return one of the two ways in which namespaces share a role."""
    mode = None if given is None else pod_identity(given)
    if mode is None or mode is PodIdentity.ROLE_PER_NAMESPACE:
        expected, fix = "session_tags or session_policies", "name one; else AwsSecretAccess makes each namespace's role"
        raise invalid("pod_identity", given, expected, fix)
    return mode


def check(mode: PodIdentity | None, arguments: Mapping[str, Any]) -> None:
    """Refuse arguments that do not go together, or would be ignored."""
    given = {name: value for name, value in arguments.items() if is_said(value)}
    if mode is None:
        _check_irsa(given)
    else:
        _check_pod_identity(mode, given)
    if "existing_role_arn" in given:
        ignored = OF_THE_ROLE if mode is PodIdentity.SESSION_POLICIES else (*OF_THE_ROLE, "kms_key_arns")
        if mode is None:
            ignored = (*ignored, "tags")  # with Pod Identity, they are those of the association
        reason = "an existing role is never changed"
        _refuse(given, ignored, "existing_role_arn", reason, "set it where the role is made")
    if "target_role_arn" in given:
        reason = "the target role is what reads the secrets"
        _refuse(given, ("kms_key_arns",), "target_role_arn", reason, "set it where the target role is made")


def _check_irsa(given: Mapping[str, Any]) -> None:
    if "eks_cluster_arn" in given:
        raise invalid(
            "eks_cluster_arn without pod_identity",
            shown(given["eks_cluster_arn"]),
            f"pod_identity: {WAYS}",
            "name one of them",
        )
    elsewhere = "for secrets in another account make ClusterTrust and AwsSecretAccess with a provider of that account"
    _refuse(given, ("target_role_arn",), "IRSA", "a token is exchanged for one role", elsewhere)
    _refuse(given, ("pod_identity_agent_url",), "IRSA", "there is no agent", "leave it out, or set pod_identity")
    chosen = [name for name in (*IRSA_PROVIDERS, "existing_role_arn") if name in given]
    if not chosen:
        raise invalid(
            "oidc_provider_arn is missing, so no token of the cluster is trusted",
            None,
            "oidc_provider_arn for IRSA, pod_identity and eks_cluster_arn for Pod Identity, or existing_role_arn",
            "take it from the output oidc_provider_arn of ClusterTrust",
        )
    if len(chosen) > 1:
        others = "one of oidc_provider_arn, oidc_provider_arns (several clusters) and existing_role_arn"
        raise invalid(f"{chosen[1]} beside {chosen[0]}", shown(given[chosen[1]]), others, "leave the others out")


def _check_pod_identity(mode: PodIdentity, given: Mapping[str, Any]) -> None:
    if "eks_cluster_arn" not in given:
        expected = "the ARN of the EKS cluster, such as arn:aws:eks:us-east-1:111122223333:cluster/blue"
        raise invalid("pod_identity without eks_cluster_arn", mode.value, expected, "set eks_cluster_arn")
    _refuse(given, OF_IRSA, "pod_identity", "it belongs to IRSA", "leave out one of the two")
    reason = "the External Secrets Operator gets credentials of Pod Identity for its own pods alone"
    _refuse(given, ("external_secrets",), "pod_identity", reason, "use IRSA, or read through the sidecar")
    if mode is PodIdentity.ROLE_PER_NAMESPACE:
        return
    named = f"pod_identity: {mode.value}"
    if "existing_role_arn" not in given:
        expected = "existing_role_arn, the output role_arn of AwsSharedRole"
        raise invalid(f"{named} without the role that the namespaces share", None, expected, "set existing_role_arn")
    _refuse(given, ("target_role_arn",), named, "a target role is of one namespace", "use role_per_namespace")


def _refuse(given: Mapping[str, Any], names: tuple[str, ...], beside: str, reason: str, fix: str) -> None:
    for name in names:
        if name in given:
            raise invalid(f"{name} beside {beside}", shown(given[name]), f"no {name}: {reason}", fix)
