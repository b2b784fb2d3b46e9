"""The components with arguments that work, for tests to change one of."""

from collections.abc import Callable
from typing import Any, cast

from secret_access import (
    AwsSecretAccess,
    AwsSecretAccessArgs,
    ClusterTrust,
    ClusterTrustArgs,
    GcpClusterTrust,
    GcpClusterTrustArgs,
    GcpSecretAccess,
    GcpSecretAccessArgs,
    SecretWorkload,
    SharedSecretService,
    SharedSecretServiceArgs,
)
from secret_access.pods.workload import SecretWorkloadArgs, WorkloadAccess
from tests.infra.engine import ISSUER_HOST, PROJECT_NUMBER, PROVIDER_ARN, World, outputs_in

Program = Callable[[], object]


def aws_args(**changed: Any) -> AwsSecretAccessArgs:
    """Arguments of AwsSecretAccess; None leaves one out."""
    args = {
        "namespace": "test",
        "sidecar_image": "registry.example/secret-sidecar:0.1.0",
        "oidc_provider_arn": PROVIDER_ARN,
        "region": "us-east-1",
        **changed,
    }
    return cast("AwsSecretAccessArgs", {name: value for name, value in args.items() if value is not None})


def aws_access(**changed: Any) -> Program:
    """A program that makes an AwsSecretAccess."""
    return lambda: AwsSecretAccess("test", outputs_in(aws_args(**changed)))


def cluster_trust(**changed: Any) -> Program:
    """A program that makes a ClusterTrust."""
    args = cast("ClusterTrustArgs", {"issuer": f"https://{ISSUER_HOST}", **changed})
    return lambda: ClusterTrust("blue", outputs_in(args))


PROJECT = "my-project"
POOL = f"projects/{PROJECT_NUMBER}/locations/global/workloadIdentityPools/blue"
POOL_PROVIDER = f"//iam.googleapis.com/{POOL}/providers/cluster"
GKE_CLUSTER = f"projects/{PROJECT}/locations/europe-west3/clusters/blue"
GKE_PROVIDER = f"identitynamespace:{PROJECT}.svc.id.goog:https://container.googleapis.com/v1/{GKE_CLUSTER}"


def gcp_args(**changed: Any) -> GcpSecretAccessArgs:
    """Arguments of GcpSecretAccess; None leaves one out."""
    args = {
        "namespace": "test",
        "sidecar_image": "registry.example/secret-sidecar:0.1.0",
        "project": PROJECT,
        "project_number": PROJECT_NUMBER,
        "workload_identity_provider": POOL_PROVIDER,
        "secrets": ["database-password"],
        **changed,
    }
    return cast("GcpSecretAccessArgs", {name: value for name, value in args.items() if value is not None})


def gcp_access(name: Any = "test", **changed: Any) -> Program:
    """A program that makes a GcpSecretAccess."""
    return lambda: GcpSecretAccess(str(name), outputs_in(gcp_args(**changed)))


def gcp_cluster_trust(**changed: Any) -> Program:
    """A program that makes a GcpClusterTrust; None leaves an argument out."""
    args = {"project": PROJECT, "issuer": f"https://{ISSUER_HOST}", "pool_id": "blue", **changed}
    given = cast("GcpClusterTrustArgs", {name: value for name, value in args.items() if value is not None})
    return lambda: GcpClusterTrust("blue", outputs_in(given))


def workload(access: dict[str, Any] | None = None, **changed: Any) -> Program:
    """A program that makes a SecretWorkload for an AwsSecretAccess, with some of its outputs replaced."""

    def program() -> None:
        outputs = AwsSecretAccess("test", aws_args()).workload_access
        args = {
            "access": cast("WorkloadAccess", {**outputs, **outputs_in(access or {})}),
            "image": "registry.example/shop:1",
        }
        SecretWorkload("shop", cast("SecretWorkloadArgs", {**args, **outputs_in(changed)}))

    return program


ROLES = "arn:aws:iam::111122223333:role/secret-access-blue-{namespace}"


def shared_args(**changed: Any) -> dict[str, Any]:
    """Arguments of SharedSecretService; None leaves one out."""
    args = {
        "namespace": "platform",
        "sidecar_image": "registry.example/secret-sidecar:0.1.0",
        "backend": {"aws": {"role_arn": ROLES, "region": "us-east-1"}},
        "certificate": {"secret": {"secretName": "secrets-tls"}},
        "caller_namespaces": ["test", "prod"],
        **changed,
    }
    return {name: value for name, value in args.items() if value is not None}


def shared_service(**changed: Any) -> Program:
    """A program that makes a SharedSecretService."""
    return lambda: SharedSecretService("secrets", cast("SharedSecretServiceArgs", outputs_in(shared_args(**changed))))


def environment(world: World) -> dict[str, Any]:
    """The sidecar's environment, by name."""
    return {item["name"]: item.get("value", item.get("valueFrom")) for item in world.outputs["test"]["sidecar"]["env"]}
