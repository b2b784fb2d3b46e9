"""Who may do what: allow policies, and their evaluation.

https://cloud.google.com/iam/docs/reference/rest/v1/Policy
"""

from __future__ import annotations

from typing import Any

import cel

# https://cloud.google.com/secret-manager/docs/access-control, what is of use here.
ROLES = {
    "roles/secretmanager.secretAccessor": {"secretmanager.versions.access"},
    "roles/secretmanager.viewer": {
        "secretmanager.versions.get",
        "secretmanager.secrets.get",
        "secretmanager.secrets.list",
        "secretmanager.secrets.getIamPolicy",
    },
    "roles/secretmanager.secretVersionAdder": {"secretmanager.versions.add"},
    "roles/secretmanager.admin": {
        "secretmanager.versions.access",
        "secretmanager.versions.get",
        "secretmanager.versions.add",
        "secretmanager.secrets.get",
        "secretmanager.secrets.list",
        "secretmanager.secrets.create",
        "secretmanager.secrets.delete",
        "secretmanager.secrets.getIamPolicy",
        "secretmanager.secrets.setIamPolicy",
    },
    "roles/iam.workloadIdentityUser": {"iam.serviceAccounts.getAccessToken"},
}

Bindings = list[dict[str, Any]]
"""A binding is as in a policy: role, members, and maybe a condition with its expression."""


def granted(permission: str, bindings: Bindings, who: frozenset[str], resource: dict[str, str]) -> bool:
    """Whether a binding gives one of these members the permission on the resource."""
    return any(
        permission in ROLES[binding["role"]]
        and not who.isdisjoint(binding["members"])
        and _holds(binding.get("condition", {"expression": "true"})["expression"], resource)
        for binding in bindings
    )


def _holds(expression: str, resource: dict[str, str]) -> bool:
    return cel.evaluate(expression, {"resource": resource}) is True
