"""Which components of one program use one role: a shared one grants what each asks for, another has one user.

Components of other programs are not seen. Pure.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from ..checks import Access, invalid
from ..owners import OWNERS, Owner
from ..per_program import PerProgram
from .identifiers import Role
from .identity_choice import PodIdentity

R = TypeVar("R", str, Role)
ALONE = "name a role of the namespace alone, or restrict sessions by pod_identity: session_tags or session_policies"


@dataclass(frozen=True)
class Shared:
    """What an AwsSharedRole grants."""

    where: str
    """The component, for messages."""
    mode: PodIdentity
    common_prefix: str
    access: Access


@dataclass(frozen=True)
class Use:
    """What an AwsSecretAccess with an existing role asks for."""

    where: str
    """The component, for messages."""
    mode: PodIdentity | None
    namespace: str
    prefix: str
    access: Access


@dataclass
class SharedRoles:
    """The shared roles and the uses of existing ones so far, by ARN; which of the two comes first does not matter."""

    roles: dict[str, Shared] = field(default_factory=dict)
    uses: dict[str, list[Use]] = field(default_factory=dict)

    def share(self, arn: str, role: Shared) -> None:
        """Add a shared role; raises InvalidArgument where it does not grant what a component asks for."""
        self.roles[arn] = role
        for use in self.uses.get(arn, ()):
            _compare(role, use)

    def use(self, arn: str, use: Use) -> None:
        """Add a use of an existing role, with the same check."""
        self.uses.setdefault(arn, []).append(use)
        if arn in self.roles:
            _compare(self.roles[arn], use)


SHARED_ROLES = PerProgram(SharedRoles)


def shared(where: str, mode: PodIdentity) -> Callable[[Role, str, Access], None]:
    """Return the check of a shared role, its common prefix and its access against its namespaces."""
    roles = SHARED_ROLES.get()
    return lambda role, common_prefix, access: roles.share(role.arn, Shared(where, mode, common_prefix, access))


def used(where: str, mode: PodIdentity | None, *, is_restricted: bool) -> Callable[[str, str, str, Access], str]:
    """Return the check of an existing role's ARN for a namespace, its prefix and its access.

    `is_restricted`: a target role restricts who reads, so that several prefixes may have the role.
    """
    roles, owners = SHARED_ROLES.get(), OWNERS.get()

    def check(arn: str, namespace: str, prefix: str, access: Access) -> str:
        roles.use(arn, Use(where, mode, namespace, prefix, access))
        if not is_restricted and mode in (None, PodIdentity.ROLE_PER_NAMESPACE):
            owners.own("existing_role_arn", arn, Owner(where, namespace, prefix), ALONE)
        return arn

    return check


def owned(where: str, argument: str) -> Callable[[R, str, str], R]:
    """Return the check that a role is that of one prefix of the program alone."""
    owners = OWNERS.get()

    def check(role: R, namespace: str, prefix: str) -> R:
        arn = role if isinstance(role, str) else role.arn
        owners.own(argument, arn, Owner(where, namespace, prefix), ALONE)
        return role

    return check


def _compare(role: Shared, use: Use) -> None:
    if use.mode is not role.mode:
        raise invalid(
            f"pod_identity of {use.where} is not that of its role, {role.where}, which restricts sessions "
            "in one way alone",
            "none" if use.mode is None else use.mode.value,
            role.mode.value,
            "correct it here or there",
        )
    by_tags = role.mode is PodIdentity.SESSION_TAGS
    expected = f"{role.common_prefix}{use.namespace}/"
    if use.prefix != expected if by_tags else not use.prefix.startswith(role.common_prefix):
        raise invalid(
            f"secret_prefix of {use.where} is not one that its role, {role.where}, grants",
            use.prefix,
            expected if by_tags else f"one below {role.common_prefix}, such as {expected}",
            "correct secret_prefix, or common_prefix of the role",
        )
    if use.access is Access.READ_WRITE and role.access is Access.READ:
        raise invalid(
            f"access of {use.where} is more than its role, {role.where}, grants",
            use.access.value,
            role.access.value,
            "set access of the role to read_write, or leave it out here",
        )
