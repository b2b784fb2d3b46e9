"""Stacks on Google Cloud with a way to another namespace's secret beside its own binding."""

from secret_access.proof.gcp import nodes
from secret_access.proof.preview import UNKNOWN

from .gcp_documents import (
    AS_NODES,
    BY_NAMESPACE,
    ELSEWHERE,
    NODES,
    ON_ACCOUNTS,
    OTHERS_ROLE,
    cluster,
    custom,
    mapped,
    nodes_of_a_cluster,
    on_a_secret,
    on_a_secret_of_the_stack,
    on_an_account_from_elsewhere,
    on_prods_account,
    pool,
    with_nodes,
)
from .test_gcp_bindings import POOL, by_accounts, direct, email, google, member, named, principal
from .ways import Breach

WORKLOAD_IDENTITY = {"workloadIdentityConfig": {"workloadPool": "x.svc.id.goog"}}
BREACHES: dict[str, Breach] = {
    "nodes without Workload Identity": (
        lambda: with_nodes(pool()),
        ("test", "prod"),
        "service account nodes, which system:serviceaccount:test:",
    ),
    "nodes that show their metadata": (
        lambda: with_nodes(pool(workloadMetadataConfig={"mode": "GCE_METADATA"}), cluster(**WORKLOAD_IDENTITY)),
        ("test", "prod"),
        "binding of-nodes",
    ),
    "nodes of a cluster": (
        lambda: with_nodes(cluster(nodeConfig=AS_NODES)),
        ("test", "prod"),
        "binding of-nodes",
    ),
    "nodes that a cluster adds": (
        lambda: with_nodes(cluster(clusterAutoscaling={"autoProvisioningDefaults": AS_NODES})),
        ("test", "prod"),
        "binding of-nodes",
    ),
    "nodes that may change rights": (
        lambda: with_nodes(pool(), role_name="roles/iam.securityAdmin"),
        ("test", "prod"),
        "roles/iam.securityAdmin",
    ),
    "nodes whose account is known later": (
        lambda: [
            *with_nodes(),
            google(
                "pool",
                nodes.NODE_POOL,
                {"nodeConfig": (NODES.urn,)},
                nodeConfig={"serviceAccount": UNKNOWN, "oauthScopes": [nodes._ALL_APIS[1]]},
            ),
        ],
        ("test", "prod"),
        "service account nodes",
    ),
    "nodes that a cluster has among its pools": (
        lambda: nodes_of_a_cluster(workloadMetadataConfig={"mode": "GCE_METADATA"}),
        ("test", "prod"),
        "binding of-nodes",
    ),
    "an account of another stack that pods may become": (
        lambda: [
            *direct(),
            on_a_secret(f"serviceAccount:{ELSEWHERE}"),
            on_an_account_from_elsewhere(principal("test")),
        ],
        ("test", "prod"),
        f"service account {ELSEWHERE}, which system:serviceaccount:test:",
    ),
    "an account of another stack that becomes another's": (
        lambda: [
            *by_accounts(),
            on_prods_account(f"serviceAccount:{ELSEWHERE}"),
            on_an_account_from_elsewhere(email("test")),
        ],
        ("test", None),
        "service account sa-prod",
    ),
    "an account of another stack that nodes run as": (
        lambda: [
            *direct(),
            google("pool", nodes.NODE_POOL, nodeConfig={"serviceAccount": "n@y.iam.gserviceaccount.com"}),
            member("of-nodes", "serviceAccount:n@y.iam.gserviceaccount.com"),
        ],
        ("test", "prod"),
        "service account n@y.iam.gserviceaccount.com",
    ),
    "everybody with an account of Google's": (
        lambda: [*direct(), on_a_secret("allAuthenticatedUsers")],
        ("test", "prod"),
        "allAuthenticatedUsers",
    ),
    "viewers of the project": (
        lambda: [
            *direct(),
            member("viewer", principal("test"), None, "roles/viewer"),
            on_a_secret("projectViewer:x"),
        ],
        ("test", "prod"),
        "projectViewer:x",
    ),
    "every principal of the pool": (
        lambda: [*direct(), on_a_secret(f"principalSet:{POOL}/*")],
        ("test", "prod"),
        "principalSet:",
    ),
    "every principal of another's namespace": (
        lambda: [
            *direct(),
            on_a_secret(
                "principalSet://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/"
                "x.svc.id.goog/namespace/test"
            ),
        ],
        ("test", "prod"),
        "/namespace/test",
    ),
    "an attribute that is another's namespace": (
        lambda: [*direct(), mapped("assertion.sub"), on_a_secret(f"{BY_NAMESPACE}/test")],
        ("test", "prod"),
        "attribute.namespace/test",
    ),
    "an attribute of which the documents do not tell": (
        lambda: [*direct(), on_a_secret(f"{BY_NAMESPACE}/prod")],
        ("test", "prod"),
        "attribute.namespace/prod",
    ),
    "an attribute that another provider of the pool makes of something else": (
        lambda: [
            *direct(),
            mapped("assertion.sub"),
            mapped(
                "assertion.sub", workloadIdentityPoolProviderId="b", attributeMapping={"attribute.namespace": "'prod'"}
            ),
            on_a_secret(f"{BY_NAMESPACE}/prod"),
        ],
        ("test", "prod"),
        "attribute.namespace/prod",
    ),
    "every pod of a cluster": (
        lambda: [
            *direct(),
            on_a_secret(
                "principalSet://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/x.svc.id.goog/"
                "kubernetes.cluster/https://container.googleapis.com/v1/projects/x/locations/a/clusters/blue"
            ),
        ],
        ("test", "prod"),
        "kubernetes.cluster",
    ),
    "another's secret of the stack": (
        lambda: on_a_secret_of_the_stack("test", "prod--db"),
        ("test", "prod"),
        "on the secret prod--db",
    ),
    "a role of one's own that reads": (
        lambda: custom("secretmanager.versions.access"),
        ("test", "prod"),
        "binding more of the role reader on the project without a condition",
    ),
    "a role of one's own that becomes service accounts": (
        lambda: custom(ON_ACCOUNTS, expression=named("test")),
        ("test", "prod"),
        "binding more of the role reader",
    ),
    "a role of one's own that makes pods": (
        lambda: custom("container.deployments.create", expression=named("test")),
        ("test", "prod"),
        "binding more of the role reader",
    ),
    **{
        f"a role of one's own with {right}": (
            lambda right=right: custom(right, expression=named("test")),  # type: ignore[misc]
            ("test", "prod"),
            "binding more of the role reader",
        )
        for right in ("resourcemanager.folders.setIamPolicy", "resourcemanager.organizations.setIamPolicy")
    },
    "a role of another stack": (
        lambda: [*direct(), member("more", principal("test"), None, OTHERS_ROLE)],
        ("test", "prod"),
        "binding more of projects/x/roles/reader",
    ),
    **{
        f"the role {role}": (
            lambda role=role: [*direct(), member("more", principal("test"), None, role)],  # type: ignore[misc]
            ("test", "prod"),
            f"binding more of {role}",
        )
        for role in (
            "roles/iam.serviceAccountUser",
            "roles/iam.roleAdmin",
            "roles/container.developer",
            "roles/resourcemanager.folderIamAdmin",
        )
    },
}
