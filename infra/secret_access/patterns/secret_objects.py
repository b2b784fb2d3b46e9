"""What both components that put secrets into etcd share: a Secret's name, and namespaces that want none."""

import re

import pulumi
import pulumi_kubernetes as k8s

from ..checks import match
from ..inputs import lift
from .runtime_only import refuse_runtime_only

NAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")


def object_name(argument: str, given: object) -> str:
    """Return the name of an object (RFC 1123 subdomain)."""
    return match(NAME, argument, given, "lowercase letters, digits, - and ., such as database", "correct it")


def admitted(name: str, where: str, namespace: pulumi.Input[str], opts: pulumi.ResourceOptions) -> pulumi.Output[str]:
    """Read the namespace, and return its name if secrets may be in it; nothing is made in it before."""
    live = k8s.core.v1.Namespace.get(f"{name}-namespace", namespace, opts)
    labels = live.metadata.apply(lambda metadata: metadata and metadata.labels)  # None in a program's tests with mocks
    checked = lift(refuse_runtime_only, where, namespace, labels)
    return pulumi.Output.from_input(checked)
