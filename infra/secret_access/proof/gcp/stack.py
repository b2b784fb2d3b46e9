"""Google Cloud's bindings in a stack, and which namespace gets what by them. Pure.

Sources: IAM, "Principal identifiers"; Secret Manager, "Access control with IAM".
"""

import re
import string
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from secret_names import dashed

from ..emptiness import Undecided, member
from ..isolation import Reach, Spelling, Verdict, judge
from ..preview import UNKNOWN, Resource
from ..strings import ANYTHING, NOTHING, StringSet, literal, sequence, some, union
from ..subjects import namespaces_among, spelled_out
from .accounts import Accounts, accounts, is_agent, members
from .conditions import may_hold
from .mappings import Mappings
from .members import email
from .roles import Role, custom_roles, role_of

ON_THE_PROJECT = ("gcp:projects/iAMBinding:IAMBinding", "gcp:projects/iAMMember:IAMMember")
ON_A_SECRET = tuple(
    f"gcp:secretmanager/{kind[0].lower()}{kind[1:]}:{kind}"
    for kind in ("SecretIamBinding", "SecretIamMember", "RegionalSecretIamBinding", "RegionalSecretIamMember")
)
_SECRETS = ("gcp:secretmanager/secret:Secret", "gcp:secretmanager/regionalSecret:RegionalSecret")
_NOT_JUDGED = re.compile(
    r"gcp:projects/iAMPolicy:\w+|gcp:secretmanager/\w+IamPolicy:\w+|gcp:(folder|organizations)/iAM(Policy|Binding|Member):\w+"
    r"|gcp:iam/workloadIdentityPoolIam(Policy|Binding|Member):\w+|gcp:deploymentmanager/deployment:\w+|google-native:[\w/.]+:\w*Iam(Policy|Binding|Member)"
)
NOT_IN_THE_DOCUMENTS = (
    "bindings of the organization, of folders and of other stacks on the project and its secrets",
    "deny policies and principal access boundaries",
    "who may change the pool and its mapping",
    "rights of the default service accounts, which nodes may run as",
)
_CONVENIENCE = {"projectViewer": "roles/viewer", "projectEditor": "roles/editor", "projectOwner": "roles/owner"}
"""Members that stand for all who have a basic role on the project."""
_REST = some(string.ascii_letters + string.digits + "_-", 0, more=True)
_VERSION = sequence(literal("/versions/"), some(string.digits, more=True))
_PROJECT = sequence(literal("projects/"), some(string.ascii_lowercase + string.digits + "-:.", more=True))
_PLACES = (
    _PROJECT,
    sequence(_PROJECT, literal("/locations/"), some(string.ascii_lowercase + string.digits + "-", more=True)),
)


@dataclass
class _Stack:
    accounts: Accounts
    roles: Mapping[str, Role]
    """Those that the stack defines, by URN and by id."""
    secrets: Mapping[str, str]
    """The ids of those that the stack makes, by URN."""
    mappings: Mappings
    basic: dict[str, StringSet] = field(default_factory=dict)
    """Who has a basic role on the project, by the role."""
    undecided: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Grant:
    """Names that a member may use, by one binding."""

    member: str
    subjects: StringSet
    allowed: StringSet
    statement: str
    doubt: str = ""
    """Why others may be the member, too."""


def evaluate(resources: Sequence[Resource], prefixes: Mapping[str, str], shared: Sequence[str] = ()) -> Verdict:
    """Return what Google's documents among the resources let through; `prefixes` are those that are known."""
    stack = _read(resources)
    grants = [grant for each in resources for grant in _grants(stack, each)]
    spelling = _spelling()
    named = {name for grant in grants for name in spelled_out(grant.subjects)}
    declared = {**{name: f"{name}/" for name in named}, **prefixes}
    of_namespaces = union(map(spelling.under, declared.values())) - union(map(spelling.under, shared))
    for grant in grants:
        if grant.doubt and member(grant.allowed & of_namespaces) is not None:
            stack.undecided.append(f"{grant.statement} is for {grant.member}: {grant.doubt}")
    undecided = tuple(dict.fromkeys(stack.undecided))
    if not named and not any(grant.subjects != NOTHING for grant in grants):
        return Verdict("gcp", {}, (), undecided, not_in_documents=NOT_IN_THE_DOCUMENTS)
    reached: list[Reach] = []
    for grant in grants:
        try:
            reached += _reached(grant, set(declared))
        except Undecided as error:
            undecided = (*undecided, f"{grant.statement}: {error}")
    return judge(
        "gcp",
        declared,
        reached,
        spelling,
        shared=shared,
        undecided=undecided,
        not_in_documents=NOT_IN_THE_DOCUMENTS,
    )


