"""How a secret's name is spelled: one grammar for every vault, and the looser one that AWS alone takes.

A portable name is lowercase segments of letters and digits, with single hyphens inside, joined by ``/``:
``test/database-password``. AWS and Vault take it as it is; Google and Azure take no ``/``, and get ``--`` for it. That
spelling is injective because no segment holds or touches ``--``, and prefix-free because every prefix ends in ``/``:
``test/`` never covers ``test-eu/``, ``test--`` never ``test-eu--``.

A name without ``/`` is the namespace's own, so that the same application code runs in every environment.
"""

from __future__ import annotations

import re

__all__ = [
    "InvalidName",
    "check_aws_name",
    "check_aws_prefix",
    "check_name",
    "check_namespace",
    "check_prefix",
    "dashed",
    "default_prefix",
    "qualify",
    "shown",
]

_SEGMENT = r"[a-z0-9]+(?:-[a-z0-9]+)*"
_NAME = re.compile(rf"{_SEGMENT}(?:/{_SEGMENT})*")
_PREFIX = re.compile(rf"(?:{_SEGMENT}/)+")
_NAME_FORM = "lowercase letters and digits with single hyphens between them, segments joined by '/'"
_NAME_FIX = "correct it; if the vault has the secret under that name, write exact: before it"
# Google's and Azure's limits, with '--' for '/': 255 and 127 characters; the shorter one holds for a portable name.
_NAME_LENGTH = 127

# https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html (Name)
_AWS_ALPHABET = "A-Za-z0-9/_+=.@-"
# What other services of AWS's keep there is called `rds!cluster-…`:
# https://docs.aws.amazon.com/secretsmanager/latest/userguide/service-linked-secrets.html
_AWS_NAME = re.compile(rf"[!{_AWS_ALPHABET}]+")
_AWS_NAME_FORM = "1 to 512 ASCII letters, digits and '/_+=.@!-'"
_AWS_PREFIX = re.compile(rf"[{_AWS_ALPHABET}]+/")
_AWS_NAME_LENGTH = 512

# https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-label-names
_NAMESPACE = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
_NAMESPACE_LENGTH = 63

_SHOWN = 80


class InvalidName(ValueError):
    """A name, a prefix or a namespace that is not spelled as it must be; the message says what was expected.

    `fault` goes on after the thing and the name, such as "is too long". With `fix`, the parts make a message of another
    form.
    """

    def __init__(self, thing: str, given: str, *, expected: str, fix: str, fault: str = "") -> None:
        super().__init__(" ".join([thing, shown(given), *([fault] if fault else [])]) + f": expected {expected}")
        self.thing, self.given, self.expected, self.fix, self.fault = thing, given, expected, fix, fault


def qualify(name: str, prefix: str) -> str:
    """Return the full name: a name without ``/`` belongs to the prefix, one with ``/`` is taken whole."""
    return name if "/" in name else prefix + name


def check_name(name: str) -> str:
    """Return a full name that every vault can spell, or raise InvalidName."""
    if not _NAME.fullmatch(name):
        expected = f"{_NAME_FORM}, such as 'test/database-password'"
        raise InvalidName("secret name", name, expected=expected, fix=_NAME_FIX)
    if len(dashed(name)) > _NAME_LENGTH:
        expected = f"at most {_NAME_LENGTH} characters, '/' counted as two"
        raise InvalidName("secret name", name, fault="is too long", expected=expected, fix="shorten it")
    return name


def dashed(name: str) -> str:
    """Return a portable name, or a prefix, as Google and Azure spell it: ``test--database-password``, ``test--``."""
    return name.replace("/", "--")


def check_aws_name(name: str) -> str:
    """Return a full name that AWS Secrets Manager takes, or raise InvalidName."""
    if not _AWS_NAME.fullmatch(name) or len(name) > _AWS_NAME_LENGTH:
        raise InvalidName("secret name", name, expected=_AWS_NAME_FORM, fix="correct it")
    return name


def check_prefix(prefix: str) -> str:
    """Return a prefix that covers its own names and no other prefix's, in every vault, or raise InvalidName."""
    return _check_prefix(prefix, _PREFIX, f"{_NAME_FORM}, closed by '/'")


def check_aws_prefix(prefix: str) -> str:
    """Return a prefix that AWS takes, closed by ``/``, or raise InvalidName."""
    return _check_prefix(prefix, _AWS_PREFIX, "ASCII letters, digits and '/_+=.@-', closed by '/'")


def _check_prefix(prefix: str, pattern: re.Pattern[str], form: str) -> str:
    if pattern.fullmatch(prefix) and len(prefix) < _AWS_NAME_LENGTH:
        return prefix
    if not prefix.endswith("/") and pattern.fullmatch(f"{prefix}/"):
        fault, closed = f"also covers {shown(prefix + '-other')}", shown(f"{prefix}/")
        raise InvalidName("secret prefix", prefix, fault=fault, expected=closed, fix=f"write {closed}")
    raise InvalidName("secret prefix", prefix, expected=f"{form}, such as 'test/'", fix="correct it, or leave it out")


def check_namespace(namespace: str) -> str:
    """Return a name that Kubernetes takes for a namespace, or raise InvalidName (so never ``*``)."""
    if not _NAMESPACE.fullmatch(namespace) or len(namespace) > _NAMESPACE_LENGTH:
        expected = (
            f"one Kubernetes namespace, 1 to {_NAMESPACE_LENGTH} lowercase letters, digits and hyphens, such as 'test'"
        )
        fix = "name one namespace, as `kubectl get namespaces` lists it"
        raise InvalidName("namespace", namespace, expected=expected, fix=fix)
    return namespace


def default_prefix(namespace: str) -> str:
    """Return the prefix of a namespace's own secrets, ``test/`` for ``test``, or raise InvalidName.

    Kubernetes allows a namespace ``a--b``; where ``/`` is spelled ``--``, the prefix of namespace ``a`` would cover it.
    """
    check_namespace(namespace)
    if "--" in namespace:
        outer = namespace.partition("--")[0]
        own = shown(re.sub("-+", "-", namespace) + "/")
        raise InvalidName(
            "namespace",
            namespace,
            fault=(
                f"has no default prefix, for the prefix of namespace {shown(outer)} would cover it where '/' is "
                "spelled '--'"
            ),
            expected=f"a prefix of its own, such as {own}",
            fix="give it one, or use a namespace without '--'",
        )
    return f"{namespace}/"


def shown(text: str) -> str:
    """Return a text as messages quote it: not too much of it."""
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…")
