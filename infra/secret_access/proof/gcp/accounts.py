"""Google's service accounts in a stack, and who may become them. Pure.

Source: IAM, "Service account impersonation", "Attach service accounts to resources".
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ..preview import UNKNOWN, Resource
from ..strings import ANYTHING, NOTHING, StringSet, union
from .mappings import Mappings
from .members import email, policy_members
from .nodes import nodes

IMPERSONATION = (
    "gcp:serviceaccount/iAMMember:IAMMember",
    "gcp:serviceaccount/iAMBinding:IAMBinding",
    "gcp:serviceaccount/iAMPolicy:IAMPolicy",
)
ACCOUNT = "gcp:serviceaccount/account:Account"
KEY = "gcp:serviceaccount/key:Key"
_HARMLESS = {"roles/iam.serviceAccountViewer", "roles/iam.serviceAccountOpenIdTokenCreator"}
_AGENT = re.compile(r"service-\d+@[a-z0-9.-]+\.gserviceaccount\.com|\d+@cloudservices\.gserviceaccount\.com")


@dataclass
class Accounts:
    """The service accounts of a stack; `undecided` is what the documents do not tell."""

    ids: dict[str, str] = field(default_factory=dict)
    """By URN."""
    impersonators: dict[str, StringSet] = field(default_factory=dict)
    """Whose tokens may become a service account, by its id, or its email where it is none of the stack."""
    stand_ins: dict[str, set[str]] = field(default_factory=dict)
    """Service accounts that may become another, by its id."""
    doubts: dict[str, str] = field(default_factory=dict)
    """Why others may become a service account, by its id."""
    undecided: list[str] = field(default_factory=list)

    def of(self, each: Resource, key: str, text: str | None) -> list[str]:
        """The service accounts that an input names, by what it says or by what it was computed from."""
        if text is None or UNKNOWN in text:
            return [self.ids[urn] for urn in each.depends_on.get(key, ()) if urn in self.ids]
        named = [name for name in self.ids.values() if re.search(rf"(^|[/:]){name}@", text)]
        return named or ([text] if text in self.impersonators else [])

    def become(self, account: str) -> StringSet:
        """Return the subjects whose tokens may become a service account."""
        return self.impersonators.get(account, NOTHING)


def accounts(resources: Sequence[Resource], mappings: Mappings) -> Accounts:
    """Return the service accounts, with whoever may become them by however many others."""
    found = Accounts()
    found.ids = {each.urn: each.text("accountId") or each.name for each in resources if each.type == ACCOUNT}
    for some in nodes(resources):
        named = found.of(some.source, some.key, some.account)
        for account in named or ([] if UNKNOWN in some.account else [some.account]):
            if some.is_hidden:
                found.doubts[account] = f"pods of the host's network on nodes of {some.source.name} become it"
                found.impersonators.setdefault(account, NOTHING)
            else:
                found.impersonators[account] = ANYTHING
    for each in resources:
        if each.type in IMPERSONATION and each.text("role") not in _HARMLESS:
            _add_impersonators(found, each, mappings)
        elif each.type == KEY:
            for account in found.of(each, "serviceAccountId", each.text("serviceAccountId")):
                found.doubts[account] = f"who holds its key {each.name} is not among the documents"
    _pass_on(found)
    return found


def members(each: Resource) -> list[str]:
    """Return the members of a binding."""
    given: Any = each.inputs.get("members") or [each.inputs.get("member")]
    return [name for name in (given if isinstance(given, list) else [given]) if isinstance(name, str)]


def is_agent(address: str) -> bool:
    """Return whether an email is that of a service of Google's, which no pod becomes."""
    return _AGENT.fullmatch(address) is not None


def _add_impersonators(found: Accounts, each: Resource, mappings: Mappings) -> None:
    named = found.of(each, "serviceAccountId", each.text("serviceAccountId"))
    if each.inputs.get("policyData") is not None:
        text = each.text("policyData")
        if text is None:
            found.undecided.append(f"the policy of {each.name} is known only after `pulumi up`")
        who = [] if text is None else policy_members(f"the policy of {each.name}", text)
    else:
        who = members(each)
    key = "members" if "members" in each.inputs else "member"
    for account in named:
        found.impersonators[account] = union([found.become(account), *map(mappings.who, who)])
        for name in who:
            if email(name) is not None or UNKNOWN in name:
                others = found.of(each, key, email(name) or name)
                found.stand_ins.setdefault(account, set()).update(others)
                if others or is_agent(email(name) or ""):
                    continue
            if (doubt := _doubt(name)) is not None:
                found.doubts[account] = f"{doubt} may become it by {each.name}"


def _doubt(member: str) -> str | None:
    """Return who a member may be beside those that are known; None for one of whom all is known."""
    if UNKNOWN in member:
        return "a member that is known only after `pulumi up`"
    is_someone = email(member) is not None or member.partition(":")[0] in ("group", "projectEditor", "projectViewer")
    return f"{member}, of whom the documents do not tell," if is_someone else None


def _pass_on(found: Accounts) -> None:
    """Whoever becomes a service account becomes those that it may become, through as many as it takes."""
    direct = dict(found.impersonators)
    for account in found.stand_ins:
        known, waiting = {account}, [account]
        for each in waiting:
            further = sorted(found.stand_ins.get(each, set()) - known)
            known.update(further)
            waiting += further
        found.impersonators[account] = union(direct.get(each, NOTHING) for each in waiting)
        doubts = [found.doubts[each] for each in waiting if each in found.doubts]
        found.doubts |= {account: doubts[0]} if doubts else {}
