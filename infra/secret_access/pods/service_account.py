"""The namespace's ServiceAccount: created, or read and checked."""

from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from ..inputs import lift
from . import checks


def create(
    name: str,
    *,
    namespace: pulumi.Input[str],
    service_account_name: pulumi.Input[str],
    role_arn: pulumi.Input[str],
    irsa: pulumi.Input[bool],
    labels: Any,
    opts: pulumi.ResourceOptions,
) -> pulumi.Output[str]:
    """Create it with the annotation that names its role, and return its name.

    It mounts no token by default: a pod gets one only where its manifest asks for it.
    """
    metadata: Any = {
        "name": service_account_name,
        "namespace": namespace,
        "annotations": lift(checks.role_annotations, role_arn, irsa),
    }
    if labels is not None:
        metadata["labels"] = labels
    account = k8s.core.v1.ServiceAccount(
        name,
        metadata=metadata,
        automount_service_account_token=False,
        opts=opts,
    )
    return account.metadata.apply(lambda known: str(known.name))


def read(
    name: str,
    *,
    namespace: pulumi.Input[str],
    service_account_name: pulumi.Input[str],
    role_arn: pulumi.Input[str],
    irsa: pulumi.Input[bool],
    labels: Any,  # noqa: ARG001  its owner's, as they are
    opts: pulumi.ResourceOptions,
) -> pulumi.Output[str]:
    """Read it, refuse it without the annotation, and return its name."""
    where = pulumi.Output.concat(namespace, "/", service_account_name)
    account = k8s.core.v1.ServiceAccount.get(name, where, opts)
    annotations = account.metadata.apply(lambda metadata: metadata.annotations)
    checked = lift(checks.service_account_annotations, where, annotations, role_arn, irsa)
    return pulumi.Output.all(service_account_name, checked).apply(lambda known: str(known[0]))
