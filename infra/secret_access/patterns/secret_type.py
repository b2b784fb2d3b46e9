"""Types of Kubernetes Secrets, and the keys that each must have. Pure.

https://kubernetes.io/docs/concepts/configuration/secret/#secret-types
"""

import re
from collections.abc import Collection, Mapping
from enum import StrEnum

from ..checks import invalid, match

KEY = re.compile(r"(?!\.\.?\Z)(?!\.\.)[-._a-zA-Z0-9]{1,253}")


class SecretType(StrEnum):
    """What a Secret is for."""

    OPAQUE = "Opaque"
    """Any keys."""
    BASIC_AUTH = "kubernetes.io/basic-auth"
    """`username` or `password`, or both."""
    DOCKER_CONFIG = "kubernetes.io/dockerconfigjson"
    """`.dockerconfigjson`."""
    SSH_AUTH = "kubernetes.io/ssh-auth"
    """`ssh-privatekey`."""
    TLS = "kubernetes.io/tls"
    """`tls.crt` and `tls.key`."""


REQUIRED: Mapping[SecretType, Collection[str]] = {
    SecretType.OPAQUE: (),
    SecretType.BASIC_AUTH: (),
    SecretType.DOCKER_CONFIG: (".dockerconfigjson",),
    SecretType.SSH_AUTH: ("ssh-privatekey",),
    SecretType.TLS: ("tls.crt", "tls.key"),
}
ONE_OF = {SecretType.BASIC_AUTH: ("username", "password")}
_TOKENS = {
    "kubernetes.io/service-account-token": "a token of a ServiceAccount that never ends: project one into the pod",
    "bootstrap.kubernetes.io/token": "a token by which nodes join the cluster: kubeadm makes it",
}


def secret_type(given: object) -> SecretType:
    """Return the type; those that would be credentials of the cluster itself are refused."""
    if isinstance(given, str) and given in _TOKENS:
        raise invalid("type", given, f"one of {', '.join(SecretType)}", f"leave it out; it is {_TOKENS[given]}")
    try:
        return SecretType(str(given))
    except ValueError:
        raise invalid("type", given, f"one of {', '.join(SecretType)}", "leave it out for Opaque") from None


def keys(kind: SecretType, given: Collection[object]) -> list[str]:
    """Return the keys of a Secret of a type, whose values the API server would look at by these names."""
    expected = "letters, digits, -, _ and ., such as database-password"
    names = [match(KEY, "key", key, expected, "correct it") for key in given]
    if not names:
        raise invalid("keys", names, "one key at least", "name what the Secret is to hold")
    one_of = ONE_OF.get(kind, ())
    missing = [key for key in REQUIRED[kind] if key not in names]
    if missing or (one_of and not set(one_of) & set(names)):
        expected = " and ".join(REQUIRED[kind]) or " or ".join(one_of)
        raise invalid(f"keys of a Secret of type {kind}", sorted(names), expected, "add it, or leave type out")
    return names
