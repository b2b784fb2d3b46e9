"""Stacks on Google Cloud whose documents do not tell whether a namespace has another's secrets."""

from secret_access.proof.gcp import accounts, nodes
from secret_access.proof.preview import UNKNOWN

from .gcp_documents import (
    AS_NODES,
    NAMESPACE,
    NODES,
    PRODS_ACCOUNT,
    cluster,
    mapped,
    on_a_secret,
    on_prods_account,
    pool,
    with_nodes,
)
from .test_gcp_bindings import ACCESSOR, by_accounts, direct, google, member, principal
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
    "somebody known later who becomes a service account": (
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
