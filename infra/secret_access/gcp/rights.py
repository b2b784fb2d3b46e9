"""The rights of an identity on Google Cloud, from a component's arguments: which roles, and on what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pulumi

from secret_names import vaults

from ..access import CommonArguments
from ..arguments import Arguments, shown
from ..checks import Access, as_resources, distinct, flag
from ..checks import access as check_access
from ..inputs import lift
from . import checks, documents
from .documents import GLOBAL, GcpGrant
from .program_limits import SEEN, ConditionalBinding, SecretMember


@dataclass(frozen=True)
class Role:
    """A role that is granted, and what for."""

    purpose: str
    """Part of the resource's name. Example: `access`."""
    name: pulumi.Input[str]


@dataclass(frozen=True)
class Rights:
    """What the identity may do; some may be known only later."""

    roles: Sequence[Role]
    location: str
    """Where the sidecar reads."""
    locations: Sequence[str]
    """Where the identity may read."""
    condition: pulumi.Input[str] | None
    """The condition of one binding on the project, or None for bindings on each secret."""
    secrets: Mapping[str, pulumi.Input[str]]
    """Ids of the secrets to bind, by the names of their resources."""
    exclusive: bool


def rights(given: Arguments, common: CommonArguments, number: pulumi.Input[str]) -> Rights:
    """Return the rights that the arguments describe, checked; raises InvalidArgument.

    What decides how many bindings there are has to be known to the program.
    """
    grant = given.plain("grant", checks.grant, GcpGrant.SECRETS)
    location = given.plain("location", checks.location, GLOBAL)
    locations = given.plain("granted_locations", partial(checks.granted_locations, own=location))
    exclusive = given.plain("exclusive", partial(flag, "exclusive"), False)
    on_project = grant is GcpGrant.PREFIX
    if on_project and exclusive:
        given.check(checks.not_exclusive, exclusive)
    return Rights(
        roles=_roles(given),
        location=location,
        locations=locations,
        condition=lift(documents.prefix_condition, number, common.prefix, locations) if on_project else None,
        secrets={} if on_project else _secrets(given, common),
        exclusive=exclusive,
    )


def counted(
    given: Arguments,
    project: pulumi.Input[str],
    role: Role,
    member: pulumi.Input[str],
    title: pulumi.Input[str],
    condition: pulumi.Input[str],
) -> pulumi.Input[str]:
    """Return the condition of a binding on the project, or refuse it where the project's policy would not take it."""
    seen = SEEN.get()

    def bound(project: str, role: str, member: str, title: str, condition: str) -> str:
        return seen.bind(project, ConditionalBinding(role, member, title, condition))

    return given.check(bound, project, role.name, member, title, condition)


def admitted(
    given: Arguments, where: str, project: pulumi.Input[str], rights: Rights, member: pulumi.Input[str]
) -> Rights:
    """Return the rights on secrets, or refuse them where another component of the program would remove them."""
    seen = SEEN.get()

    def admit(project: str, secret: str, member: str, *roles: str) -> str:
        for role in roles:
            for location in rights.locations:
                seen.admit((project, location, secret, role), SecretMember(where, member, rights.exclusive))
        return secret

    roles = [role.name for role in rights.roles]
    secrets = {name: given.check(admit, project, secret, member, *roles) for name, secret in rights.secrets.items()}
    return replace(rights, secrets=secrets)


def _roles(given: Arguments) -> list[Role]:
    access = given.plain("access", check_access, Access.READ)
    events = given.plain("events", partial(flag, "events"), False)
    roles = [Role("access", documents.ACCESSOR)]
    if events:
        roles.append(Role("events", given.named("events_role", checks.role, documents.VIEWER)))
    elif "events_role" in given:
        given.check(checks.unused_role, "events_role", shown(given.get("events_role")), "events", "true")
    if access is Access.READ_WRITE:
        roles.append(Role("writes", given.named("write_role", checks.role, documents.VERSION_ADDER)))
    elif "write_role" in given:
        given.check(checks.unused_role, "write_role", shown(given.get("write_role")), "access", "read_write")
    return roles


def _secrets(given: Arguments, common: CommonArguments) -> dict[str, pulumi.Input[str]]:
    declared: Any = given.plain("secrets", checks.declared)
    ids = given.check(_ids, declared, common.prefix)
    names = as_resources(vaults.GOOGLE, declared, common.prefix)
    return {name: lift(_item, ids, number) for number, name in enumerate(names)}


def _ids(declared: Sequence[str], prefix: str) -> list[str]:
    full = (vaults.GOOGLE.full_name(name, prefix) for name in declared)
    return distinct("secrets", [vaults.GOOGLE.spelled(name) for name in full])


def _item(ids: Sequence[str], number: int) -> str:
    return ids[number]
