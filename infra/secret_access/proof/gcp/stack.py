"""Google Cloud's bindings in a stack, and which namespace gets what by them. Pure.

Sources: IAM, "Principal identifiers"; Secret Manager, "Access control with IAM".
"""

import re
import string
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from secret_names import dashed

from ..emptiness import Undecided
from ..isolation import Reach, Spelling, Verdict, judge
from ..preview import UNKNOWN, Resource
from ..strings import ANYTHING, NOTHING, StringSet, literal, sequence, some, union
from ..subjects import namespaces_among, spelled_out
from .conditions import may_hold
from .members import email, policy_members, subjects

ON_THE_PROJECT = ("gcp:projects/iAMBinding:IAMBinding", "gcp:projects/iAMMember:IAMMember")
ON_A_SECRET = tuple(
    f"gcp:secretmanager/{kind[0].lower()}{kind[1:]}:{kind}"
    for kind in ("SecretIamBinding", "SecretIamMember", "RegionalSecretIamBinding", "RegionalSecretIamMember")
)
IMPERSONATION = (
    "gcp:serviceaccount/iAMMember:IAMMember",
    "gcp:serviceaccount/iAMBinding:IAMBinding",
    "gcp:serviceaccount/iAMPolicy:IAMPolicy",
)
ACCOUNT = "gcp:serviceaccount/account:Account"
_NOT_JUDGED = re.compile(
    r"gcp:projects/iAMPolicy:\w+|gcp:secretmanager/\w+IamPolicy:\w+|gcp:(folder|organizations)/iAM(Policy|Binding|Member):\w+"
)
NOT_IN_THE_DOCUMENTS = (
    "bindings of the organization, of folders and of other stacks on the project and its secrets",
    "deny policies and principal access boundaries",
    "who may change the pool and its mapping",
    "members of groups and domains, and the nodes' own service account",
)
_HARMLESS = {"roles/secretmanager.viewer"}
_TAKING = frozenset(
    {
        "roles/admin",
        "roles/iam.securityAdmin",
        "roles/iam.serviceAccountAdmin",
        "roles/iam.serviceAccountKeyAdmin",
        "roles/iam.serviceAccountTokenCreator",
        "roles/iam.workloadIdentityPoolAdmin",
        "roles/iam.workloadIdentityUser",
        "roles/owner",
        "roles/resourcemanager.projectIamAdmin",
        "roles/writer",
    }
)
"""Give the right to all rights, or to become every service account: whatever their condition says of names."""
_POWERFUL = _TAKING | {"roles/editor"}
_REST = some(string.ascii_letters + string.digits + "_-", 0, more=True)
_VERSION = sequence(literal("/versions/"), some(string.digits, more=True))
_PROJECT = sequence(literal("projects/"), some(string.ascii_lowercase + string.digits + "-:.", more=True))
_PLACES = (
    _PROJECT,
    sequence(_PROJECT, literal("/locations/"), some(string.ascii_lowercase + string.digits + "-", more=True)),
)


@dataclass
class _Stack:
    accounts: dict[str, str] = field(default_factory=dict)
    """Ids of service accounts, by URN."""
    impersonators: dict[str, StringSet] = field(default_factory=dict)
    """Whose tokens may become a service account, by its id."""
    stand_ins: dict[str, set[str]] = field(default_factory=dict)
    """Service accounts that may become another, by its id."""
    undecided: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Grant:
    """Names that a member may use, by one binding."""

    member: str
    subjects: StringSet
    allowed: StringSet
    statement: str


def evaluate(resources: Sequence[Resource], prefixes: Mapping[str, str], shared: Sequence[str] = ()) -> Verdict:
    """Return what Google's documents among the resources let through; `prefixes` are those that are known."""
    stack = _Stack()
    for each in resources:
        if each.type == ACCOUNT:
            stack.accounts[each.urn] = each.text("accountId") or each.name
    for each in resources:
        if each.type in IMPERSONATION:
            _add_impersonators(stack, each)
    _pass_on(stack)
    grants = [grant for each in resources for grant in _grants(stack, each)]
    stack.undecided += [
        f"{each.name} is a {each.type}: its members are not judged"
        for each in resources
        if _NOT_JUDGED.fullmatch(each.type) and _matters(each.text("role") or "a role")
    ]
    named = {name for grant in grants for name in spelled_out(grant.subjects)}
    if not named and not any(grant.subjects != NOTHING for grant in grants):
        return Verdict("gcp", {}, (), tuple(stack.undecided), not_in_documents=NOT_IN_THE_DOCUMENTS)
    declared = {**{name: f"{name}/" for name in named}, **prefixes}
    reached: list[Reach] = []
    for grant in grants:
        try:
            reached += _reached(grant, set(declared))
        except Undecided as error:
            stack.undecided.append(f"{grant.statement}: {error}")
    return judge(
        "gcp",
        declared,
        reached,
        _spelling(),
        shared=shared,
        undecided=stack.undecided,
        not_in_documents=NOT_IN_THE_DOCUMENTS,
    )


