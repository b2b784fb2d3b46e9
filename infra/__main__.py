"""The program: reads a stack's settings, creates its components, and exports what other stacks and teams need."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict

import pulumi

import providers
import settings as stack_settings
from cluster_outputs import ClusterOutputs, cluster_outputs
from namespace_settings import Namespace, Workload
from namespaces import namespace_resource
from secret_access import AwsSecretAccess, AwsSecretAccessArgs, ClusterTrust, ClusterTrustArgs, SecretWorkload
from settings import Cluster, Environment


def main() -> None:
    settings = stack_settings.load()
    providers.stop_unless_account(settings.aws)
    aws = providers.aws_provider(settings.aws)
    if isinstance(settings, Cluster):
        make_cluster(settings, aws)
    else:
        make_environment(settings, aws)


def make_cluster(settings: Cluster, aws: pulumi.ProviderResource) -> None:
    """Create what belongs to a cluster, and export what its environments need."""
    args: ClusterTrustArgs = {"issuer": settings.issuer, "tags": settings.tags}
    if settings.existing_provider_arn is not None:
        args["existing_provider_arn"] = settings.existing_provider_arn
    trust = ClusterTrust(settings.name, args, pulumi.ResourceOptions(providers=[aws]))
    pulumi.export("cloud", "aws")
    pulumi.export("name", settings.name)
    pulumi.export("issuer", trust.issuer)
    pulumi.export("oidc_provider_arn", trust.oidc_provider_arn)
    pulumi.export("account_id", settings.aws.account_id)
    pulumi.export("region", settings.aws.region)
    pulumi.export("kubernetes", {key: value for key, value in asdict(settings.kubernetes).items() if value})


def make_environment(settings: Environment, aws: pulumi.ProviderResource) -> None:
    """Create every namespace with its identity and workloads.

    Every resource needs the cluster's outputs, so none is created before these are known to be of the same account.
    """
    reference = pulumi.StackReference(
        settings.cluster, f"{pulumi.get_organization()}/{pulumi.get_project()}/{settings.cluster}"
    )
    cluster = reference.outputs.apply(lambda outputs: cluster_outputs(settings.cluster, settings.aws, outputs))
    kubernetes = providers.kubernetes_provider(
        cluster.apply(lambda known: known.name), cluster.apply(lambda known: known.kubernetes)
    )
    former_names = names_before(settings.namespaces)
    accesses = {
        namespace.name: make_namespace(settings, namespace, cluster, aws, kubernetes, former_names)
        for namespace in settings.namespaces
    }
    pulumi.export("cloud", "aws")
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
    aws: pulumi.ProviderResource,
    kubernetes: pulumi.ProviderResource,
    former_names: Mapping[tuple[str, str], str],
) -> AwsSecretAccess:
    """Create a namespace, its identity and its workloads."""
    resource = namespace_resource(
        namespace.name, exists=namespace.exists, pod_security=namespace.pod_security, provider=kubernetes
    )
    args: AwsSecretAccessArgs = {
        "namespace": namespace.name,
        "sidecar_image": settings.sidecar_image,
        "oidc_provider_arn": cluster.apply(lambda known: known.oidc_provider_arn),
        "region": settings.aws.region,
        "secret_prefix": namespace.secret_prefix,
        "secrets": list(namespace.secrets),
        "access": namespace.access,
        "kms_key_arns": list(namespace.kms_key_arns),
        "policy_arns": list(namespace.policy_arns),
        "port": namespace.port,
        "role_name": namespace.role_name or cluster.apply(lambda known: f"secret-access-{known.name}-{namespace.name}"),
        "irsa_annotation": namespace.irsa_annotation,
        "sidecar_env": namespace.sidecar_env,
        "sidecar_resources": namespace.sidecar_resources,
        "sidecar_user": namespace.sidecar_user,
        "sidecar_files": namespace.sidecar_files,
        "tags": {**settings.tags, "secret-access/namespace": namespace.name},
    }
    if namespace.app_containers:
        args["app_containers"] = list(namespace.app_containers)
    if namespace.metrics_namespaces is not None:
        args["metrics_namespaces"] = list(namespace.metrics_namespaces)
    if settings.permissions_boundary is not None:
        args["permissions_boundary"] = settings.permissions_boundary
    if settings.aws.endpoint is not None:
        args["endpoint_url"] = settings.aws.endpoint
    access = AwsSecretAccess(
        namespace.name, args, pulumi.ResourceOptions(providers=[aws, kubernetes], depends_on=[resource])
    )
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
    access: AwsSecretAccess,
    kubernetes: pulumi.ProviderResource,
    former_name: str | None,
) -> None:
    """Create a workload. Kubernetes names have no `/`, so the name is unique in the stack."""
    SecretWorkload(
        f"{namespace.name}/{workload.name}",
        {
            "access": access.for_workload(),
            "image": workload.image,
            "workload_name": workload.name,
            "replicas": workload.replicas,
            "env": dict(workload.env),
            "ports": list(workload.ports),
            "writable_root": workload.writable_root,
        },
        pulumi.ResourceOptions(
            providers=[kubernetes], aliases=[pulumi.Alias(name=former_name)] if former_name else None
        ),
    )


main()
