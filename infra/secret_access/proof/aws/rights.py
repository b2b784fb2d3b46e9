"""What a session may do to which secrets, as a set of ARNs: identity policies, session policy and boundary. Pure.

Source: IAM User Guide, "Policy evaluation logic" (single account): what an identity policy allows, no policy denies,
and the boundary and the session policy allow too, where there are such.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..emptiness import member
from ..strings import ANYTHING, NOTHING, Pattern, StringSet, complement, intersection, union
from .conditions import applies
from .statements import Statement, pattern

ACTIONS = (
    "secretsmanager:GetSecretValue",
    "secretsmanager:PutSecretValue",
    "secretsmanager:UpdateSecret",
    "secretsmanager:UpdateSecretVersionStage",
    "secretsmanager:DeleteSecret",
    "secretsmanager:PutResourcePolicy",
)
"""What gives a value away, replaces or removes it, or hands on the right to: BatchGetSecretValue needs the first."""

TAKING = (
    "iam:PutRolePolicy",
    "iam:AttachRolePolicy",
    "iam:UpdateAssumeRolePolicy",
    "iam:CreatePolicyVersion",
    "iam:SetDefaultPolicyVersion",
    "eks:CreatePodIdentityAssociation",
    "eks:UpdatePodIdentityAssociation",
)
"""What gives oneself other rights or roles: whoever has one may use every secret, as far as the documents tell."""


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

    def any_allowed(self) -> StringSet:
        """Return the ARNs that any of ACTIONS is allowed on."""
        taking = ANYTHING if self._taken() else NOTHING
        return union([taking, *(self.allowed(action) for action in ACTIONS)])

    def why(self, arn: str) -> tuple[str, str]:
        """Return the first action that is allowed on an ARN, and the statement that allows it."""
        if (taken := self._taken()) is not None:
            return taken
        action = next(each for each in ACTIONS if arn in self.allowed(each))
        for statement in self.identity:
            if statement.is_allow and arn in _resources(statement, action, self.known):
                return action, statement.name
        raise AssertionError(f"{arn} is not allowed")

    def statement_allowing(self, action: str, arns: StringSet) -> str | None:
        """Return a statement that allows an action on one of these ARNs, None if none does; raises Undecided."""
        arn = member(self.allowed(action) & arns)
        found = (each.name for each in self.identity if each.is_allow and arn in _resources(each, action, self.known))
        return None if arn is None else next(found)

    def _taken(self) -> tuple[str, str] | None:
        """Return an action of TAKING that is allowed, and the statement; raises Undecided."""
        found = ((action, self.statement_allowing(action, ANYTHING)) for action in TAKING)
        return next(((action, statement) for action, statement in found if statement is not None), None)

    def _of(self, policy: Sequence[Statement], action: str, *, is_allow: bool) -> StringSet:
        return union(_resources(each, action, self.known) for each in policy if each.is_allow is is_allow)


def _resources(statement: Statement, action: str, known: Mapping[str, str]) -> StringSet:
    """Return the ARNs that a statement is about, for an action: more for an Allow in doubt, fewer for a Deny."""
    if action.lower() not in statement.actions or not applies(statement, known):
        return union(())
    in_doubt = Pattern(ANYTHING.parts) if statement.is_allow is not statement.are_excluded else None
    found = union(_patterns(statement.resources, known, in_doubt))
    return complement(found) if statement.are_excluded else found


def _patterns(resources: Iterable[str], known: Mapping[str, str], in_doubt: Pattern | None) -> Iterable[StringSet]:
    return (pattern(each, known, in_doubt) for each in resources)
