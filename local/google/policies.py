"""Who may do what: allow policies, and their evaluation.

https://cloud.google.com/iam/docs/reference/rest/v1/Policy
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from typing import Any

import cel

from local.google.errors import RefusedError

# https://cloud.google.com/secret-manager/docs/access-control and https://cloud.google.com/iam/docs/roles-permissions,
# what is of use here.
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
    "roles/iam.workloadIdentityPoolAdmin": {
        f"iam.{kind}.{verb}"
        for kind in ("workloadIdentityPools", "workloadIdentityPoolProviders")
        for verb in ("get", "list", "create", "update", "delete")
    },
    "roles/resourcemanager.projectIamAdmin": {
        "resourcemanager.projects.get",
        "resourcemanager.projects.getIamPolicy",
        "resourcemanager.projects.setIamPolicy",
    },
    "roles/browser": {"resourcemanager.projects.get", "resourcemanager.projects.getIamPolicy"},
}

Bindings = list[dict[str, Any]]
"""A binding is as in a policy: role, members, and maybe a condition with its expression."""


MEMBER = re.compile(
    r"(user|group|serviceAccount|domain):[^\s]+|principal(Set)?://iam\.googleapis\.com/[^\s]+"
    r"|allUsers|allAuthenticatedUsers"
)
# https://cloud.google.com/iam/quotas#limits and https://cloud.google.com/iam/docs/conditions-overview#limitations
EVERYBODY = {"allUsers", "allAuthenticatedUsers"}
OPERATORS, CONDITIONS_ALIKE, CONDITIONS = 12, 20, 100


def policy(bindings: Bindings) -> dict[str, Any]:
    """A policy as it is read: of version 3 if it has conditions, with an etag that changes with it."""
    version = 3 if any("condition" in binding for binding in bindings) else 1
    return {"version": version, "etag": _etag(bindings), "bindings": bindings}


def replaced(bindings: Bindings, given: dict[str, Any]) -> Bindings:
    """The bindings of a policy that is written in place of another, if it was read before, and may be written."""
    if given.get("etag", _etag(bindings)) != _etag(bindings):
        raise RefusedError(
            409, "There were concurrent policy changes. Please retry the whole read-modify-write.", "ABORTED"
        )
    new: Bindings = [binding for binding in given.get("bindings", []) if binding.get("members")]
    for binding in new:
        _check(binding)
    conditional = [binding for binding in new if "condition" in binding]
    if conditional and given.get("version") != 3:
        raise RefusedError(400, "Conditions can only be set if the policy's version is 3.")
    alike = Counter((binding["role"], member) for binding in conditional for member in binding["members"])
    if len(conditional) > CONDITIONS or max(alike.values(), default=0) > CONDITIONS_ALIKE:
        raise RefusedError(400, "The policy has too many conditional role bindings.")
    return new


def _check(binding: dict[str, Any]) -> None:
    if binding["role"] not in ROLES:
        raise RefusedError(400, f"Role {binding['role']} is not supported for this resource.")
    if wrong := [member for member in binding["members"] if not MEMBER.fullmatch(member)]:
        raise RefusedError(400, f"Invalid member {wrong[0]}.")
    if "condition" not in binding:
        return
    condition = binding["condition"]
    if not condition.get("title"):
        raise RefusedError(400, "A condition needs a title.")
    if len(condition["title"]) > 100 or len(condition.get("description", "")) > 256:
        raise RefusedError(400, "The title or description of a condition is too long.")
    try:
        cel.compile(condition["expression"])
    except ValueError:
        raise RefusedError(400, "The expression of a condition is not valid.") from None
    if len(re.findall(r"&&|\|\||!(?!=)", condition["expression"])) > OPERATORS:
        raise RefusedError(400, "The expression of a condition has too many logical operators.")


def _etag(bindings: Bindings) -> str:
    return hashlib.sha256(json.dumps(bindings, sort_keys=True).encode()).hexdigest()[:16]


def granted(permission: str, bindings: Bindings, who: frozenset[str], resource: dict[str, str]) -> bool:
    """Whether a binding gives one of these members the permission on the resource."""
    who = who.union(*map(_sets, who), EVERYBODY)
    return any(
        permission in ROLES[binding["role"]]
        and not who.isdisjoint(binding["members"])
        and _holds(binding.get("condition", {"expression": "true"})["expression"], resource)
        for binding in bindings
    )


def _sets(member: str) -> set[str]:
    """The sets that a principal is in: its pool, and its namespace if it is of GKE's pool.

    https://cloud.google.com/iam/docs/principal-identifiers
    """
    pool, found, subject = member.removeprefix("principal:").partition("/subject/")
    if not found:
        return set()
    kind, _, namespace = subject.partition("/")
    of_gke = {f"principalSet:{pool}/namespace/{namespace.partition('/')[0]}"} if kind == "ns" else set()
    return {f"principalSet:{pool}/*"} | of_gke


def _holds(expression: str, resource: dict[str, str]) -> bool:
    try:
        return cel.evaluate(expression, {"resource": resource}) is True
    except (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError):
        return False  # "an error is treated as if the condition did not hold" (IAM, "Overview of IAM Conditions")
