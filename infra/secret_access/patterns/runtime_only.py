"""Namespaces that want no secrets in etcd. Pure."""

from collections.abc import Mapping

from ..checks import invalid

RUNTIME_ONLY_LABEL = "secret-access/runtime-only"
"""On a namespace, with the value `true`: its secrets are read at runtime, and none of them may be in etcd."""


def is_runtime_only(labels: Mapping[str, str] | None) -> bool:
    """Return whether the labels of a namespace mark it; any value but `false` counts."""
    return (labels or {}).get(RUNTIME_ONLY_LABEL) not in (None, "false")


def refuse_runtime_only(where: str, namespace: str, labels: Mapping[str, str] | None) -> str:
    """Return the namespace, unless it is labelled as one whose secrets stay out of etcd."""
    if not is_runtime_only(labels):
        return namespace
    value = (labels or {}).get(RUNTIME_ONLY_LABEL)
    raise invalid(
        f"{where}: the namespace {namespace} wants no secrets in etcd",
        f"{RUNTIME_ONLY_LABEL}={value}",
        f"a namespace without the label {RUNTIME_ONLY_LABEL}",
        "let the application read the secret through the sidecar, or ask who set the label",
    )
