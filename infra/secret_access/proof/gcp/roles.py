"""What a role of Google Cloud's lets its holder do with secrets, or with who may use them. Pure.

Sources: IAM, "Basic and predefined roles", "Roles for service account authentication"; Secret Manager, "Access control
with IAM"; GKE, "Kubernetes Engine roles".
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..preview import UNKNOWN, Resource

CUSTOM = ("gcp:projects/iAMCustomRole:IAMCustomRole", "gcp:organizations/iAMCustomRole:IAMCustomRole")
_SECRETS = "secretmanager."
_HARMLESS = frozenset({"roles/secretmanager.viewer"})
TAKING = frozenset(
    {
        "roles/admin",
        "roles/container.admin",
        "roles/container.developer",
        "roles/iam.organizationRoleAdmin",
        "roles/iam.roleAdmin",
        "roles/iam.securityAdmin",
        "roles/iam.serviceAccountAdmin",
        "roles/iam.serviceAccountKeyAdmin",
        "roles/iam.serviceAccountTokenCreator",
        "roles/iam.serviceAccountUser",
        "roles/iam.workloadIdentityPoolAdmin",
        "roles/iam.workloadIdentityUser",
        "roles/owner",
        "roles/resourcemanager.folderAdmin",
        "roles/resourcemanager.folderIamAdmin",
        "roles/resourcemanager.organizationAdmin",
        "roles/resourcemanager.projectIamAdmin",
        "roles/writer",
    }
)
"""Give the right to all rights, or to become every service account or pod: whatever their condition says of names."""
_VALUES = frozenset(
    {
        "secretmanager.secrets.delete",
        "secretmanager.secrets.setIamPolicy",
        "secretmanager.secrets.update",
        "secretmanager.versions.access",
        "secretmanager.versions.add",
        "secretmanager.versions.destroy",
        "secretmanager.versions.disable",
        "secretmanager.versions.enable",
    }
)
"""Permissions that give values away, replace or remove them, or give the right to."""
_RIGHTS = re.compile(
    r"iam\.(roles\.update|serviceAccountKeys\.create|workloadIdentityPoolProviders\.(create|update))"
    r"|iam\.serviceAccounts\.(actAs|getAccessToken|implicitDelegation|setIamPolicy|signBlob|signJwt)"
    r"|resourcemanager\.(folders|organizations|projects)\.setIamPolicy"
    r"|container\.(pods|deployments|daemonSets|statefulSets|replicaSets|replicationControllers|jobs|cronJobs)\.(create|update)"
    r"|container\.(pods\.(attach|exec)|secrets\.(get|list)|serviceAccounts\.createToken)"
    r"|container\.(cluster)?[rR]oleBindings\.(create|update)"
)
"""Permissions that change rights, or become service accounts or pods."""


@dataclass(frozen=True)
class Role:
    """A role; `name` is for people."""

    name: str
    matters: bool
    """Whether it may give values away, replace or remove them, or does so by changing rights."""
    takes: bool
    """Whether it changes rights, or becomes others."""


def custom_roles(resources: Sequence[Resource]) -> dict[str, Role]:
    """Return the roles that the stack defines, by URN and by id; one whose permissions are known later is left out."""
    found: dict[str, Role] = {}
    for each in resources:
        permissions = each.inputs.get("permissions")
        if each.type in CUSTOM and isinstance(permissions, list) and UNKNOWN not in permissions:
            name = each.text("roleId") or each.name
            held = set(map(str, permissions))
            takes = any(map(_RIGHTS.fullmatch, held))
            found[each.urn] = found[name] = Role(f"the role {name}", takes or bool(held & _VALUES), takes)
    return found


def role_of(custom: Mapping[str, Role], each: Resource) -> Role:
    """Return the role of a binding; one's own that is not of this stack counts as one that gives values away."""
    for urn in each.depends_on.get("role", ()):
        if urn in custom:
            return custom[urn]
    text = each.text("role")
    if text is None:
        return Role("a role", matters=True, takes=False)
    if text.startswith("roles/"):
        is_for_secrets = text.startswith(f"roles/{_SECRETS}") and text not in _HARMLESS
        return Role(text, is_for_secrets or text in TAKING or text == "roles/editor", text in TAKING)
    return custom.get(text.rpartition("/")[2]) or Role(text, matters=True, takes=False)
