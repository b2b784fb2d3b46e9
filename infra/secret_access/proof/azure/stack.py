"""Azure's identities and their rights in a stack, and which namespace gets what by them. Pure.

Sources: Azure RBAC, "Steps to determine if a user has access to a resource"; Key Vault, "Provide access to Key Vault
keys, certificates, and secrets with Azure role-based access control", "Assign a Key Vault access policy".
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from ..emptiness import Undecided, member
from ..isolation import Reach, Spelling, Verdict, judge
from ..preview import Resource
from ..strings import StringSet, union
from ..subjects import namespaces_among, spelled_out
from .access_policies import add_access_policies
from .assignments import add_assignments, add_roles, pass_on
from .documents import OTHER_ASSIGNMENTS, Grant, Stack, by_kind
from .federation import add_identities
from .identities import Identity
from .nodes import add_nodes
from .ownership import add_vaults
from .vaults import spelling

NOT_IN_THE_DOCUMENTS = (
    "role assignments that other stacks and people make, on the subscription and its management groups too",
    "deny assignments, eligible roles (PIM), and the vaults' firewalls",
    "federated credentials that others add, applications and members of groups of Entra",
    "what else is in a vault that a namespace has alone",
)
_OTHER_PROVIDERS = re.compile(
    r"(azure:(keyvault/\w+|armmsi/federatedIdentityCredential):\w+"
    r"|azuread:index/applicationFederatedIdentityCredential:\w+)"
)


def evaluate(resources: Sequence[Resource], prefixes: Mapping[str, str], shared: Sequence[str] = ()) -> Verdict:
    """Return what Azure's documents among the resources let through; `prefixes` are those that are known."""
    stack = read(resources, prefixes)
    named = {name for one in stack.identities for set_, _ in one.become for name in spelled_out(set_)}
    if not any(one.become for one in stack.identities):
        return Verdict("azure", {}, (), _once(stack.undecided), not_in_documents=NOT_IN_THE_DOCUMENTS)
    declared = {**{name: f"{name}/" for name in named}, **prefixes}
    found: list[Reach] = []
    for number, one in enumerate(stack.identities):
        try:
            found += _reached(one, stack.grants.get(number, []), set(declared))
        except Undecided as error:
            stack.undecided.append(f"identity {one.name}: {error}")
    spelled = spelling(stack.vaults, declared)
    _say_doubts(stack, union(map(spelled.under, shared)), spelled)
    return judge(
        "azure",
        declared,
        found,
        spelled,
        shared=shared,
        undecided=_once(stack.undecided),
        not_in_documents=NOT_IN_THE_DOCUMENTS,
    )


def _once(texts: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))


def read(resources: Sequence[Resource], prefixes: Mapping[str, str] | None = None) -> Stack:
    """Return the identities, who may become them, and what they may use; `prefixes` are those that are known."""
    stack = Stack(by_kind(resources), prefixes=prefixes or {})
    stack.has_group_members = any(each.type.startswith("azuread:index/group") for each in resources)
    for each in resources:
        if each.type in OTHER_ASSIGNMENTS or _OTHER_PROVIDERS.fullmatch(each.type):
            stack.undecided.append(f"{each.name} is a {each.type}: of Azure's documents, azure-native's are judged")
    add_identities(stack, resources)
    add_nodes(stack)
    add_vaults(stack)
    add_roles(stack)
    pass_on(stack)
    add_assignments(stack)
    add_access_policies(stack)
    return stack


def _say_doubts(stack: Stack, everybodys: StringSet, spelling_: Spelling) -> None:
    """Note the identities with rights that something of which the documents do not tell may be, too."""
    for number, one in enumerate(stack.identities):
        if one.doubt:
            allowed = union(grant.allowed for grant in stack.grants.get(number, ()))
            if member((allowed & spelling_.under("")) - everybodys) is not None:
                stack.undecided.append(f"identity {one.name} may use secrets, and {one.doubt}")


def _reached(one: Identity, grants: Sequence[Grant], declared: set[str]) -> Iterator[Reach]:
    if grants:
        allowed = union(grant.allowed for grant in grants)
        for namespace, subject in namespaces_among(one.subjects, declared):
            lets_in = next(by for subjects, by in one.become if subject in subjects)
            yield Reach(namespace, f"identity {one.name}", allowed, partial(_why, lets_in, grants))


def _why(lets_in: str, grants: Sequence[Grant], name: str) -> tuple[str, ...]:
    return lets_in, next(grant.statement for grant in grants if name in grant.allowed)
