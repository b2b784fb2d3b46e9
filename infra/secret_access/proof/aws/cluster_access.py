"""Roles that may make pods by an access policy of EKS, and so become the namespaces of these. Pure.

Source: EKS User Guide, "Review access policy permissions".
"""

from collections.abc import Iterator, Mapping, Sequence

from ..isolation import Reach
from ..preview import Resource
from ..strings import ANYTHING, StringSet, union
from .chains import Session
from .stack import Stack

POLICY_ASSOCIATION = "aws:eks/accessPolicyAssociation:AccessPolicyAssociation"
_MAKE_PODS = ("AmazonEKSClusterAdminPolicy", "AmazonEKSAdminPolicy", "AmazonEKSEditPolicy")
_READ_ALONE = ("AmazonEKSViewPolicy", "AmazonEKSAdminViewPolicy")


def by_pods(
    stack: Stack, resources: Sequence[Resource], had: Sequence[Session], reached: Sequence[Reach]
) -> Iterator[Reach]:
    """Yield what sessions may use as pods of other namespaces; note the access policies that are not known."""
    for each in resources:
        if each.type != POLICY_ASSOCIATION or (role := stack.role_of(each, "principalArn")) is None:
            continue
        sessions = [session for session in had if session.role == role.urn]
        policy = (each.text("policyArn") or "").rpartition("/")[2]
        if not sessions or policy in _READ_ALONE:
            continue
        if policy not in _MAKE_PODS:
            stack.undecided.append(
                f"role {role.name} has {policy or 'an access policy that is known later'} in a cluster: whether that "
                "makes pods is not known"
            )
            continue
        for namespace, allowed in _scopes(each, reached):
            where = f"access policy {policy} of {each.name}: it makes pods of {namespace or 'every namespace'}"
            for session in sessions:
                yield _reach(session, allowed, where)


def _scopes(each: Resource, reached: Sequence[Reach]) -> Iterator[tuple[str, StringSet]]:
    """Yield the namespaces that an access policy is for, the empty one for all, and what their pods may use."""
    scope = each.inputs.get("accessScope")
    namespaces = scope.get("namespaces") if isinstance(scope, Mapping) and scope.get("type") == "namespace" else None
    if not isinstance(namespaces, list) or any("*" in str(one) for one in namespaces):
        yield "", ANYTHING
        return
    for namespace in map(str, namespaces):
        yield namespace, union(reach.allowed for reach in reached if reach.namespace == namespace)


def _reach(session: Session, allowed: StringSet, where: str) -> Reach:
    return Reach(session.namespace, f"role {session.name}", allowed, lambda _: (*session.lets_in, where))
