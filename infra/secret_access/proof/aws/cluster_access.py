"""Roles that may make pods by an access policy of EKS, and so become the namespaces of these. Pure.

Sources: EKS User Guide, "Review access policy permissions"; CloudFormation's `AWS::EKS::AccessEntry`, whose policies
stand in the entry.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..isolation import Reach
from ..preview import UNKNOWN, Resource
from ..strings import ANYTHING, StringSet, union
from .chains import Session
from .stack import Stack

POLICY_ASSOCIATION = "aws:eks/accessPolicyAssociation:AccessPolicyAssociation"
NATIVE_ENTRY = "aws-native:eks:AccessEntry"
_MAKE_PODS = ("AmazonEKSClusterAdminPolicy", "AmazonEKSAdminPolicy", "AmazonEKSEditPolicy")
_READ_ALONE = ("AmazonEKSViewPolicy", "AmazonEKSAdminViewPolicy")


def by_pods(
    stack: Stack, resources: Sequence[Resource], had: Sequence[Session], reached: Sequence[Reach]
) -> Iterator[Reach]:
    """Yield what sessions may use as pods of other namespaces; note the access policies that are not known."""
    for each in resources:
        given = list(_policies(each))
        role = stack.role_of(each, "principalArn") if given else None
        sessions = [session for session in had if role is not None and session.role == role.urn]
        for policy in given if sessions else ():
            name = _name(policy)
            if name in _READ_ALONE:
                continue
            if name not in _MAKE_PODS:
                stack.undecided.append(
                    f"role {sessions[0].name} has {name or 'an access policy that is known later'} in a cluster: "
                    "whether that makes pods is not known"
                )
                continue
            for namespace, allowed in _scopes(policy.get("accessScope"), reached):
                where = f"access policy {name} of {each.name}: it makes pods of {namespace or 'every namespace'}"
                for session in sessions:
                    yield reach(session, allowed, where)


def reach(session: Session, allowed: StringSet, where: str) -> Reach:
    """Return what a session may use by a way into a cluster."""
    return Reach(session.namespace, f"role {session.name}", allowed, lambda _: (*session.lets_in, where))


def _policies(each: Resource) -> Iterator[Mapping[str, Any]]:
    """Yield the access policies that a resource gives, an empty one for those that are known later."""
    given = each.inputs.get("accessPolicies") if each.type == NATIVE_ENTRY else None
    if each.type == POLICY_ASSOCIATION:
        yield each.inputs
    elif given is not None:
        yield from (one if isinstance(one, Mapping) else {} for one in (given if isinstance(given, list) else [{}]))


def _name(policy: Mapping[str, Any]) -> str:
    arn = policy.get("policyArn")
    return arn.rpartition("/")[2] if isinstance(arn, str) and UNKNOWN not in arn else ""


def _scopes(scope: object, reached: Sequence[Reach]) -> Iterator[tuple[str, StringSet]]:
    """Yield the namespaces that an access policy is for, the empty one for all, and what their pods may use."""
    namespaces = scope.get("namespaces") if isinstance(scope, Mapping) and scope.get("type") == "namespace" else None
    if not isinstance(namespaces, list) or any("*" in str(one) for one in namespaces):
        yield "", ANYTHING
        return
    for namespace in map(str, namespaces):
        yield namespace, union(each.allowed for each in reached if each.namespace == namespace)
