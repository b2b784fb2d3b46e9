"""Users with an access key in the stack: a pod may hold the key, and no document says which. Pure.

Source: IAM User Guide, "Manage access keys for IAM users".
"""

from collections.abc import Iterator, Mapping, Sequence

from ..preview import UNKNOWN, Resource
from .managed_policies import document, is_of_aws
from .rights import Rights
from .stack import POLICY, SEVERAL
from .statements import Statement, statements

USER, GROUP = "aws:iam/user:User", "aws:iam/group:Group"
ACCESS_KEY = "aws:iam/accessKey:AccessKey"
USER_POLICIES = (
    "aws:iam/userPolicy:UserPolicy",
    "aws:iam/userPolicyAttachment:UserPolicyAttachment",
    "aws:iam/userPolicyAttachmentsExclusive:UserPolicyAttachmentsExclusive",
    SEVERAL,
)
GROUP_POLICIES = (
    "aws:iam/groupPolicy:GroupPolicy",
    "aws:iam/groupPolicyAttachment:GroupPolicyAttachment",
    "aws:iam/groupPolicyAttachmentsExclusive:GroupPolicyAttachmentsExclusive",
    SEVERAL,
)
NATIVE_USER, NATIVE_POLICY = "aws-native:iam:User", "aws-native:iam:UserPolicy"
"""Of the other provider, whose documents are not read."""
_IN_NATIVE_USER = ("groups", "managedPolicyArns", "policies")
MEMBERSHIPS = ("aws:iam/userGroupMembership:UserGroupMembership", "aws:iam/groupMembership:GroupMembership")


def with_keys(resources: Sequence[Resource]) -> Iterator[tuple[str, Rights, list[str]]]:
    """Yield each user with an access key, what it may do by the documents, and policies that are not among them."""
    policies = {each.urn: each for each in resources if each.type == POLICY}
    names = {each.urn: each.text("name") or each.name for each in resources if each.type in (USER, GROUP)}
    names |= {each.urn: each.text("userName") or each.name for each in resources if each.type == NATIVE_USER}
    for key in resources:
        if key.type != ACCESS_KEY or key.text("status") == "Inactive":
            continue
        user = _named(names, key, "user")
        name = min(user, default=key.name)
        groups: set[str] = set()
        for each in resources:
            if each.type in MEMBERSHIPS and user & _named(names, each, "user", "users"):
                groups |= _named(names, each, "group", "groups")
        found: list[Statement] = []
        missing = [each.name for each in resources if _is_not_read(names, each, user)]
        for each in resources:
            if (each.type in USER_POLICIES and user & _named(names, each, "user", "userName", "users")) or (
                each.type in GROUP_POLICIES and groups & _named(names, each, "group", "groupName", "groups")
            ):
                for given in _documents(each, policies, missing):
                    found += statements(f"policy {each.name} of user {name}", given)
        yield name, Rights(tuple(found), {}), missing


def _named(names: Mapping[str, str], each: Resource, *keys: str) -> set[str]:
    """Return the names of users or groups in inputs: as given, and of the resources that these come from."""
    found: set[str] = set()
    for key in keys:
        given = each.inputs.get(key)
        texts = {text for text in (given if isinstance(given, list) else [given]) if isinstance(text, str)}
        found |= (texts - {UNKNOWN}) | {names[urn] for urn in each.depends_on.get(key, ()) if urn in names}
    return found


def _documents(
    each: Resource, policies: Mapping[str, Resource], missing: list[str]
) -> Iterator[str | Mapping[str, object]]:
    """Yield the documents that a resource gives; note in `missing` what it gives beside them."""
    if each.inputs.get("policy") is not None:
        own = each.text("policy")
        if own is None:
            missing.append(each.name)
        else:
            yield own
        return
    urns = [urn for key in ("policyArn", "policyArns") for urn in each.depends_on.get(key, ()) if urn in policies]
    for urn in dict.fromkeys(urns):
        text = policies[urn].text("policy")
        if text is None:
            missing.append(policies[urn].name)
        else:
            yield text
    given = each.inputs.get("policyArn") or each.inputs.get("policyArns") or ()
    arns = [str(arn) for arn in ([given] if isinstance(given, str) else given)]
    others = [arn for arn in arns if not is_of_aws(arn)]
    yield from (found for arn in arns if (found := document(arn)) is not None)
    if len(others) > len(set(urns)):
        missing.append(next((arn for arn in others if UNKNOWN not in arn), each.name))


def _is_not_read(names: Mapping[str, str], each: Resource, user: set[str]) -> bool:
    """Whether a resource of the other provider gives a user rights."""
    if each.type == NATIVE_USER:
        return names[each.urn] in user and any(each.inputs.get(key) for key in _IN_NATIVE_USER)
    return each.type == NATIVE_POLICY and bool(user & _named(names, each, "userName"))
