"""Checks of what the components of every cloud take, with the one form of message.

Pure functions: they return the value, or what it was taken apart into, and raise `InvalidArgument`.
"""

import ipaddress
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import permutations
from urllib.parse import urlsplit

import secret_names
from secret_names.vaults import EXACT, Spelling

from .messages import nearest, refusal
from .program_errors import InvalidArgument

LABEL = re.compile(r"(?=.{1,63}\Z)[a-z0-9]([a-z0-9-]*[a-z0-9])?")
_WORD = r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?"
LABEL_NAME = re.compile(rf"([a-z0-9][a-z0-9.-]{{0,252}}/)?{_WORD}")
LABEL_VALUE = re.compile(rf"({_WORD})?")
SERVICE_ACCOUNT = re.compile(r"(?=.{1,253}\Z)[a-z0-9]([a-z0-9.-]*[a-z0-9])?")
HOST = re.compile(r"(?!\.+\Z)[A-Za-z0-9_.-]{1,253}")
SIDECAR_IMAGE = "registry.example/secret-sidecar:0.1.0"
API_SERVER = re.compile(r"(https://)?kubernetes(\.default(\.svc.*)?)?(:[0-9]+)?/?")
"""The API server's own audiences: it accepts a token with one of these from anyone."""
# Kubernetes API reference, "Quantity"
QUANTITY = re.compile(r"([0-9]+(\.[0-9]*)?|\.[0-9]+)([numkMGTPE]|[KMGTPE]i|[eE][+-]?[0-9]+)?")
RESOURCES = '{"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}}'


class Access(StrEnum):
    """What a namespace may do with its own secrets."""

    READ = "read"
    """Read them."""
    READ_WRITE = "read_write"
    """Read, create, change and delete them."""


def invalid(what: str, given: object, expected: str, fix: str) -> InvalidArgument:
    """Return an error in the one form of message: what, value given, value expected, fix."""
    return InvalidArgument(refusal(what, given, expected, fix))


def unknown(name: str, known: Iterable[str]) -> InvalidArgument:
    """Return the error for a name that is none of those known."""
    near = nearest(name, known)
    fix = f"did you mean {near}?" if near else "remove it"
    return InvalidArgument(f"{name} is unknown: expected one of {', '.join(sorted(known))}; {fix}")


def match(pattern: re.Pattern[str], what: str, given: object, expected: str, fix: str) -> str:
    """Return a text that matches the whole pattern."""
    if isinstance(given, str) and pattern.fullmatch(given):
        return given
    raise invalid(what, given, expected, fix)


def named(check: Callable[[str], str], what: str, given: object) -> str:
    """Run a check of secret_names, with our error and the argument's name in front."""
    if not isinstance(given, str):
        raise invalid(what, given, "a text", f"set {what}")
    try:
        return check(given)
    except secret_names.InvalidName as problem:
        where = what if problem.given == given else f"{what}, in full {problem.given!r}"
        thing = "" if problem.thing.replace(" ", "_") == what else f": {problem.thing}"
        fault = f"{thing} {problem.fault}" if problem.fault else ""
        raise invalid(f"{where}{fault}", given, problem.expected, problem.fix) from None


def texts(argument: str, given: object, example: str) -> list[str]:
    """Return a list of texts; a text alone is refused, or its letters would be taken for the items."""
    if isinstance(given, list | tuple) and all(isinstance(item, str) for item in given):
        return list(given)
    fix = f"write [{given!r}]" if isinstance(given, str) else "write each item as a text"
    raise invalid(argument, given, f"a list of texts such as {example}", fix)


def distinct(argument: str, items: Collection[str]) -> list[str]:
    """Return the items, of which each may be there once."""
    for item, times in Counter(items).items():
        if times > 1:
            raise invalid(argument, item, "each item once, and this one is there twice", "remove one")
    return list(items)


def text_mapping(argument: str, given: object, example: str) -> dict[str, str]:
    """Return texts by name, as labels, tags and variables are: Kubernetes and AWS take no numbers there."""
    expected, fix = f"texts by name such as {example}", "put numbers and booleans in quotes"
    if not isinstance(given, Mapping):
        raise invalid(argument, given, expected, fix)
    for name, value in given.items():
        if not (isinstance(name, str) and isinstance(value, str)):
            raise invalid(f"{argument} of {name!r}", value, expected, fix)
    return dict(given)


def labels(given: object) -> dict[str, str]:
    """Return labels (Kubernetes, "Labels and Selectors", "Syntax and character set")."""
    checked = text_mapping("labels", given, '{"team": "a"}')
    for name, value in checked.items():
        match(LABEL_NAME, "labels", name, "the name of a label, such as team or example.com/team", "correct it")
        expected = "up to 63 letters, digits, -, _ and ., with a letter or digit at both ends"
        match(LABEL_VALUE, f"labels of {name}", value, expected, "correct it")
    return checked


def tags(given: object) -> dict[str, str] | None:
    """Return tags; None where none are given, so that a provider's default tags stay as they are."""
    return None if given is None else text_mapping("tags", given, '{"team": "a"}')


def flag(argument: str, given: object) -> bool:
    """Return true or false; any other value would be taken for one of them in silence."""
    if isinstance(given, bool):
        return given
    raise invalid(argument, given, "true or false", "write it without quotes")


def is_whole(value: object) -> bool:
    """Tell whether a value is a whole number; numbers arrive as floats from other languages."""
    return not isinstance(value, bool) and (isinstance(value, int) or (isinstance(value, float) and value.is_integer()))


