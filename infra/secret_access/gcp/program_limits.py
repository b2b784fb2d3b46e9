"""What may not happen twice in one program: an identity with two owners, a policy with more conditions than it takes.

Google counts the bindings of others too; only those of this program are known at preview.
Sources: IAM, "Quotas and limits" and "Overview of IAM Conditions" ("Limitations");
GKE, "About Workload Identity Federation for GKE" ("Identity sameness").
"""

from collections import Counter
from dataclasses import dataclass, field

from ..checks import invalid
from ..per_program import PerProgram

CONDITIONS_PER_ROLE_AND_MEMBER = 20
CONDITIONS_PER_POLICY = 100
OPERATORS_PER_CONDITION = 12


@dataclass(frozen=True)
class Owner:
    """A component that is an identity."""

    where: str
    """The component, for messages."""
    provider: str
    """By whose word it is that identity."""
    subject: str
    shared: bool
    """Whether it may share it."""


@dataclass(frozen=True)
class ConditionalBinding:
    """A conditional binding on a project: one for each title and expression, as Google tells conditions apart."""

    role: str
    member: str
    title: str
    expression: str


@dataclass(frozen=True)
class SecretMember:
    """A member of a role on a secret."""

    where: str
    """The component, for messages."""
    member: str
    exclusive: bool
    """Whether it may be the only one."""


@dataclass
class Seen:
    """What the components of one program have asked for so far."""

    owners: dict[str, list[Owner]] = field(default_factory=dict)
    bindings: dict[str, set[ConditionalBinding]] = field(default_factory=dict)
    """By project."""
    members: dict[tuple[str, str, str, str], list[SecretMember]] = field(default_factory=dict)
    """By project, location, secret and role."""

    def own(self, identity: str, owner: Owner) -> str:
        """Return the identity, or refuse it where another component is it already."""
        others = self.owners.setdefault(identity, [])
        for other in others:
            is_another = (other.provider, other.subject) != (owner.provider, owner.subject)
            if is_another and not (owner.shared and other.shared):
                what = f"{owner.where} and {other.where} are one identity, so each may read what the other may"
                if other.provider != owner.provider:
                    fix = (
                        "use another namespace or ServiceAccount, or a pool for each cluster; if it is meant, set "
                        "shared_identity in both"
                    )
                else:
                    fix = "give each a service account of its own; if it is meant, set shared_identity in both"
                raise invalid(what, identity, "an identity that no other component of the program is", fix)
        others.append(owner)
        return identity

    def bind(self, project: str, binding: ConditionalBinding) -> str:
        """Return the binding's expression, or refuse it where the policy would not take it."""
        bindings = self.bindings.setdefault(project, set())
        bindings.add(binding)
        fix = "set grant to secrets, which puts a binding without a condition on each declared secret"
        alike = Counter((other.role, other.member) for other in bindings)[binding.role, binding.member]
        if alike > CONDITIONS_PER_ROLE_AND_MEMBER:
            raise invalid(
                f"the policy of the project {project} would bind {binding.role} to {binding.member} under more "
                "conditions than it takes",
                alike,
                f"at most {CONDITIONS_PER_ROLE_AND_MEMBER}",
                fix,
            )
        if len(bindings) > CONDITIONS_PER_POLICY:
            raise invalid(
                f"the policy of the project {project} would have more conditional bindings than it takes",
                f"{len(bindings)} of this program",
                f"at most {CONDITIONS_PER_POLICY}, those of others included",
                fix,
            )
        return binding.expression

    def admit(self, on: tuple[str, str, str, str], one: SecretMember) -> None:
        """Refuse a member of a role on a secret where another component would remove it, or be removed."""
        others = self.members.setdefault(on, [])
        for other in others:
            if other.member != one.member and (one.exclusive or other.exclusive):
                raise invalid(
                    f"{one.where} and {other.where} bind {on[3]} on one secret, and exclusive would remove the other's",
                    on[2],
                    "exclusive for secrets that one identity reads",
                    "leave exclusive out of both",
                )
        others.append(one)


SEEN = PerProgram(Seen)
