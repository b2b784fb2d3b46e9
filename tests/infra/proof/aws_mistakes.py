"""Mistakes on AWS beside a namespace's own trust and policies: nodes, passed roles, access policies, variables."""

from collections.abc import Callable

from secret_access.proof.aws import nodes, stack
from secret_access.proof.aws.cluster_access import POLICY_ASSOCIATION
from secret_access.proof.preview import Resource

from .documents import arns, associated, namespaces, policy, resource, role, role_policy

Widened = tuple[Callable[[], list[Resource]], tuple[str, str | None, str], str]
READER = "arn:aws:iam::111122223333:role/secret-access-reader"


def reader(service: str) -> list[Resource]:
    """A role of a service, which may read prod's secrets."""
    taken = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    made = role("reader", {"Version": "2012-10-17", "Statement": taken}, description=None)
    return [made, role_policy("reader", policy(arns("prod/*")))]


def with_variable() -> list[Resource]:
    """A Deny by a session's tag, without the Version that has variables."""
    trusted = {"Effect": "Allow", "Principal": {"Service": "pods.eks.amazonaws.com"}, "Action": "sts:AssumeRole"}
    by_tag = policy(arns("${aws:PrincipalTag/kubernetes-service-account}/*"), effect="Deny", action="*")
    wide = policy(arns("test/*"), arns("prod/*"))
    made = associated("test", {"Version": "2012-10-17", "Statement": trusted}, wide, serviceAccount="prod")
    return [*made, role_policy("test", {**by_tag, "Version": "2008-10-17"}, "deny"), *namespaces("prod")]


WIDENED: dict[str, Widened] = {
    "the nodes' role": (
        lambda: [
            *namespaces("test", "prod"),
            *reader("ec2.amazonaws.com"),
            resource(nodes.NODE_GROUP, "group", nodeRoleArn=READER),
        ],
        ("test", "prod", "prod/a"),
        "any pod of its nodes reaches their metadata service",
    ),
    "a role that may be passed to a service": (
        lambda: [
            *namespaces("test", "prod"),
            *reader("codebuild.amazonaws.com"),
            role_policy("test", policy(READER, action="iam:PassRole"), "more"),
        ],
        ("test", "prod", "prod/a"),
        "policy more of secret-access-test, statement Added (iam:PassRole)",
    ),
    "a policy of AWS's own": (
        lambda: [
            *namespaces("test", "prod"),
            resource(
                stack.ATTACHMENT, "a", role="secret-access-test", policyArn="arn:aws:iam::aws:policy/PowerUserAccess"
            ),
        ],
        ("test", "prod", "prod/a"),
        "arn:aws:iam::aws:policy/PowerUserAccess attached to secret-access-test",
    ),
    "an access policy that makes pods": (
        lambda: [
            *namespaces("test", "prod"),
            resource(
                POLICY_ASSOCIATION,
                "access",
                principalArn="arn:aws:iam::111122223333:role/secret-access-test",
                policyArn="arn:aws:eks::aws:cluster-access-policy/AmazonEKSEditPolicy",
            ),
        ],
        ("test", "prod", "prod/a"),
        "access policy AmazonEKSEditPolicy of access: it makes pods of every namespace",
    ),
    "a variable without the Version that has variables": (
        with_variable,
        ("test", "prod", "prod/a"),
        "policy own-secrets of secret-access-test, statement Added",
    ),
}