def _read(resources: Sequence[Resource]) -> _Stack:
    secrets = {each.urn: id_ for each in resources if each.type in _SECRETS and (id_ := each.text("secretId"))}
    mappings = Mappings(resources)
    found = accounts(resources, mappings)
    stack = _Stack(found, custom_roles(resources), secrets, mappings, undecided=[*found.undecided, *mappings.doubts()])
    for each in resources:
        role = each.text("role")
        if each.type in ON_THE_PROJECT and role is not None and role in _CONVENIENCE.values():
            who = union(_who(stack, each, name)[1] for name in members(each))
            stack.basic[role] = stack.basic.get(role, NOTHING) | who
    for each in resources:
        if _NOT_JUDGED.fullmatch(each.type) and role_of(stack.roles, each).matters and not _is_of_people(stack, each):
            stack.undecided.append(f"{each.name} is a {each.type}: its members are not judged")
    return stack


def _is_of_people(stack: _Stack, each: Resource) -> bool:
    """Return whether all members of a binding are known, and none may be a pod."""
    given = members(each)
    return bool(given) and not any(
        UNKNOWN in name or found != NOTHING or doubt for name in given for _, found, doubt in [_who(stack, each, name)]
    )


def _grants(stack: _Stack, each: Resource) -> Iterator[_Grant]:
    if each.type not in (*ON_THE_PROJECT, *ON_A_SECRET) or not (role := role_of(stack.roles, each)).matters:
        return
    statement = f"binding {each.name} of {role.name}"
    if each.type in ON_A_SECRET:
        secret = each.text("secretId") or stack.secrets.get(next(iter(each.depends_on.get("secretId", ())), ""))
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
        allowed = ANYTHING if condition is None or role.takes else may_hold(str(expression))
        statement += " on the project" + (" without a condition" if condition is None else f" where {expression}")
    for name in members(each):
        shown, found, doubt = _who(stack, each, name)
        if UNKNOWN in name and shown == name:
            stack.undecided.append(f"a member of {statement} is known only after `pulumi up`")
        yield _Grant(shown, found, allowed, statement, doubt)


def _who(stack: _Stack, each: Resource, name: str) -> tuple[str, StringSet, str]:
    """Return a binding's member for people, whose tokens it is, and why others may be it, too."""
    key = "members" if "members" in each.inputs else "member"
    address, kind = email(name), name.partition(":")[0]
    if kind in _CONVENIENCE:
        found = stack.basic.get(_CONVENIENCE[kind], NOTHING)
        doubt = f"who has {_CONVENIENCE[kind]} on the project is not among the documents"
        return name, found, "" if kind == "projectOwner" else doubt
    if kind == "group":
        has_accounts = any(found != NOTHING for found in stack.accounts.impersonators.values())
        return name, NOTHING, "it may have service accounts of the pods as members" if has_accounts else ""
    is_account = address is not None or "googleapis" not in name
    named = stack.accounts.of(each, key, address or name) if is_account else []
    found = union([stack.mappings.who(name), *map(stack.accounts.become, named)])
    doubt = next((stack.accounts.doubts[one] for one in named if one in stack.accounts.doubts), "")
    if address is not None and not named and UNKNOWN not in address:
        return address, found, "" if is_agent(address) else "who may become it is not among the documents"
    return f"service account {' or '.join(named)}" if named else name, found, doubt


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
