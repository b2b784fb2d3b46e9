"""Identities that may use secrets, where no document says whether a pod has them: of instances, of users. Pure."""

from collections.abc import Iterator, Mapping, Sequence

from ..emptiness import Undecided, member
from ..preview import Resource
from ..strings import StringSet, union
from . import sessions, users
from .rights import Rights
from .secrets import name_of, under
from .stack import Stack
from .trust import statement_trusting_service

_SERVICES = {
    "capabilities.eks.amazonaws.com": ("EKS's capabilities", "for which namespaces they use it"),
    "rolesanywhere.amazonaws.com": ("certificates of IAM Roles Anywhere", "which pods hold one"),
    "credentials.iot.amazonaws.com": ("certificates of AWS IoT", "which pods hold one"),
}
"""Who hands a role out, what for, and what no document says of it."""


def may_use(allowed: StringSet, shared: Sequence[str]) -> bool:
    """Return whether a set has a secret that is not for everybody, or may have one."""
    try:
        return _secret(allowed, shared) is not None
    except Undecided:
        return True


def of_instances(stack: Stack, roles: Sequence[str], shared: Sequence[str]) -> Iterator[str]:
    """Say which roles of instances, by their URNs, may use secrets, themselves or by further roles."""
    for urn in roles:
        role = stack.roles[urn]
        if (what := _by_chains(stack, urn, shared)) is not None:
            yield (
                f"role {role.name} is for EC2 instances and {what}: whether pods run on these and reach their metadata "
                "service is in no document; take the right out, or set httpTokens to required and "
                "httpPutResponseHopLimit to 1 for them"
            )


def handed_out(stack: Stack) -> dict[str, str]:
    """Return the roles that EKS's capabilities or holders of certificates have, by URN, with the service that does."""
    return {
        urn: service
        for urn, role in stack.roles.items()
        for service in _SERVICES
        if statement_trusting_service(role.trust, service, {}) is not None
    }


def of_services(stack: Stack, roles: Mapping[str, str], shared: Sequence[str]) -> Iterator[str]:
    """Say which roles that are handed out may use secrets, themselves or by further roles."""
    for urn, service in roles.items():
        if (what := _by_chains(stack, urn, shared)) is not None:
            holders, unknown = _SERVICES[service]
            yield (
                f"role {stack.roles[urn].name} is for {holders} and {what}: {unknown} is in no document; take the "
                "right out"
            )


def _by_chains(stack: Stack, urn: str, shared: Sequence[str]) -> str | None:
    """Say that a role reaches a secret, itself or by further roles."""
    own = sessions.of_role("", stack.roles[urn])
    every = (_by(each.rights, shared) for each in (own, *sessions.further(stack, [own])))
    return next((each for each in every if each is not None), None)


def of_users(resources: Sequence[Resource], shared: Sequence[str]) -> Iterator[str]:
    """Say which users with an access key may use secrets."""
    for name, rights, missing in users.with_keys(resources):
        keeps = f"user {name} has an access key in this stack and"
        yield from (f"{keeps} {arn}, which is not among the documents" for arn in missing)
        if (what := _by(rights, shared)) is not None:
            yield f"{keeps} {what}: which pods hold the key is in no document; give pods a role"


def _by(rights: Rights, shared: Sequence[str]) -> str | None:
    """Say that rights reach a secret that is not for everybody, and by which statement."""
    try:
        secret = _secret(rights.any_allowed, shared)
    except Undecided as error:
        return f"has rights that are not decided, {error}"
    if secret is None:
        return None
    action, statement = rights.why(secret)
    return f"may use {name_of(secret)}, by {statement} ({action})"


def _secret(allowed: StringSet, shared: Sequence[str]) -> str | None:
    return member((allowed & under("")) - union(map(under, shared)))
