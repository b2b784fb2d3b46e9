"""The namespace's ServiceAccount: created, or read and checked."""

from collections.abc import Mapping
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
    annotations: pulumi.Input[Mapping[str, pulumi.Input[str]]],
    refused: pulumi.Input[Mapping[str, str]],  # noqa: ARG001  it has no annotation but ours
    pull_secrets: pulumi.Input[list[str]] | None,
    labels: Any,
    opts: pulumi.ResourceOptions,
) -> pulumi.Output[str]:
    """Create it with the annotations that name its identity, and return its name.

    It mounts no token by default: a pod gets one only where its manifest asks for it.
    """
    metadata: Any = {"name": service_account_name, "namespace": namespace, "annotations": annotations}
    if labels is not None:
        metadata["labels"] = labels
    secrets: Any = None if pull_secrets is None else lift(references, pull_secrets)
    account = k8s.core.v1.ServiceAccount(
        name,
        metadata=metadata,
        automount_service_account_token=False,
        image_pull_secrets=secrets,
        opts=opts,
    )
    return account.metadata.apply(lambda known: str(known.name))


def read(
    name: str,
    *,
    namespace: pulumi.Input[str],
    service_account_name: pulumi.Input[str],
    annotations: pulumi.Input[Mapping[str, pulumi.Input[str]]],
    refused: pulumi.Input[Mapping[str, str]],
    pull_secrets: pulumi.Input[list[str]] | None,  # noqa: ARG001  its owner's, as they are
    labels: Any,  # noqa: ARG001  its owner's, as they are
    opts: pulumi.ResourceOptions,
) -> pulumi.Output[str]:
    """Read it, refuse it without the annotations or with one that is refused, and return its name."""
    where = pulumi.Output.concat(namespace, "/", service_account_name)
    account = k8s.core.v1.ServiceAccount.get(name, where, opts)
    present = account.metadata.apply(lambda metadata: metadata.annotations)
    checked = lift(checks.service_account_annotations, where, present, annotations, refused)
    return pulumi.Output.all(service_account_name, checked).apply(lambda known: str(known[0]))


def references(names: list[str]) -> list[dict[str, str]]:
    """Return the Secrets with a registry's credentials, as a ServiceAccount names them."""
    return [{"name": name} for name in names]
