"""What a session may do to which secrets, as a set of ARNs: identity policies, session policy and boundary. Pure.

Source: IAM User Guide, "Policy evaluation logic" (single account): what an identity policy allows, no policy denies,
and the boundary and the session policy allow too, where there are such.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from ..emptiness import member
from ..strings import ANYTHING, NOTHING, Pattern, StringSet, complement, glob, intersection, union
from .conditions import applies
from .statements import Statement, pattern

ACTIONS = (
    "secretsmanager:GetSecretValue",
    "secretsmanager:PutSecretValue",
    "secretsmanager:UpdateSecret",
    "secretsmanager:UpdateSecretVersionStage",
    "secretsmanager:DeleteSecret",
    "secretsmanager:PutResourcePolicy",
    "secretsmanager:DeleteResourcePolicy",
    "secretsmanager:CreateSecret",
    "secretsmanager:RotateSecret",
    "secretsmanager:ReplicateSecretToRegions",
    "secretsmanager:RemoveRegionsFromReplication",
    "secretsmanager:StopReplicationToReplica",
)
"""What gives a value away, makes, replaces or removes one, or hands on the right to.

BatchGetSecretValue needs the first, as `ssm:GetParameter` of `/aws/reference/secretsmanager/…` does (Systems Manager
User Guide, "Referencing Secrets Manager secrets from Parameter Store"); a rotation is by a function of one's choice.
"""

TAKING = (
    "iam:PutRolePolicy",
    "iam:AttachRolePolicy",
    "iam:DeleteRolePolicy",
    "iam:DetachRolePolicy",
    "iam:PutRolePermissionsBoundary",
    "iam:DeleteRolePermissionsBoundary",
    "iam:UpdateAssumeRolePolicy",
    "iam:CreatePolicyVersion",
    "iam:SetDefaultPolicyVersion",
    "iam:CreateAccessKey",
    "iam:CreateLoginProfile",
    "iam:UpdateLoginProfile",
    "iam:PutUserPolicy",
    "iam:AttachUserPolicy",
    "iam:PutGroupPolicy",
    "iam:AttachGroupPolicy",
    "iam:AddUserToGroup",
    "eks:CreatePodIdentityAssociation",
    "eks:UpdatePodIdentityAssociation",
    "eks:CreateAccessEntry",
    "eks:UpdateAccessEntry",
    "eks:AssociateAccessPolicy",
    "eks:AssociateIdentityProviderConfig",
)
"""What gives oneself other rights, roles or users, or every namespace of a cluster: whoever has one may use every
secret, as far as the documents tell."""

RUNNING = (
    "lambda:UpdateFunctionCode",
    "lambda:UpdateFunctionConfiguration",
    "codebuild:StartBuild",
    "codebuild:StartBuildBatch",
    "codebuild:UpdateProject",
    "cloudformation:UpdateStack",
    "cloudformation:CreateChangeSet",
    "cloudformation:UpdateStackSet",
    "ecs:ExecuteCommand",
    "ssm:SendCommand",
    "ssm:StartSession",
    "ec2-instance-connect:SendSSHPublicKey",
    "states:UpdateStateMachine",
)
"""What runs commands of one's own with a role that something has already, without `iam:PassRole`."""


@dataclass(frozen=True)
class Rights:
    """The policies that decide for a session, and what is known of it (`aws:principaltag/…` and the like)."""

    identity: tuple[Statement, ...]
    known: Mapping[str, str]
    limits: tuple[tuple[Statement, ...], ...] = ()
    """The boundary and the session policy: each has to allow too."""

    def allowed(self, action: str) -> StringSet:
        """Return the ARNs that the action is allowed on."""
        policies = (self.identity, *self.limits)
        granted = intersection(self._of(policy, action, is_allow=True) for policy in policies)
        denied = union(self._of(policy, action, is_allow=False) for policy in policies)
        return granted - denied

    @cached_property
    def any_allowed(self) -> StringSet:
        """Return the ARNs that any of ACTIONS is allowed on."""
        taking = ANYTHING if self.first_of(TAKING) else NOTHING
        return union([taking, *(self.allowed(action) for action in ACTIONS)])

    def why(self, arn: str) -> tuple[str, str]:
        """Return the first action that is allowed on an ARN, and the statement that allows it."""
        if (taken := self.first_of(TAKING)) is not None:
            return taken
        action = next(each for each in ACTIONS if arn in self.allowed(each))
        return action, self.statement_on(action, arn)

    def statement_allowing(self, action: str, arns: StringSet) -> str | None:
        """Return a statement that allows an action on one of these ARNs, None if none does; raises Undecided."""
        allowed = self.allowed(action)
        arn = None if allowed == NOTHING else member(allowed & arns)
        return None if arn is None else self.statement_on(action, arn)

    def statement_on(self, action: str, arn: str) -> str:
        """Return the statement that allows an action on an ARN."""
        return next(
            each.name for each in self.identity if each.is_allow and arn in _resources(each, action, self.known)
        )

    def first_of(self, actions: Iterable[str]) -> tuple[str, str] | None:
        """Return the first of some actions that is allowed on anything, and the statement; raises Undecided."""
        found = ((action, self.statement_allowing(action, ANYTHING)) for action in actions)
        return next(((action, statement) for action, statement in found if statement is not None), None)

    def _of(self, policy: Sequence[Statement], action: str, *, is_allow: bool) -> StringSet:
        return union(_resources(each, action, self.known) for each in policy if each.is_allow is is_allow)


def _resources(statement: Statement, action: str, known: Mapping[str, str]) -> StringSet:
    """Return the ARNs that a statement is about, for an action: more for an Allow in doubt, fewer for a Deny."""
    if action.lower() not in statement.actions or not applies(statement, known):
        return union(())
    in_doubt = Pattern(ANYTHING.parts) if statement.is_allow is not statement.are_excluded else None
    found = union(
        pattern(each, known, in_doubt) if statement.has_variables else glob(each) for each in statement.resources
    )
    return complement(found) if statement.are_excluded else found
