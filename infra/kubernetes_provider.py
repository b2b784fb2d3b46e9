"""The provider for a cluster."""

import pulumi
import pulumi_kubernetes as k8s

from clouds.cloud import Kubernetes
from settings import kubeconfig_path


def kubernetes_provider(name: pulumi.Input[str], kubernetes: pulumi.Input[Kubernetes]) -> k8s.Provider:
    """Return the provider for a context by name, never the current one of kubectl.

    The stack decides: `pulumi up` resets a field that was changed by hand, instead of reporting the conflict of
    server-side apply with kubectl.
    """
    reached = pulumi.Output.from_input(kubernetes)
    return k8s.Provider(
        "kubernetes",
        # Another cluster replaces all resources; another path of the same cluster's kubeconfig replaces none
        cluster_identifier=name,
        context=reached.apply(lambda known: known.context),
        enable_patch_force=True,
        kubeconfig=reached.apply(kubeconfig_path),
    )
