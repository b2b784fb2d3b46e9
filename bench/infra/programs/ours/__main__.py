"""Namespaces with our components, as a platform repository uses them.

As the project `tags` they share one role by EKS Pod Identity's session tags.
"""

from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as k8s

from secret_access import AwsSecretAccess, AwsSharedRole, PodIdentity, SecretWorkload

CLUSTER = "arn:aws:eks:us-east-1:111122223333:cluster/bench"
ISSUER = "oidc.eks.us-east-1.amazonaws.com/id/EXAMPLED539"


def main() -> None:
    """Make as many namespaces as the setting says."""
    providers = [
        aws.Provider("aws", region="us-east-1"),
        k8s.Provider("kubernetes", context="bench", kubeconfig="bench"),
    ]
    if pulumi.get_project() == "tags":
        identity = from_shared_role(providers)
    else:
        arn = f"arn:aws:iam::111122223333:oidc-provider/{ISSUER}"
        identity = {"oidc_provider_arn": pulumi.Output.from_input(arn)}
    names = [f"team-{number}" for number in range(pulumi.Config().require_int("namespaces"))]
    accesses = {name: namespace(name, identity, providers) for name in names}
    pulumi.export("identities", {name: access.identity for name, access in accesses.items()})


def from_shared_role(providers: list[pulumi.ProviderResource]) -> dict[str, Any]:
    """Make a role that all namespaces share; return the arguments by which they have it."""
    mode = PodIdentity.SESSION_TAGS
    shared = AwsSharedRole(
        "shared",
        {"pod_identity": mode, "eks_cluster_arns": [CLUSTER], "region": "us-east-1"},
        pulumi.ResourceOptions(providers=providers),
    )
    return {"pod_identity": mode, "eks_cluster_arn": CLUSTER, "existing_role_arn": shared.role_arn}


def namespace(name: str, identity: dict[str, Any], providers: list[pulumi.ProviderResource]) -> AwsSecretAccess:
    """Make a namespace, its identity and its workload."""
    created = k8s.core.v1.Namespace(
        f"{name}-namespace", metadata={"name": name}, opts=pulumi.ResourceOptions(provider=providers[1])
    )
    args: Any = {
        "namespace": name,
        "sidecar_image": "registry.example/secret-sidecar:0.1.0",
        "region": "us-east-1",
        "secrets": ["database-password"],
        "tags": {"team": name},
        **identity,
    }
    access = AwsSecretAccess(name, args, pulumi.ResourceOptions(providers=providers, depends_on=[created]))
    SecretWorkload(
        f"{name}/app",
        {"access": access.workload_access, "image": "registry.example/app:1.4.2", "workload_name": "app"},
        pulumi.ResourceOptions(providers=providers),
    )
    return access


main()
