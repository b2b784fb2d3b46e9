"""What both components that put secrets into etcd share: a Secret's name, and namespaces that want none."""

import re
from collections.abc import Mapping

import pulumi
import pulumi_kubernetes as k8s

from ..checks import invalid, match
from ..inputs import lift

RUNTIME_ONLY_LABEL = "secret-access/runtime-only"
"""On a namespace, with the value `true`: its secrets are read at runtime, and none of them may be in etcd."""
NAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")


def object_name(argument: str, given: object) -> str:
    """Return the name of an object (RFC 1123 subdomain)."""
    return match(NAME, argument, given, "lowercase letters, digits, - and ., such as database", "correct it")


def refuse_runtime_only(where: str, namespace: str, labels: Mapping[str, str] | None) -> str:
    """Return the namespace, unless it is labelled as one whose secrets stay out of etcd."""
    value = (labels or {}).get(RUNTIME_ONLY_LABEL)
    if value in (None, "false"):
        return namespace
    raise invalid(
        f"{where}: the namespace {namespace} wants no secrets in etcd",
        f"{RUNTIME_ONLY_LABEL}={value}",
        f"a namespace without the label {RUNTIME_ONLY_LABEL}",
        "let the application read the secret through the sidecar, or ask who set the label",
    )


def admitted(name: str, where: str, namespace: pulumi.Input[str], opts: pulumi.ResourceOptions) -> pulumi.Output[str]:
    """Read the namespace, and return its name if secrets may be in it; nothing is made in it before."""
    live = k8s.core.v1.Namespace.get(f"{name}-namespace", namespace, opts)
    labels = live.metadata.apply(lambda metadata: metadata and metadata.labels)  # None in a program's tests with mocks
    checked = lift(refuse_runtime_only, where, namespace, labels)
    return pulumi.Output.from_input(checked)
