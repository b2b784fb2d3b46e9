"""Google Cloud's trust in a cluster: the workload identity pool by which STS verifies its ServiceAccount tokens."""

from typing import NotRequired, TypedDict

import pulumi
from pulumi_gcp import iam

from ..arguments import Arguments
from ..inputs import children_of, foreseen, lift
from . import checks, cluster_checks
from .documents import IAM, PROVIDER_ID, SUBJECT_MAPPING, WorkloadIdentityProvider, provider_name


class GcpClusterTrustArgs(TypedDict):
    """Arguments of GcpClusterTrust."""

    project: pulumi.Input[str]
    """Id of the project that has the pool. Example: `my-project`."""
    project_number: NotRequired[pulumi.Input[str]]
    """Number of `project`, with `issuer`: the preview of a new pool then knows the provider's name, shows which
    principals get rights, and judges them. Default: none, they are known once the pool is made. Example:
    `123456789012`."""
    issuer: NotRequired[pulumi.Input[str]]
    """The URL that the cluster's tokens carry in `iss`: a pool with one provider is created for it. Default: none; give
    this or `gke_cluster`. Example: `https://oidc.eks.us-east-1.amazonaws.com/id/EXAMPLED539`."""
    gke_cluster: NotRequired[pulumi.Input[str]]
    """Full name of a cluster of GKE in `project`, whose own pool is to be used: nothing is created. Default: none.
    Example: `projects/my-project/locations/europe-west3/clusters/blue`."""
    pool_id: NotRequired[pulumi.Input[str]]
    """Id of the pool that is created for `issuer`: 4 to 32 lowercase letters, digits and `-`. Default: none; required
    with `issuer`. Example: `blue-cluster`."""
    jwks_json: NotRequired[pulumi.Input[str]]
    """The issuer's public keys, where Google cannot reach the issuer; new keys have to be given here before tokens are
    signed with them. Default: none, Google asks the issuer.
    Example: `{"keys": [{"kty": "RSA", "kid": "1", "n": "…", "e": "AQAB"}]}`."""


class GcpClusterTrust(pulumi.ComponentResource):
    """The trust of a Google Cloud project in a Kubernetes cluster: a workload identity pool with the cluster's issuer.

    Each cluster has a pool of its own, so that the same namespace and ServiceAccount in two clusters are two
    principals. GKE has one pool for all clusters of a project, where they are one. Keep it in a stack of its own: the
    id of a deleted pool stays taken for 30 days.
    """

    workload_identity_provider: pulumi.Output[str]
    """Name of the pool's provider, for GcpSecretAccess."""
    issuer: pulumi.Output[str]
    """The issuer's URL."""

    def __init__(self, name: str, args: GcpClusterTrustArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        given = Arguments(f"GcpClusterTrust {name!r}", args, GcpClusterTrustArgs, example='{"project": "my-project"}')
        project = given.take("project", checks.project)
        given.check(
            cluster_checks.one_cluster, {key: given.get(key) for key in ("issuer", "gke_cluster") if key in given}
        )
        cluster: pulumi.Input[WorkloadIdentityProvider] | None = None
        url: pulumi.Input[str] = ""
        if "gke_cluster" in given:
            given.check(cluster_checks.no_pool, "pool_id", given.get("pool_id"))
            given.check(cluster_checks.no_pool, "jwks_json", given.get("jwks_json"))
            given.check(cluster_checks.no_pool, "project_number", given.get("project_number"))
            cluster = given.check(cluster_checks.gke_cluster, given.get("gke_cluster"), project)
        else:
            url = given.take("issuer", cluster_checks.issuer)
            pool_id = given.take("pool_id", cluster_checks.pool_id)
            jwks_json = given.take("jwks_json", cluster_checks.jwks_json)
            number = given.optional("project_number", checks.project_number)
        super().__init__("secret-access:index:GcpClusterTrust", name, {}, opts)
        child = children_of(self, opts)

        if cluster is not None:
            self.workload_identity_provider = pulumi.Output.from_input(lift(_name, cluster))
            self.issuer = pulumi.Output.from_input(lift(_issuer, cluster))
        else:
            pool = iam.WorkloadIdentityPool(
                f"{name}-pool", project=project, workload_identity_pool_id=pool_id, opts=child
            )
            provider = iam.WorkloadIdentityPoolProvider(
                f"{name}-provider",
                project=project,
                workload_identity_pool_id=pool.workload_identity_pool_id,
                workload_identity_pool_provider_id=PROVIDER_ID,
                attribute_mapping=SUBJECT_MAPPING,
                # No allowed_audiences: then the provider expects its own name, which no other provider's tokens carry
                oidc={"issuer_uri": url, "jwks_json": jwks_json},
                opts=child,
            )
            made = provider.name
            if number is not None:
                named = given.check(cluster_checks.of_project, provider.name, number)
                made = foreseen(pulumi.Output.from_input(named), lift(provider_name, number, pool_id, PROVIDER_ID))
            self.workload_identity_provider = pulumi.Output.concat(IAM, made)
            self.issuer = pulumi.Output.from_input(url)
        self.register_outputs({"workloadIdentityProvider": self.workload_identity_provider, "issuer": self.issuer})


def _name(provider: WorkloadIdentityProvider) -> str:
    return provider.name


def _issuer(provider: WorkloadIdentityProvider) -> str:
    return provider.issuer
