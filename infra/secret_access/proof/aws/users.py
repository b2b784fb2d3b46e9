"""Users with an access key in the stack: a pod may hold the key, and no document says which. Pure.

Source: IAM User Guide, "Manage access keys for IAM users".
"""

from collections.abc import Iterator, Mapping, Sequence

from ..preview import UNKNOWN, Resource
from .managed_policies import document, is_of_aws
from .rights import Rights
from .stack import POLICY
from .statements import Statement, statements

USER, GROUP = "aws:iam/user:User", "aws:iam/group:Group"
ACCESS_KEY = "aws:iam/accessKey:AccessKey"
USER_POLICIES = ("aws:iam/userPolicy:UserPolicy", "aws:iam/userPolicyAttachment:UserPolicyAttachment")
GROUP_POLICIES = ("aws:iam/groupPolicy:GroupPolicy", "aws:iam/groupPolicyAttachment:GroupPolicyAttachment")
MEMBERSHIPS = ("aws:iam/userGroupMembership:UserGroupMembership", "aws:iam/groupMembership:GroupMembership")


def with_keys(resources: Sequence[Resource]) -> Iterator[tuple[str, Rights, list[str]]]:
    """Yield each user with an access key, what it may do by the documents, and policies that are not among them."""
    policies = {each.urn: each for each in resources if each.type == POLICY}
    names = {each.urn: each.text("name") or each.name for each in resources if each.type in (USER, GROUP)}
    for key in resources:
        if key.type != ACCESS_KEY or key.text("status") == "Inactive":
            continue
        user = _named(names, key, "user")
        name = min(user, default=key.name)
        groups: set[str] = set()
        for each in resources:
            if each.type in MEMBERSHIPS and user & _named(names, each, "user", "users"):
                groups |= _named(names, each, "group", "groups")
        own = [
            each
            for each in resources
            if (each.type in USER_POLICIES and user & _named(names, each, "user"))
            or (each.type in GROUP_POLICIES and groups & _named(names, each, "group"))
        ]
        found: list[Statement] = []
        missing: list[str] = []
        for each in own:
            arn = each.text("policyArn") or ""
            given = _document(each, policies) or document(arn)
            if given is not None:
                found += statements(f"policy {each.name} of user {name}", given)
            elif not is_of_aws(arn):
                missing.append(arn or each.name)
        yield name, Rights(tuple(found), {}), missing


def _named(names: Mapping[str, str], each: Resource, *keys: str) -> set[str]:
    """Return the names of users or groups in inputs: as given, and of the resources that these come from."""
    found: set[str] = set()
    for key in keys:
        given = each.inputs.get(key)
        texts = {text for text in (given if isinstance(given, list) else [given]) if isinstance(text, str)}
        found |= (texts - {UNKNOWN}) | {names[urn] for urn in each.depends_on.get(key, ()) if urn in names}
    return found


def _document(each: Resource, policies: Mapping[str, Resource]) -> str | None:
    attached = next((urn for urn in each.depends_on.get("policyArn", ()) if urn in policies), None)
    return each.text("policy") if attached is None else policies[attached].text("policy")
