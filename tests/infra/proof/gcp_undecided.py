"""Stacks on Google Cloud whose documents do not tell whether a namespace has another's secrets."""

import json

from secret_access.proof.gcp import accounts, nodes
from secret_access.proof.preview import UNKNOWN

from .gcp_documents import (
    AS_NODES,
    ELSEWHERE,
    NAMESPACE,
    NODES,
    PRODS_ACCOUNT,
    cluster,
    machine,
    mapped,
    nodes_of_a_cluster,
    on_a_secret,
    on_an_account_from_elsewhere,
    on_prods_account,
    on_the_folder,
    pool,
    with_nodes,
)
from .test_gcp_bindings import ACCESSOR, by_accounts, direct, email, google, member, principal
from .ways import Undecided

UNDECIDED: dict[str, Undecided] = {
    "pods of the host's network": (
        lambda: with_nodes(pool(workloadMetadataConfig={"mode": "GKE_METADATA"})),
        "is for service account nodes: pods of the host's network on nodes of pool become it",
    ),
    "pods of the host's network on an Autopilot": (
        lambda: with_nodes(cluster(enableAutopilot=True, nodeConfig=AS_NODES)),
        "pods of the host's network on nodes of blue",
    ),
    "through an account that nodes run as": (
        lambda: [
            *by_accounts(),
            NODES,
            pool(workloadMetadataConfig={"mode": "GKE_METADATA"}),
            member(
                "on-prod",
                "serviceAccount:nodes@x.iam.gserviceaccount.com",
                None,
                "roles/iam.serviceAccountTokenCreator",
                kind=accounts.IMPERSONATION[0],
                serviceAccountId=PRODS_ACCOUNT,
            ),
        ],
        "is for service account sa-prod: pods of the host's network",
    ),
    "nodes of which all is known later": (
        lambda: [
            *with_nodes(),
            google("pool", nodes.NODE_POOL, {"nodeConfig": (NODES.urn,)}, nodeConfig=UNKNOWN),
        ],
        "is for service account nodes: pods of the host's network on nodes of pool",
    ),
    "nodes that a cluster has among its pools": (
        lambda: nodes_of_a_cluster(workloadMetadataConfig={"mode": "GKE_METADATA"}),
        "is for service account nodes: pods of the host's network on nodes of blue become it",
    ),
    "pools of a cluster that are known later": (
        lambda: with_nodes(google("blue", nodes.CLUSTER, {"nodePools": (NODES.urn,)}, nodePools=UNKNOWN)),
        "is for service account nodes: pods of the host's network on nodes of blue become it",
    ),
    "a pool of a cluster whose settings are known later": (
        lambda: with_nodes(
            google("blue", nodes.CLUSTER, {"nodePools": (NODES.urn,)}, nodePools=[{"name": "a", "nodeConfig": UNKNOWN}])
        ),
        "is for service account nodes: pods of the host's network on nodes of blue become it",
    ),
    **{
        f"machines by {kind}, which may be nodes": (
            lambda kind=kind: with_nodes(machine(kind)),  # type: ignore[misc]
            "is for service account nodes: pods become it if machine is a node of the cluster",
        )
        for kind in nodes.MACHINES
    },
    "a machine whose account is known later": (
        lambda: with_nodes(
            google(
                "machine",
                "gcp:compute/instance:Instance",
                {"serviceAccount": (NODES.urn,)},
                serviceAccount={"email": UNKNOWN, "scopes": ["https://www.googleapis.com/auth/cloud-platform"]},
            )
        ),
        "is for service account nodes: pods become it if machine",
    ),
    "a service account of another stack that a namespace may become": (
        lambda: [*direct(), on_an_account_from_elsewhere(principal("test"))],
        f"{principal('test')} may become {ELSEWHERE} by elsewhere, which is not among the documents",
    ),
    "a service account of another stack by tokens of another account": (
        lambda: [
            *by_accounts(),
            on_an_account_from_elsewhere(email("test"), role="roles/iam.serviceAccountTokenCreator"),
        ],
        f"may become {ELSEWHERE} by elsewhere",
    ),
    "a service account of another stack by its policy": (
        lambda: [
            *direct(),
            google(
                "elsewhere",
                accounts.IMPERSONATION[2],
                serviceAccountId=ELSEWHERE,
                policyData=json.dumps({"bindings": [{"role": "a", "members": ["user:a@b.c", principal("prod")]}]}),
            ),
        ],
        f"{principal('prod')} may become {ELSEWHERE} by elsewhere",
    ),
    "a service account of another stack by several members": (
        lambda: [
            *direct(),
            google(
                "elsewhere",
                accounts.IMPERSONATION[1],
                serviceAccountId=ELSEWHERE,
                role="roles/iam.workloadIdentityUser",
                members=[principal("test"), principal("prod")],
            ),
        ],
        f"may become {ELSEWHERE} by elsewhere",
    ),
    "a service account that is known later": (
        lambda: [*direct(), on_an_account_from_elsewhere(principal("test"), serviceAccountId=UNKNOWN)],
        "may become a service account by elsewhere, which is known only after `pulumi up`",
    ),
    "a member known later who becomes one of another stack": (
        lambda: [*direct(), on_an_account_from_elsewhere(UNKNOWN)],
        f"a member that is known only after `pulumi up` may become {ELSEWHERE}",
    ),
    **{
        f"{role} above the project": (
            lambda role=role, kind=kind: [*direct(), on_the_folder(principal("test"), role, kind)],  # type: ignore[misc]
            f"above is a {kind}: its members are not judged",
        )
        for role, kind in (
            ("roles/resourcemanager.folderAdmin", "gcp:folder/iAMMember:IAMMember"),
            ("roles/resourcemanager.folderIamAdmin", "gcp:folder/iAMMember:IAMMember"),
            ("roles/resourcemanager.organizationAdmin", "gcp:organizations/iAMMember:IAMMember"),
        )
    },
    "a group where pods have service accounts": (
        lambda: [*by_accounts(), on_a_secret("group:sre@example.com")],
        "is for group:sre@example.com: it may have service accounts of the pods as members",
    ),
    "editors of the project": (
        lambda: [*direct(), on_a_secret("projectEditor:x")],
        "is for projectEditor:x: who has roles/editor on the project is not among the documents",
    ),
    "a key of a service account": (
        lambda: [
            *by_accounts(),
            google("key", accounts.KEY, serviceAccountId=PRODS_ACCOUNT),
        ],
        "is for service account sa-prod: who holds its key key is not among the documents",
    ),
    "a group that becomes a service account": (
        lambda: [*by_accounts(), on_prods_account("group:sre@example.com")],
        "is for service account sa-prod: group:sre@example.com, of whom the documents do not tell, may become it",
    ),
    "a service account from elsewhere that becomes one": (
        lambda: [*by_accounts(), on_prods_account("serviceAccount:ci@y.iam.gserviceaccount.com")],
        "is for service account sa-prod: serviceAccount:ci@y.iam.gserviceaccount.com, of whom the documents",
    ),
    "a member known later who becomes a service account": (
        lambda: [*by_accounts(), on_prods_account(UNKNOWN)],
        "is for service account sa-prod: a member that is known only after `pulumi up`",
    ),
    "a mapping of one's own": (
        lambda: [*direct(), mapped(NAMESPACE)],
        "provider makes google.subject of assertion['kubernetes.io']['namespace']",
    ),
    "who may change the pool": (
        lambda: [
            *direct(),
            member(
                "more",
                principal("test"),
                None,
                "roles/iam.workloadIdentityPoolAdmin",
                kind="gcp:iam/workloadIdentityPoolIamMember:WorkloadIdentityPoolIamMember",
            ),
        ],
        "more is a gcp:iam/workloadIdentityPoolIamMember",
    ),
    "another provider": (
        lambda: [*direct(), google("more", "google-native:secretmanager/v1:SecretIamPolicy", role=ACCESSOR)],
        "more is a google-native:",
    ),
}
