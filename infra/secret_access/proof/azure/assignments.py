"""Role assignments: what they let identities use, and which they let them become. Pure."""

from collections.abc import Iterator, Sequence

from ..preview import UNKNOWN, Resource
from ..strings import NOTHING, StringSet, union
from . import roles
from .documents import (
    DEFINITION,
    Grant,
    Stack,
    assignments,
    give,
    namespaces_of,
    principals,
    say_who,
    scopes_of,
    vault_at,
)
from .identities import Identity
from .roles import Power, Role
from .scopes import CLUSTERS, IDENTITIES, MACHINES, VAULTS, Scope
from .vaults import ELSEWHERE, Vault, reached, secrets_of, spelling


def add_roles(stack: Stack) -> None:
    """Add the roles that the stack defines."""
    for each in stack.of(DEFINITION):
        given = each.inputs.get("permissions")
        permissions = [one for one in given if roles.is_permission(one)] if isinstance(given, list) else []
        is_known = isinstance(given, list) and len(permissions) == len(given) and UNKNOWN not in str(given)
        name = each.text("roleName") or each.name
        role = Role(f"the role {name}", roles.granted(permissions)) if is_known else roles.unknown(name)
        stack.roles[each.urn] = role
        if found := each.text("roleDefinitionId"):
            stack.roles[found.lower()] = role


def role_of(stack: Stack, each: Resource) -> Role:
    """Return the role of an assignment."""
    text = each.text("roleDefinitionId")
    for urn in each.depends_on.get("roleDefinitionId", ()):
        if urn in stack.roles:
            return stack.roles[urn]
    if text is None:
        return roles.unknown(None)
    return stack.roles.get(text.rpartition("/")[2].lower()) or roles.built_in(text) or roles.unknown(text)


def pass_on(stack: Stack) -> None:
    """Add to each identity whoever may become it by a role on it, through as many identities as it takes."""
    steps = list(_steps(stack))
    direct = [(one, list(one.become)) for one in stack.identities]
    for one, _ in direct if steps else ():
        known, waiting = [one], [(one, "")]
        for target, chain in waiting:
            for holder, becomes, by in steps:
                if becomes is target and not any(holder is each for each in known):
                    known.append(holder)
                    then = f"{by}; {chain}" if chain else by
                    waiting.append((holder, then))
                    own = next(become for each, become in direct if each is holder)
                    one.become += [(subjects, f"{statement}; {then}") for subjects, statement in own]


def _steps(stack: Stack) -> Iterator[tuple[Identity, Identity, str]]:
    """Yield the identities that may become others, these, and by which statement."""
    for each in assignments(stack):
        role = role_of(stack, each)
        if Power.BECOME not in role.powers:
            continue
        for holder in principals(stack, each, "principalId", each.text("principalId")):
            for found, _ in scopes_of(stack, each):
                for one in stack.identities:
                    if one is not holder and found.may_hold(None, one.group, IDENTITIES, one.name.lower()):
                        by = _assigned(each, role, Power.BECOME, found)
                        yield holder, one, f"{by}, by which identity {holder.name} becomes it"


def add_assignments(stack: Stack) -> None:
    """Add what role assignments let identities use."""
    for each in assignments(stack):
        role = role_of(stack, each)
        powers = [power for power in role.powers if power not in (Power.BECOME, Power.HOST)]
        holders = principals(stack, each, "principalId", each.text("principalId"))
        found = scopes_of(stack, each)
        if not found and each.text("scope") is None and role.powers:
            stack.undecided.append(f"the scope of role assignment {each.name} is known only after `pulumi up`")
        if Power.HOST in role.powers:
            _add_hosted(stack, each, role, holders)
        if Power.BECOME in role.powers:
            _say_becoming(stack, each, role, holders)
        for where, is_certain in found:
            for power in powers:
                allowed = reached(where, stack.vaults, power)
                if allowed == NOTHING:
                    continue
                if not holders:
                    say_who(stack, each, f"role assignment {each.name}", each.text("principalId"))
                elif not is_certain and _is_in_doubt(stack, where, holders):
                    stack.undecided.append(
                        f"role assignment {each.name} is on a secret of the vault {where.name}, or on all of it: "
                        "that is known only after `pulumi up`"
                    )
                else:
                    give(stack, holders, Grant(allowed, _assigned(each, role, power, where)))


def _is_in_doubt(stack: Stack, where: Scope, holders: Sequence[Identity]) -> bool:
    """Return whether a scope that is known later may be one secret or a whole vault, and pods may use it."""
    is_open = where.kind == VAULTS and not vault_at(stack, where).owners
    return is_open and any(one.subjects != NOTHING or one.doubt for one in holders)


def _add_hosted(stack: Stack, each: Resource, role: Role, holders: Sequence[Identity]) -> None:
    """Add that whoever makes pods in a cluster, or runs commands on its nodes, uses what any pod may use."""
    by_pods = [one for one in holders if one.subjects != NOTHING]
    for where, _ in scopes_of(stack, each):
        statement = _assigned(each, role, Power.HOST, where)
        if where.kind in CLUSTERS:
            give(stack, by_pods, Grant(_of_pods(stack, where.namespace), statement))
        elif by_pods and (where.kind in MACHINES or (where.is_wide and Power.TAKE not in role.powers)):
            stack.undecided.append(f"{statement} may run commands as any pod: whether pods run there is not known")


def _say_becoming(stack: Stack, each: Resource, role: Role, holders: Sequence[Identity]) -> None:
    """Say where pods may become identities of no document, and where unknown holders may become a namespace's."""
    by_pods = any(one.subjects != NOTHING or one.doubt for one in holders)
    for where, _ in scopes_of(stack, each):
        of_stack = [one for one in stack.identities if where.may_hold(None, one.group, IDENTITIES, one.name.lower())]
        is_elsewhere = (where.is_wide and Power.TAKE not in role.powers) or (where.kind == IDENTITIES and not of_stack)
        if by_pods and is_elsewhere:
            by = _assigned(each, role, Power.BECOME, where)
            stack.undecided.append(f"{by} may become identities that are not among the documents")
        elif not holders and any(map(namespaces_of, of_stack)):
            say_who(stack, each, f"role assignment {each.name}", each.text("principalId"))


def _of_pods(stack: Stack, namespace: str | None) -> StringSet:
    """Return the secrets of pods of a namespace, None for any."""
    if namespace is None:
        return union([*map(secrets_of, stack.vaults), secrets_of(Vault(ELSEWHERE))])
    prefix = stack.prefixes.get(namespace, f"{namespace}/")
    return spelling(stack.vaults, {namespace: prefix}).under(prefix)


def _assigned(each: Resource, role: Role, power: Power, where: Scope) -> str:
    held = ", whose condition counts as one that holds" if each.inputs.get("condition") is not None else ""
    return f"role assignment {each.name} of {role.name} on {where}{held} ({role.powers[power]})"
