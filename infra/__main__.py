"""The program: reads a stack's settings, creates its components, and exports what other stacks and teams need.

A stack whose documents do not keep its namespaces apart stops at `pulumi preview`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, cast

import pulumi

import settings as stack_settings
from clouds import ClusterOutputs
from cluster_outputs import cluster_outputs
from kubernetes_provider import kubernetes_provider
from namespace_settings import Namespace, Workload
from namespaces import namespace_resource
from secret_access import SecretAccess, SecretWorkload, SecretWorkloadArgs, require_isolation
from secret_access.pods.kinds import SCALED
from settings import Cluster, Environment


def main() -> None:
    require_isolation()
    settings = stack_settings.load()
    provider = settings.cloud.provider()
    pulumi.export("cloud", settings.cloud.name)
    if isinstance(settings, Cluster):
        make_cluster(settings, provider)
    else:
        make_environment(settings, provider)


def make_cluster(settings: Cluster, provider: pulumi.ProviderResource) -> None:
    """Create what belongs to a cluster, and export what its environments need."""
    trust = settings.cloud.trust(settings.name, settings.arguments, pulumi.ResourceOptions(providers=[provider]))
    kubernetes = {key: value for key, value in asdict(settings.kubernetes).items() if value}
    for name, output in {**trust, **settings.cloud.exported()}.items():
        pulumi.export(name, output)
    pulumi.export("name", settings.name)
    pulumi.export("kubernetes", kubernetes)


def make_environment(settings: Environment, provider: pulumi.ProviderResource) -> None:
    """Create every namespace with its identity and workloads.

    Every resource needs the cluster's outputs, so none is created before these are known to be of the same account.
    """
    reference = pulumi.StackReference(
        settings.cluster, f"{pulumi.get_organization()}/{pulumi.get_project()}/{settings.cluster}"
    )
    cluster = reference.outputs.apply(lambda outputs: cluster_outputs(settings.cluster, settings.cloud, outputs))
    kubernetes = kubernetes_provider(
        cluster.apply(lambda known: known.name), cluster.apply(lambda known: known.kubernetes)
    )
    former_names = names_before(settings.namespaces)
    accesses = {
        namespace.name: make_namespace(settings, namespace, cluster, provider, kubernetes, former_names)
        for namespace in settings.namespaces
    }
    pulumi.export("cluster", settings.cluster)
    pulumi.export(
        "namespaces",
        {
            name: {
                "namespace": access.namespace,
                "service_account_name": access.service_account_name,
                "subject": access.subject,
                "identity": access.identity,
                "secret_prefix": access.secret_prefix,
                "url": access.url,
            }
            for name, access in accesses.items()
        },
    )
    # What a workload needs that is deployed elsewhere; long, and so only where there are such workloads
    pulumi.export(
        "pods",
        {
            namespace.name: {
                "labels": accesses[namespace.name].pod_labels,
                "annotations": accesses[namespace.name].pod_annotations,
                "sidecar": accesses[namespace.name].sidecar,
                "volumes": accesses[namespace.name].volumes,
            }
            for namespace in settings.namespaces
            if not namespace.workloads
        },
    )


def make_namespace(
    settings: Environment,
    namespace: Namespace,
    cluster: pulumi.Output[ClusterOutputs],
    provider: pulumi.ProviderResource,
    kubernetes: pulumi.ProviderResource,
    former_names: Mapping[tuple[str, str], str],
) -> SecretAccess:
    """Create a namespace, its identity and its workloads."""
    resource = namespace_resource(
        namespace.name, exists=namespace.exists, pod_security=namespace.pod_security, provider=kubernetes
    )
    arguments = {
        "namespace": namespace.name,
        "sidecar_image": settings.sidecar_image,
        **settings.arguments,
        **namespace.arguments,
    }
    options = pulumi.ResourceOptions(providers=[provider, kubernetes], depends_on=[resource])
    access = settings.cloud.access(namespace.name, arguments, cluster, options)
    for workload in namespace.workloads:
        former_name = former_names.get((namespace.name, workload.name))
        make_workload(namespace, workload, access, kubernetes, former_name)
    return access


def names_before(namespaces: Sequence[Namespace]) -> dict[tuple[str, str], str]:
    """Return the former name NAMESPACE-WORKLOAD of each workload; where two would share it, the first has it."""
    names: dict[str, tuple[str, str]] = {}
    for namespace in namespaces:
        for workload in namespace.workloads:
            names.setdefault(f"{namespace.name}-{workload.name}", (namespace.name, workload.name))
    return {workload: name for name, workload in names.items()}


def make_workload(
    namespace: Namespace,
    workload: Workload,
    access: SecretAccess,
    kubernetes: pulumi.ProviderResource,
    former_name: str | None,
) -> None:
    """Create a workload. Kubernetes names have no `/`, so the name is unique in the stack."""
    arguments: dict[str, Any] = {
        "image": workload.image,
        "annotations": workload.annotations,
        "env": dict(workload.env),
        "ports": list(workload.ports),
        "writable_root": workload.writable_root,
        "pod": workload.pod,
        "spec": workload.spec,
    }
    given = {name: value for name, value in arguments.items() if value not in (None, {}, [])}
    if workload.kind in SCALED:
        given["replicas"] = workload.replicas
    given |= {"access": access.workload_access, "kind": workload.kind, "workload_name": workload.name}
    SecretWorkload(
        f"{namespace.name}/{workload.name}",
        cast("SecretWorkloadArgs", given),
        pulumi.ResourceOptions(
            providers=[kubernetes], aliases=[pulumi.Alias(name=former_name)] if former_name else None
        ),
    )


main()