def _add_impersonators(stack: _Stack, each: Resource) -> None:
    accounts = _accounts(stack, each, "serviceAccountId", each.text("serviceAccountId"))
    if each.inputs.get("policyData") is not None:
        text = each.text("policyData")
        if text is None:
            stack.undecided.append(f"the policy of {each.name} is known only after `pulumi up`")
        members = [] if text is None else policy_members(f"the policy of {each.name}", text)
    else:
        members = _members(each)
    for account in accounts:
        found = union(subjects(name) for name in members)
        stack.impersonators[account] = stack.impersonators.get(account, NOTHING) | found
        for address in filter(None, map(email, members)):
            stack.stand_ins.setdefault(account, set()).update(_accounts(stack, each, "", address))


def _pass_on(stack: _Stack) -> None:
    """Whoever becomes a service account becomes those that it may become, through as many as it takes."""
    direct = dict(stack.impersonators)
    for account in stack.stand_ins:
        known, waiting = {account}, [account]
        for each in waiting:
            further = sorted(stack.stand_ins.get(each, set()) - known)
            known.update(further)
            waiting += further
        stack.impersonators[account] = union(direct.get(each, NOTHING) for each in waiting)


def _grants(stack: _Stack, each: Resource) -> Iterator[_Grant]:
    role = each.text("role") or "a role"
    if each.type not in (*ON_THE_PROJECT, *ON_A_SECRET) or not _matters(role):
        return
    statement = f"binding {each.name} of {role}"
    if each.type in ON_A_SECRET:
        secret = each.text("secretId")
        if secret is None:
            stack.undecided.append(f"{statement} is on a secret that is known only after `pulumi up`")
            return
        name = secret.rpartition("/")[2]
        allowed = union(sequence(place, literal(f"/secrets/{name}"), _VERSION) for place in _PLACES)
        statement += f" on the secret {name}"
    else:
        condition = each.inputs.get("condition")
        expression = condition.get("expression") if isinstance(condition, Mapping) else None
        is_known = isinstance(expression, str) and not each.is_pending("condition")
        if condition is not None and not is_known:
            stack.undecided.append(f"the condition of {statement} is known only after `pulumi up`")
            return
        allowed = ANYTHING if condition is None or role in _TAKING else may_hold(str(expression))
        statement += " on the project" + (" without a condition" if condition is None else f" where {expression}")
    key = "members" if "members" in each.inputs else "member"
    for name in _members(each):
        address = email(name)
        accounts = _accounts(stack, each, key, address or name) if address or "googleapis" not in name else []
        found = union([subjects(name), *(stack.impersonators.get(account, NOTHING) for account in accounts)])
        if UNKNOWN in name and not accounts:
            stack.undecided.append(f"a member of {statement} is known only after `pulumi up`")
        if address is not None and not accounts and UNKNOWN not in address:
            stack.undecided.append(f"{statement} is for {address}: who may become it is not among the documents")
        shown = f"service account {' or '.join(accounts)}" if accounts else name
        yield _Grant(shown, found, allowed, statement)


def _accounts(stack: _Stack, each: Resource, key: str, text: str | None) -> list[str]:
    """The service accounts of the stack that an input names, by what it says or by what it was computed from."""
    if text is None or UNKNOWN in text:
        return [stack.accounts[urn] for urn in each.depends_on.get(key, ()) if urn in stack.accounts]
    named = [name for name in stack.accounts.values() if re.search(rf"(^|[/:]){name}@", text)]
    return named or ([text] if text in stack.impersonators else [])


def _members(each: Resource) -> list[str]:
    found: Any = each.inputs.get("members") or [each.inputs.get("member")]
    return [name for name in (found if isinstance(found, list) else [found]) if isinstance(name, str)]


def _matters(role: str) -> bool:
    """Whether a role may give values away or replace them; of one's own roles nobody knows."""
    is_own = not role.startswith("roles/")
    return is_own or role in _POWERFUL or (role.startswith("roles/secretmanager.") and role not in _HARMLESS)


def _reached(grant: _Grant, declared: set[str]) -> Iterator[Reach]:
    for namespace, subject in namespaces_among(grant.subjects, declared):
        lets_in = f"{grant.member}, which {subject} is or may become"
        yield Reach(namespace, grant.member, grant.allowed, partial(_why, lets_in, grant.statement))


def _why(lets_in: str, statement: str, _name: str) -> tuple[str, ...]:
    return lets_in, statement


def _spelling() -> Spelling:
    return Spelling(
        under=lambda prefix: union(
            sequence(place, literal(f"/secrets/{dashed(prefix)}"), _REST, _VERSION) for place in _PLACES
        ),
        spelled=lambda name: f"projects/123456789012/secrets/{dashed(name)}/versions/1",
        name_of=lambda text: text.partition("/secrets/")[2].partition("/versions/")[0].replace("--", "/"),
    )
