"""Whether the cluster has native sidecars: Kubernetes 1.29, or 1.28 with the feature gate `SidecarContainers`. Pure.

There is no question that a component could ask the API server through a provider. But one that has no native sidecars
drops the sidecar's `restartPolicy` from what it stores, and from what its dry run in a preview answers; 1.27 and older
refuse the field themselves. https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/
"""

from typing import Any

from ..checks import invalid
from .sidecar_container import CONTAINER


def kept(name: str, spec: Any) -> str:
    """Return the workload's name, if the API server kept the sidecar a native one. `spec`: its spec as it answered."""
    job = getattr(spec, "job_template", None)
    pod = (job.spec if job else spec).template.spec
    sidecar = next((container for container in pod.init_containers or [] if container.name == CONTAINER), None)
    policy = getattr(sidecar, "restart_policy", None)
    if policy != "Always":
        raise invalid(
            f"the cluster drops restartPolicy of the init container {CONTAINER}, so the app would never start",
            policy,
            "'Always', as Kubernetes 1.29 and newer keep it, where native sidecars are on by default",
            "upgrade the cluster, or let the pods call a SharedSecretService",
        )
    return str(name)
