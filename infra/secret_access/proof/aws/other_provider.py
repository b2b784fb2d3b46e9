"""Identities of AWS that the provider aws-native makes: pods may have them, and they are not judged. Pure."""

import re
from collections.abc import Iterator, Sequence

from ..emptiness import Undecided, member
from ..preview import Resource
from .chains import trusts_principals
from .statements import Statement, statements
from .trust import EKS, services, statement_trusting_service, trusted_subjects

_NATIVE_ROLE = "aws-native:iam:Role"
_NATIVE = re.compile(
    r"aws-native:(iam:(Role|RolePolicy|ManagedPolicy|Policy)|eks:PodIdentityAssociation|secretsmanager:ResourcePolicy)"
)

_HAND_OUT = ("ec2.", "capabilities.eks.", "rolesanywhere.", "credentials.iot.")
"""Services that hand a role out to instances, objects of the cluster or holders of certificates."""


def not_judged(resources: Sequence[Resource]) -> Iterator[str]:
    """Yield the identities, policies and associations of the other provider that may be pods'."""
    harmless = {each.urn for each in resources if each.type == _NATIVE_ROLE and not _may_be_of_pods(each)}
    for each in resources:
        named = {urn for key in ("roleName", "roles") for urn in each.depends_on.get(key, ())}
        is_of_harmless = each.urn in harmless or bool(named and named <= harmless)
        if _NATIVE.fullmatch(each.type) and not is_of_harmless:
            yield f"{each.name} is a {each.type}: of AWS's documents, those of the provider aws are judged"


def _may_be_of_pods(role: Resource) -> bool:
    """Whether pods, instances or other roles may become a role, as far as its trust is known."""
    text = role.text("assumeRolePolicyDocument")
    return text is None or _lets_in(statements(f"trust of {role.name}", text))


def _lets_in(trust: Sequence[Statement]) -> bool:
    try:
        subject = member(trusted_subjects(trust))
    except Undecided:
        return True
    is_handed_out = any(each == "*" or each.startswith(_HAND_OUT) for each in services(trust))
    is_of_eks = statement_trusting_service(trust, EKS, {}) is not None
    return subject is not None or is_handed_out or is_of_eks or trusts_principals(trust)
