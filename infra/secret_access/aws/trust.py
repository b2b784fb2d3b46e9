"""Who may assume a role: the trust documents, as pure functions of names. What it may do: documents.py.

Sources: IAM User Guide, "IAM JSON policy elements: Principal"; EKS User Guide, "IAM roles for service accounts",
"Create IAM role with trust policy required by EKS Pod Identity" and "Access AWS Resources using EKS Pod Identity Target
IAM Roles".
"""

from collections.abc import Mapping, Sequence
from typing import Any

from .documents import Document, document
from .identifiers import Cluster, OidcProvider, Role

IRSA_AUDIENCE = "sts.amazonaws.com"
POD_IDENTITY_AUDIENCE = "pods.eks.amazonaws.com"
EKS_AUTH = "pods.eks.amazonaws.com"
"""The service that assumes roles for Pod Identity."""

Conditions = Mapping[str, Mapping[str, Any]]
"""Values by condition key, by operator."""
NONE: Conditions = {}


def irsa_trust(providers: Sequence[OidcProvider], token_subject: str, conditions: Conditions = NONE) -> Document:
    """Trust only this ServiceAccount's tokens, and only those with AWS's audience, from each of the providers.

    Without the audience a token that a pod hands to any other service could be replayed at STS.
    """
    return document(
        *(
            {
                "Sid": f"OneServiceAccount{number if number > 1 else ''}",
                "Effect": "Allow",
                "Principal": {"Federated": provider.arn},
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": _merged(
                    {
                        "StringEquals": {
                            f"{provider.issuer}:sub": token_subject,
                            f"{provider.issuer}:aud": IRSA_AUDIENCE,
                        }
                    },
                    conditions,
                ),
            }
            for number, provider in enumerate(providers, 1)
        )
    )


def pod_identity_trust(
    cluster: Cluster, namespace: str, service_account: str, conditions: Conditions = NONE
) -> Document:
    """Trust EKS Pod Identity for one ServiceAccount of one cluster, which EKS says in the session's tags."""
    own = {"aws:SourceAccount": cluster.account_id, **_tags([cluster], service_account, namespace)}
    return _eks("OneServiceAccount", {"StringEquals": own}, conditions)


def tagged_sessions_trust(clusters: Sequence[Cluster], service_account: str, conditions: Conditions = NONE) -> Document:
    """Trust EKS Pod Identity for a ServiceAccount of this name in any namespace of the clusters, by session tags."""
    own = {"aws:SourceAccount": clusters[0].account_id, **_tags(clusters, service_account)}
    return _eks("TaggedSessions", {"StringEquals": own}, conditions)


def restricted_sessions_trust(clusters: Sequence[Cluster], conditions: Conditions = NONE) -> Document:
    """Trust EKS Pod Identity of the clusters for any association: without session tags, it says no more."""
    return _eks(
        "RestrictedSessions",
        {
            "StringEquals": {"aws:SourceAccount": clusters[0].account_id},
            "ArnEquals": {"aws:SourceArn": _one_or_all([cluster.arn for cluster in clusters])},
        },
        conditions,
    )


def target_role_trust(
    association_role: Role,
    cluster: Cluster,
    namespace: str,
    service_account: str,
    external_id: str | None = None,
    conditions: Conditions = NONE,
) -> Document:
    """Trust an association's role, in sessions of one ServiceAccount of one cluster: its tags are passed on.

    The principal is the account, with the role as a condition: IAM accepts it before the role exists.
    """
    common = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:{association_role.partition}:iam::{association_role.account_id}:root"},
    }
    own: dict[str, dict[str, Any]] = {
        "StringEquals": _tags([cluster], service_account, namespace),
        "ArnEquals": {"aws:PrincipalArn": association_role.arn},
    }
    if external_id is None:
        actions = ["sts:AssumeRole", "sts:TagSession"]
        return document(
            {"Sid": "OneServiceAccount", **common, "Action": actions, "Condition": _merged(own, conditions)}
        )
    identified = _merged(own, {"StringEquals": {"sts:ExternalId": external_id}})
    return document(
        {
            "Sid": "OneServiceAccount",
            **common,
            "Action": "sts:AssumeRole",
            "Condition": _merged(identified, conditions),
        },
        # The external id belongs to AssumeRole alone
        {"Sid": "TagsOfItsSessions", **common, "Action": "sts:TagSession", "Condition": _merged(own, conditions)},
    )


def keys_of(trust: Document) -> set[str]:
    """Return the condition keys of a trust document."""
    return {key for statement in trust["Statement"] for keys in statement["Condition"].values() for key in keys}


def issuers_of(trust: Document) -> list[str]:
    """Return the issuers whose tokens a trust document names, as condition keys spell them."""
    return sorted(key.removesuffix(":sub") for key in keys_of(trust) if key.endswith(":sub"))


def _eks(sid: str, own: Conditions, conditions: Conditions) -> Document:
    return document(
        {
            "Sid": sid,
            "Effect": "Allow",
            "Principal": {"Service": EKS_AUTH},
            "Action": ["sts:AssumeRole", "sts:TagSession"],
            "Condition": _merged(own, conditions),
        }
    )


def _tags(clusters: Sequence[Cluster], service_account: str, namespace: str | None = None) -> dict[str, Any]:
    """Return the tags that EKS gives sessions, as conditions."""
    return {
        "aws:RequestTag/eks-cluster-arn": _one_or_all([cluster.arn for cluster in clusters]),
        **({} if namespace is None else {"aws:RequestTag/kubernetes-namespace": namespace}),
        "aws:RequestTag/kubernetes-service-account": service_account,
    }


def _merged(own: Conditions, others: Conditions) -> dict[str, dict[str, Any]]:
    """Return both: all must hold. No key of ours is among the others, which trust_conditions.py sees to."""
    operators = [*own, *(operator for operator in others if operator not in own)]
    return {operator: {**own.get(operator, {}), **others.get(operator, {})} for operator in operators}


def _one_or_all(items: list[str]) -> str | list[str]:
    return items[0] if len(items) == 1 else items
