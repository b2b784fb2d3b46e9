"""The namespace's ServiceAccount: made, or found and checked."""

from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from ..inputs import lift
from . import checks


def made(
    name: str,
    *,
    namespace: pulumi.Input[str],
    service_account_name: pulumi.Input[str],
    role_arn: pulumi.Input[str],
    labels: Any,
    opts: pulumi.ResourceOptions,
) -> pulumi.Output[str]:
    """Make it, with the annotation that says whose identity it has; its name.

    It mounts no token by itself: no pod gets one that it did not ask for.
    """
    metadata: Any = {
        "name": service_account_name,
        "namespace": namespace,
        "annotations": {checks.ROLE_ANNOTATION: role_arn},
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


def found(
    name: str,
    *,
    namespace: pulumi.Input[str],
    service_account_name: pulumi.Input[str],
    role_arn: pulumi.Input[str],
    labels: Any,  # noqa: ARG001  its owner's, as they are
    opts: pulumi.ResourceOptions,
) -> pulumi.Output[str]:
    """Read it, and go on only if it carries the annotation; its name."""
    where = pulumi.Output.concat(namespace, "/", service_account_name)
    account = k8s.core.v1.ServiceAccount.get(name, where, opts)
    annotations = account.metadata.apply(lambda metadata: metadata.annotations)
    checked = lift(checks.service_account_annotation, where, annotations, role_arn)
    return pulumi.Output.all(service_account_name, checked).apply(lambda known: str(known[0]))
