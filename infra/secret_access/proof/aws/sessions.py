"""Which namespace gets which role, with which rights: by tokens, associations, nodes and other roles. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ..emptiness import Undecided, member
from ..strings import StringSet, glob, union
from ..subjects import ALL, namespaces_among
from . import trust
from .chains import AssumableRole, Session, arns, chained, strangers, trusts_principals
from .rights import Rights
from .secrets import under
from .stack import Role, Stack
from .statements import statements

_PROVIDER = "-provider/"
"""In principals of web identities and SAML: those of Cognito are in no document."""
_LOOKING = union(glob(f"*:{verb}*") for verb in ("get", "list", "describe"))
"""Actions that change nothing, and pass nothing on."""


def by_tokens(stack: Stack, declared: set[str]) -> Iterator[Session]:
    """Yield what tokens of ServiceAccounts get, those of namespaces that nobody declared among them."""
    for role in stack.roles.values():
        try:
            found = list(namespaces_among(trust.trusted_subjects(role.trust), declared))
        except Undecided as error:
            stack.undecided.append(f"trust of {role.name}: {error}")
            continue
        for namespace, subject in found:
            yield of_role(namespace, role, trust.statement_trusting(role.trust, subject))


def by_associations(stack: Stack) -> Iterator[Session]:
    """Yield what EKS Pod Identity gives."""
    for each in stack.associations:
        namespace, account = each.text("namespace"), each.text("serviceAccount")
        role = stack.role_of(each, "roleArn")
        if namespace is None or account is None:
            stack.undecided.append(f"association {each.name}: its namespace is known only after `pulumi up`")
            continue
        if role is None:
            stack.undecided.append(f"association {each.name}: its role is not among the documents")
            continue
        tags = {} if each.inputs.get("disableSessionTags") is True else _tags(namespace, account)
        requested = {f"aws:requesttag/{key}": value for key, value in tags.items()}
        if (lets_in := trust.statement_trusting_eks(role.trust, requested)) is None:
            continue
        limits = role.limits
        if each.is_pending("policy"):
            stack.undecided.append(f"the session policy of {each.name} is known only after `pulumi up`")
        elif (policy := each.text("policy")) is not None:
            limits = (*limits, statements(f"session policy of {each.name}", policy))
        known = {f"aws:principaltag/{key}": value for key, value in tags.items()}
        rights = Rights(role.identity, known, limits)
        # EKS assumes the target role itself, before it restricts the session
        full = Rights(rights.identity, known, role.limits) if each.inputs.get("targetRoleArn") else rights
        target = None
        if not any(urn in stack.roles for urn in each.depends_on.get("targetRoleArn", ())):
            target = each.text("targetRoleArn")
            if each.is_pending("targetRoleArn"):
                stack.undecided.append(f"the target role of association {each.name} is known only after `pulumi up`")
        yield Session(namespace, role.urn, role.name, rights, (lets_in,), full, target)


def by_nodes(role: Role, lets_in: str, declared: set[str]) -> Iterator[Session]:
    """Yield what the nodes' metadata service gives to pods of any namespace."""
    one = of_role("", role, lets_in, "any pod of its nodes reaches their metadata service")
    for namespace, _ in namespaces_among(ALL, declared):
        yield replace(one, namespace=namespace)


def by_chains(stack: Stack, sessions: Sequence[Session]) -> list[Session]:
    """Return what those sessions get by further roles; say which roles trust others than these.

    Another role of the stack is no stranger: who may become it is known by its own trust, or said of that.
    """
    found = further(stack, sessions)
    had = {each.role: arns(each.name) for each in [*sessions, *found]}
    known = {**{urn: _arns(role) for urn, role in stack.roles.items() if _is_judged(role)}, **had}
    for role in stack.roles.values():
        if trusts_principals(role.trust) and not _only_looks(role):
            for who in strangers(role.trust, union(each for urn, each in known.items() if urn != role.urn)):
                stack.undecided.append(f"role {role.name} trusts {who}: who may become that is not among the documents")
    return found


def _is_judged(role: Role) -> bool:
    """Return whether who may become a role is known, or is said of it."""
    is_of_providers = all(_PROVIDER in name for each in role.trust for name in each.principals.get("Federated", ()))
    return bool(role.trust) and is_of_providers and not (trusts_principals(role.trust) and _only_looks(role))


def _arns(role: Role) -> StringSet:
    """Return the ARNs that a role may have; its account is that of the OIDC providers that it trusts."""
    accounts = trust.accounts(role.trust)
    return union(arns(role.name, account) for account in accounts) if accounts else arns(role.name)


def _only_looks(role: Role) -> bool:
    """Return whether a role has rights to look at things alone, and at no secret: whoever has it gets nothing by it."""
    allows = [each for each in role.identity if each.is_allow]
    if role.undecided or not allows or any(member(each.actions - _LOOKING) is not None for each in allows):
        return False
    try:
        return member(Rights(role.identity, {}, role.limits).any_allowed & under("")) is None
    except Undecided:
        return False


def further(stack: Stack, sessions: Sequence[Session]) -> list[Session]:
    """Return what sessions get by assuming further roles, or passing them to a service."""
    roles = [
        AssumableRole(role.urn, role.name, role.trust, role.identity, role.limits)
        for role in stack.roles.values()
        if trusts_principals(role.trust) or trust.services(role.trust)
    ]
    found: list[Session] = []
    for each in sessions:
        try:
            found += chained(each, roles)
        except Undecided as error:
            stack.undecided.append(f"roles that role {each.name} may assume: {error}")
    return found


def of_role(namespace: str, role: Role, *lets_in: str) -> Session:
    """Return a session of a role for pods of a namespace, without tags."""
    rights = Rights(role.identity, {}, role.limits)
    return Session(namespace, role.urn, role.name, rights, lets_in, rights)


def _tags(namespace: str, account: str) -> dict[str, str]:
    return {"kubernetes-namespace": namespace, "kubernetes-service-account": account}
