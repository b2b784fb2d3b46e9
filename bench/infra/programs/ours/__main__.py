"""Namespaces with our components, as a platform repository uses them."""

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as k8s

from secret_access import AwsSecretAccess, SecretWorkload

ISSUER = "oidc.eks.us-east-1.amazonaws.com/id/EXAMPLED539"


def namespace(
    name: str, oidc_provider_arn: pulumi.Output[str], providers: list[pulumi.ProviderResource]
) -> AwsSecretAccess:
    """Make a namespace, its identity and its workload."""
    created = k8s.core.v1.Namespace(
        f"{name}-namespace", metadata={"name": name}, opts=pulumi.ResourceOptions(provider=providers[1])
    )
    access = AwsSecretAccess(
        name,
        {
            "namespace": name,
            "sidecar_image": "registry.example/secret-sidecar:0.1.0",
            "oidc_provider_arn": oidc_provider_arn,
            "region": "us-east-1",
            "secrets": ["database-password"],
            "tags": {"team": name},
        },
        pulumi.ResourceOptions(providers=providers, depends_on=[created]),
    )
    SecretWorkload(
        f"{name}/app",
        {"access": access.for_workload(), "image": "registry.example/app:1.4.2", "workload_name": "app"},
        pulumi.ResourceOptions(providers=providers),
    )
    return access


def main() -> None:
    """Make as many namespaces as the stack's setting says."""
    providers = [
        aws.Provider("aws", region="us-east-1"),
        k8s.Provider("kubernetes", context="bench", kubeconfig="bench"),
    ]
    oidc_provider_arn = pulumi.Output.from_input(f"arn:aws:iam::111122223333:oidc-provider/{ISSUER}")
    names = [f"team-{number}" for number in range(pulumi.Config().require_int("namespaces"))]
    accesses = {name: namespace(name, oidc_provider_arn, providers) for name in names}
    pulumi.export("identities", {name: access.identity for name, access in accesses.items()})


main()
