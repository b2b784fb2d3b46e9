"""The `sub` of ServiceAccounts' tokens, and which namespaces are among a set of them. Pure.

Source: https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/
"""

import string
from collections.abc import Iterator

from .emptiness import member
from .strings import Pattern, StringSet, literal, sequence, some

_SUBJECT = "system:serviceaccount:"
_IN_NAMES = string.ascii_lowercase + string.digits + "-"
_ACCOUNT = some(_IN_NAMES + ".", more=True)
ALL = sequence(literal(_SUBJECT), some(_IN_NAMES, more=True), literal(":"), _ACCOUNT)


def of_namespace(namespace: str) -> Pattern:
    """Return the subjects of all ServiceAccounts of a namespace, which are one: whoever makes pods chooses."""
    return sequence(literal(f"{_SUBJECT}{namespace}:"), _ACCOUNT)


def named_namespace(subject: str) -> str | None:
    """Return the namespace that a subject, or a pattern of subjects, names; None where a pattern stands for it."""
    parts = subject.split(":")
    if len(parts) != 4 or not subject.startswith(_SUBJECT) or set(parts[2]) & set("*?$"):
        return None
    return parts[2]


def spelled_out(subjects: StringSet) -> list[str]:
    """Return the namespace of a subject that is the only one of a set."""
    found = member(subjects)
    name = None if found is None else named_namespace(found)
    return [] if name is None or member(subjects - literal(str(found))) is not None else [name]


def namespaces_among(subjects: StringSet, declared: set[str]) -> Iterator[tuple[str, str]]:
    """Yield each namespace whose ServiceAccounts are among the subjects, with one of these.

    Of namespaces that nobody declared there is one at most: it stands for all of them. Raises Undecided.
    """
    rest = subjects & ALL
    while (subject := member(rest)) is not None:
        namespace = subject.split(":")[2]
        yield namespace, subject
        rest = rest - of_namespace(namespace)
        if namespace not in declared:
            for each in sorted(declared):
                if (found := member(of_namespace(each) & rest)) is not None:
                    yield each, found
            return
