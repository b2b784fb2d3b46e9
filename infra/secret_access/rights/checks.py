"""Checks of the arguments about rights. Pure functions: they return the value and raise `InvalidArgument`."""

import re
from collections.abc import Sequence

from ..checks import LABEL_NAME, SERVICE_ACCOUNT, distinct, invalid, match, texts
from .rules import DeveloperRight

OBJECT_NAME = SERVICE_ACCOUNT
"""Names of Roles and of admission policies are DNS subdomains, as those of ServiceAccounts are."""
SUBJECT = re.compile(r"\S(.*\S)?")
ACCOUNT = re.compile(r"system:serviceaccount:([a-z0-9-]+):[a-z0-9.-]+")
EVERYBODY = ("system:authenticated", "system:unauthenticated", "system:serviceaccounts")


def object_name(argument: str, name: object, example: str) -> str:
    """Return the name of an object (Kubernetes, "Object Names and IDs", "DNS Subdomain Names")."""
    expected = f"lowercase letters, digits, - and ., such as {example}"
    return match(OBJECT_NAME, argument, name, expected, f"leave it out for {example}")


def developers(argument: str, given: object) -> list[str]:
    """Return users or groups of people; Kubernetes' own ones, of the form `system:…`, hold others."""
    names = _subjects(argument, given)
    for name in names:
        if name.startswith("system:"):
            raise invalid(
                f"{argument} holds a name of Kubernetes' own, which is no team's",
                name,
                "the name of a person or of a group of your identity provider, such as team-a",
                "name the team's group",
            )
    return names


def deployers(argument: str, given: object, namespace: str) -> list[str]:
    """Return users or groups that deploy; none that a developer of the namespace is in, or may act as."""
    names = _subjects(argument, given)
    fix = "name the user or group of your pipeline alone"
    for name in names:
        account = ACCOUNT.fullmatch(name)
        if name in EVERYBODY or name == f"system:serviceaccounts:{namespace}":
            raise invalid(f"{argument} holds a group that developers' pods are in", name, "those who deploy", fix)
        if account and account[1] == namespace:
            raise invalid(
                f"{argument} holds a ServiceAccount of the guarded namespace, as which its developers could act",
                name,
                "a ServiceAccount of another namespace",
                "move the pipeline's ServiceAccount to a namespace of its own",
            )
    return names


def some(kind: str, users: Sequence[str], groups: Sequence[str]) -> Sequence[str]:
    """Return the subjects; at least one has to be named."""
    if users or groups:
        return users
    raise invalid(f"nobody is named in {kind}users and {kind}groups", [], "one at least", f"name {kind}groups")


def rights(given: object) -> list[DeveloperRight]:
    """Return what developers may do besides looking."""
    known = ", ".join(DeveloperRight)
    names = distinct("rights", texts("rights", given, '["restart", "scale"]'))
    for name in names:
        if name not in list(DeveloperRight):
            raise invalid("rights", name, f"some of {known}", "leave it out, and developers may look alone")
    return [DeveloperRight(name) for name in names]


def guarded(guard: object, namespace: str) -> str:
    """Return the namespace that a guard is of, which must be the developers'."""
    if guard == namespace:
        return namespace
    raise invalid(
        "rights holds deploy, with which developers would get the namespace's identity",
        guard,
        f"guarded_namespace={namespace!r}, the output `namespace` of a ServiceAccountGuard",
        "make a ServiceAccountGuard for the namespace and give its output, or leave deploy out",
    )


def accounts(given: object) -> list[str]:
    """Return names of ServiceAccounts to guard."""
    names = distinct("service_account_names", texts("service_account_names", given, '["secret-access"]'))
    for name in names:
        match(
            SERVICE_ACCOUNT,
            "service_account_names",
            name,
            "lowercase letters, digits, - and ., such as secret-access",
            "name each ServiceAccount; * is not supported",
        )
    if not names:
        fix = "leave it out for secret-access"
        raise invalid("service_account_names", names, "one name or more", fix)
    return names


def label(argument: str, given: object) -> str:
    """Return the name of a label."""
    return match(LABEL_NAME, argument, given, "the name of a label, such as secret-access/inject", "correct it")


def _subjects(argument: str, given: object) -> list[str]:
    names = distinct(argument, texts(argument, given, '["team-a"]'))
    for name in names:
        match(SUBJECT, argument, name, "a name as the API server sees it, such as team-a", "correct it")
        if "*" in name:
            raise invalid(
                f"{argument} holds a *, which Kubernetes takes as it stands", name, "one name", "spell it out"
            )
    return names
