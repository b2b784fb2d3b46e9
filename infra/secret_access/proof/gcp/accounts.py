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
        address = text.rpartition("/")[2]
        return named or ([address] if address in self.impersonators else [])

    def become(self, account: str) -> StringSet:
        """Return the subjects whose tokens may become a service account."""
        return self.impersonators.get(account, NOTHING)


def accounts(resources: Sequence[Resource], mappings: Mappings) -> Accounts:
    """Return the service accounts, with whoever may become them by however many others."""
    found = Accounts()
    found.ids = {each.urn: each.text("accountId") or each.name for each in resources if each.type == ACCOUNT}
    _add_nodes(found, resources)
    bindings = [each for each in resources if each.type in IMPERSONATION and each.text("role") not in _HARMLESS]
    from_elsewhere = {each.urn: address for each in bindings if (address := _from_elsewhere(found, each)) is not None}
    for address in filter(None, from_elsewhere.values()):
        found.impersonators.setdefault(address, NOTHING)
        found.doubts.setdefault(address, "who may become it is not among the documents")
    who = {each.urn: _impersonators(found, each) for each in bindings}
    for each in bindings:
        _add_impersonators(found, each, who[each.urn], mappings)
    for each in resources:
        if each.type == KEY:
            for account in found.of(each, "serviceAccountId", each.text("serviceAccountId")):
                found.doubts[account] = f"who holds its key {each.name} is not among the documents"
    _pass_on(found)
    for each in bindings:
        if each.urn in from_elsewhere:
            _doubt_accounts_from_elsewhere(found, each, from_elsewhere[each.urn], who[each.urn], mappings)
    return found


def members(each: Resource) -> list[str]:
    """Return the members of a binding."""
    given: Any = each.inputs.get("members") or [each.inputs.get("member")]
    return [name for name in (given if isinstance(given, list) else [given]) if isinstance(name, str)]


def is_agent(address: str) -> bool:
    """Return whether an email is that of a service of Google's, which no pod becomes."""
    return _AGENT.fullmatch(address) is not None


def _add_nodes(found: Accounts, resources: Sequence[Resource]) -> None:
    for some in nodes(resources):
        named = found.of(some.source, some.key, some.account)
        for account in named or ([] if UNKNOWN in some.account else [some.account]):
            if some.doubt:
                found.doubts[account] = some.doubt
                found.impersonators.setdefault(account, NOTHING)
            else:
                found.impersonators[account] = ANYTHING


def _from_elsewhere(found: Accounts, each: Resource) -> str | None:
    """The email of the account that a binding is on, empty where it is known only later; None for one of the stack."""
    text = each.text("serviceAccountId")
    if any(one in found.ids.values() for one in found.of(each, "serviceAccountId", text)):
        return None
    return "" if text is None else text.rpartition("/")[2]


def _impersonators(found: Accounts, each: Resource) -> list[str]:
    """The members of a binding on a service account, or of its whole policy."""
    if each.inputs.get("policyData") is None:
        return members(each)
    if (text := each.text("policyData")) is None:
        found.undecided.append(f"the policy of {each.name} is known only after `pulumi up`")
        return []
    return policy_members(f"the policy of {each.name}", text)


def _add_impersonators(found: Accounts, each: Resource, who: Sequence[str], mappings: Mappings) -> None:
    key = "members" if "members" in each.inputs else "member"
    for account in found.of(each, "serviceAccountId", each.text("serviceAccountId")):
        found.impersonators[account] = union([found.become(account), *map(mappings.who, who)])
        for name in who:
            if email(name) is not None or UNKNOWN in name:
                others = found.of(each, key, email(name) or name)
                found.stand_ins.setdefault(account, set()).update(others)
                if others or is_agent(email(name) or ""):
                    continue
            if (doubt := _doubt(name)) is not None:
                found.doubts[account] = f"{doubt} may become it by {each.name}"


def _doubt_accounts_from_elsewhere(
    found: Accounts, each: Resource, address: str, who: Sequence[str], mappings: Mappings
) -> None:
    """Note the members that may be pods and become an account of which the documents do not tell what it may use."""
    key = "members" if "members" in each.inputs else "member"
    which = f"{address} by {each.name}, which is not among the documents"
    later = f"a service account by {each.name}, which is known only after `pulumi up`"
    for name in who:
        others = found.of(each, key, email(name) or name) if email(name) is not None or UNKNOWN in name else []
        is_later = UNKNOWN in name and not others
        if is_later or union([mappings.who(name), *map(found.become, others)]) != NOTHING:
            shown = "a member that is known only after `pulumi up`" if is_later else " or ".join(others) or name
            found.undecided.append(
                f"{shown} may become {which if address else later}: what it may use is not judged; make it in this "
                "stack"
            )


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
