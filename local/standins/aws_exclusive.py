"""The AWS resources that own every policy of a role: what the program does not list is taken away.

As the provider does it: made and changed by what the role really has, and deleted without a call. It knows inline
policies by name alone, so it can remove one and not make one.
https://www.pulumi.com/registry/packages/aws/api-docs/iam/rolepoliciesexclusive/
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from local.standins.aws_kind import AwsKind
from local.standins.errors import Refused
from local.standins.protocol import Properties


class Exclusive(AwsKind):
    """All policies of one kind that a role has."""

    replaces = ("roleName",)
    members: ClassVar[str]
    """The input that lists them."""

    def policies(self, role: str) -> Iterable[str]:
        """What the role has; raises NoSuchEntity."""
        raise NotImplementedError

    def add(self, role: str, member: str) -> None:
        """Add one policy to the role."""
        raise NotImplementedError

    def remove(self, role: str, member: str) -> None:
        """Remove one policy from the role."""
        raise NotImplementedError

    def create(self, inputs: Properties) -> str:
        role, wanted = str(inputs["roleName"]), set(inputs[self.members])
        found = set(self.policies(role))
        for member in sorted(wanted - found):
            self.add(role, member)
        for member in sorted(found - wanted):
            self.remove(role, member)
        return role

    def read(self, identity: str) -> tuple[Properties, Properties]:
        return {"roleName": identity, self.members: sorted(self.policies(identity))}, {}

    def update(self, identity: str, live: Properties, inputs: Properties) -> None:
        del identity, live
        self.create(inputs)

    def delete(self, identity: str, inputs: Properties) -> None:
        """Leave the role's policies as they are: only the list stops being exclusive."""


class RolePoliciesExclusive(Exclusive):
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListRolePolicies.html"""

    type_name = "aws:iam/rolePoliciesExclusive:RolePoliciesExclusive"
    members = "policyNames"
    sets = ("policyNames",)

    def policies(self, role: str) -> Iterable[str]:
        pages = self.iam.get_paginator("list_role_policies").paginate(RoleName=role)
        return [name for page in pages for name in page["PolicyNames"]]

    def add(self, role: str, member: str) -> None:
        raise Refused(f"PutRolePolicy: the role {role} has no inline policy {member!r}, and its document is not known")

    def remove(self, role: str, member: str) -> None:
        self.iam.delete_role_policy(RoleName=role, PolicyName=member)


class RolePolicyAttachmentsExclusive(Exclusive):
    """https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListAttachedRolePolicies.html"""

    type_name = "aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive"
    members = "policyArns"
    sets = ("policyArns",)

    def policies(self, role: str) -> Iterable[str]:
        pages = self.iam.get_paginator("list_attached_role_policies").paginate(RoleName=role)
        return [policy["PolicyArn"] for page in pages for policy in page["AttachedPolicies"]]

    def add(self, role: str, member: str) -> None:
        self.iam.attach_role_policy(RoleName=role, PolicyArn=member)

    def remove(self, role: str, member: str) -> None:
        self.iam.detach_role_policy(RoleName=role, PolicyArn=member)


KINDS: tuple[type[AwsKind], ...] = (RolePoliciesExclusive, RolePolicyAttachmentsExclusive)