def whole_number(argument: str, given: object, expected: str, fix: str, *, least: int, most: int | None = None) -> int:
    """Return a whole number within bounds."""
    if isinstance(given, int | float) and is_whole(given) and given >= least and (most is None or given <= most):
        return int(given)
    raise invalid(argument, given, expected, fix)


def no_credentials(argument: str, address: str, fix: str) -> str:
    """Return a server's address that names no user and no password; one that does is not shown."""
    if "@" not in address:
        return address
    expected = "an address with no user and no password: they would be in etcd and in Pulumi's state"
    raise invalid(argument, "a value that is not shown", expected, fix)


def host_and_port(argument: str, address: str, fix: str) -> str:
    """Return a server's URL whose host can be looked up, and whose port, if it has one, is one."""
    try:
        parts = urlsplit(address)
        host, has_port = parts.hostname or "", parts.port != 0
        if ":" in host:
            ipaddress.IPv6Address(host)
    except ValueError:
        host, has_port = "", False
    if not has_port or not (":" in host or HOST.fullmatch(host)):
        expected = "a host of ASCII letters, digits, -, _ and ., or an address, and a port from 1 to 65535"
        raise invalid(argument, address, expected, fix)
    return address


def image(argument: str, given: object, example: str = SIDECAR_IMAGE) -> str:
    """Return an image's reference; what it names is known to the registry alone."""
    return match(re.compile(r"[^\s]+"), argument, given, f"an image such as {example}", f"set {argument}")


def resources(argument: str, given: object) -> dict[str, dict[str, str]]:
    """Return a container's requests and limits (Kubernetes, "Resource Management for Pods and Containers")."""
    fix = "write each quantity as a text"
    if not isinstance(given, Mapping) or not set(given) <= {"requests", "limits"}:
        raise invalid(argument, given, f"a mapping of requests and limits such as {RESOURCES}", fix)
    for amounts in given.values():
        if not isinstance(amounts, Mapping) or not all(isinstance(amount, str) for amount in amounts.values()):
            raise invalid(argument, given, f"texts by name under requests and limits, such as {RESOURCES}", fix)
        for name, amount in amounts.items():
            match(QUANTITY, f"{argument} of {name}", amount, "a quantity such as 50m, 1 or 64Mi", "correct it")
    return {kind: dict(amounts) for kind, amounts in given.items()}


def access(value: object) -> Access:
    """Return `read` or `read_write`."""
    try:
        return Access(str(value))
    except ValueError:
        raise invalid("access", value, "read or read_write", "leave it out to grant reading only") from None


def namespace(name: object) -> str:
    """Return one namespace, spelled out: a `*` would give one namespace's secrets to others."""
    return named(secret_names.check_namespace, "namespace", name)


def namespaces(argument: str, given: object) -> list[str]:
    """Return namespaces, each spelled out and with a default prefix of its own."""
    return distinct(
        argument,
        [
            named(secret_names.default_prefix, argument, name)[:-1]
            for name in texts(argument, given, '["test", "prod"]')
        ],
    )


def service_account_name(name: object) -> str:
    """Return one ServiceAccount, spelled out (RFC 1123 subdomain)."""
    return match(
        SERVICE_ACCOUNT,
        "service_account_name",
        name,
        "lowercase letters, digits, - and ., such as secret-access",
        "name one ServiceAccount; a * would trust them all",
    )


def subject(namespace: str, service_account_name: str) -> str:
    """Return the `sub` of a ServiceAccount's tokens (Kubernetes, "Managing Service Accounts")."""
    return f"system:serviceaccount:{namespace}:{service_account_name}"


def secret_prefix(spelling: Spelling, prefix: object, namespace: str) -> str:
    """Return a prefix that ends in `/`, by default the namespace's: `test` would cover `test-eu/…` and `testing/…`."""
    return default_prefix(namespace) if prefix is None else named(spelling.check_prefix, "secret_prefix", prefix)


def declared_secrets(spelling: Spelling, given: object, prefix: str, *, are_exact_granted: bool = False) -> list[str]:
    """Return the declared names as given, each one that the vault can spell, and under the prefix.

    Where each exact name is granted, those that no portable name can spell may be outside: they are no namespace's.
    """
    declared = texts("secrets", [] if given is None else given, '["database-password"]')
    for name in declared:
        full = named(lambda text: spelling.full_name(text, prefix), "secrets", name)
        if are_exact_granted and full.startswith(EXACT):
            continue
        if not spelling.spelled(full).startswith(prefix.replace("/", spelling.slash)):
            bare = full.removeprefix(EXACT)
            raise invalid(
                "secrets holds a name outside the namespace's prefix, which its identity may not read",
                name,
                f"a name under {prefix}",
                f"leave it out, or store the secret as {prefix}{bare.rpartition('/')[2]}",
            )
    return declared


def as_resources(spelling: Spelling, declared: Sequence[str], prefix: object) -> list[str]:
    """Return the declared names as those of resources: one secret has one, however it is spelled.

    Were it another one, Pulumi would make it first, and then delete the old one, which is the same thing in the cloud.
    """
    if not isinstance(prefix, str):
        return list(declared)
    return [spelling.full_name(name, prefix).removeprefix(prefix) for name in declared]


def default_prefix(name: str) -> str:
    """Return the prefix of a namespace that names none: `test/`."""
    return named(secret_names.default_prefix, "namespace", name)


def covered(prefixes: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the pairs of namespaces where the first's prefix, as the vault spells it, covers the second's."""
    for one, other in permutations(prefixes, 2):
        if prefixes[other].startswith(prefixes[one]):
            yield one, other
