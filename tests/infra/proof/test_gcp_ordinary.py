"""What ordinary stacks have on Google Cloud beside their namespaces' bindings raises nothing."""

from collections.abc import Callable

import pytest

from secret_access.proof.gcp import accounts, nodes
from secret_access.proof.gcp.stack import evaluate
from secret_access.proof.preview import Resource

from .gcp_documents import (
    BY_NAMESPACE,
    PRODS_ACCOUNT,
    custom,
    machine,
    mapped,
    on_a_secret,
    on_a_secret_of_the_stack,
    on_an_account_from_elsewhere,
    on_prods_account,
    on_the_folder,
    pool,
    with_nodes,
)
from .test_gcp_bindings import by_accounts, direct, google, member, named, principal

EVERYBODYS = 'resource.name.startsWith("projects/1/secrets/common--")'

HARMLESS: dict[str, Callable[[], list[Resource]]] = {
    "nodes with no secrets": lambda: with_nodes(pool(), role_name="roles/logging.logWriter"),
    "nodes whose tokens have no scope for secrets": lambda: with_nodes(
        pool(oauthScopes=["https://www.googleapis.com/auth/logging.write"])
    ),
    "nodes that read what is shared": lambda: with_nodes(
        pool(workloadMetadataConfig={"mode": "GKE_METADATA"}), expression=EVERYBODYS
    ),
    "pools of a cluster without an account of their own": lambda: with_nodes(
        google("blue", nodes.CLUSTER, nodePools=[{"name": "a", "nodeConfig": {"machineType": "e2-small"}}])
    ),
    "a machine with no secrets": lambda: with_nodes(machine(), role_name="roles/logging.logWriter"),
    "a machine whose tokens have no scope for secrets": lambda: with_nodes(machine(scope="storage-ro")),
    "a machine that reads what is shared": lambda: with_nodes(machine(), expression=EVERYBODYS),
    "people who become an account of another stack": lambda: [
        *by_accounts(),
        on_an_account_from_elsewhere("user:alice@example.com"),
        on_an_account_from_elsewhere("serviceAccount:ci@y.iam.gserviceaccount.com", "ci"),
        on_an_account_from_elsewhere("serviceAccount:service-1@gcp-sa-pubsub.iam.gserviceaccount.com", "agent"),
    ],
    "a pod that sees an account of another stack": lambda: [
        *direct(),
        on_an_account_from_elsewhere(principal("test"), role="roles/iam.serviceAccountViewer"),
    ],
    "people with rights above the project": lambda: [
        *by_accounts(),
        on_the_folder("user:alice@example.com", "roles/resourcemanager.folderAdmin"),
    ],
    "a group where pods have none": lambda: [*direct(), on_a_secret("group:sre@example.com")],
    "people": lambda: [*by_accounts(), on_a_secret("domain:example.com"), on_a_secret("user:alice@example.com")],
    "owners of the project": lambda: [*direct(), on_a_secret("projectOwner:x")],
    "a service of Google's": lambda: [
        *direct(),
        on_a_secret("serviceAccount:service-1@gcp-sa-cloudbuild.iam.gserviceaccount.com"),
    ],
    "a role of one's own that reads metadata": lambda: custom(
        "secretmanager.secrets.get", "secretmanager.secrets.list"
    ),
    "a role of one's own under the prefix": lambda: custom("secretmanager.versions.access", expression=named("test")),
    "a secret of the stack": lambda: on_a_secret_of_the_stack("test", "test--db"),
    "a service of Google's that becomes a service account": lambda: [
        *by_accounts(),
        on_prods_account("serviceAccount:service-1@gcp-sa-pubsub.iam.gserviceaccount.com"),
    ],
    "an attribute that is the namespace": lambda: [
        *direct(),
        mapped("assertion.sub"),
        on_a_secret(f"{BY_NAMESPACE}/prod"),
    ],
    "the mapping of the component": lambda: [*direct(), mapped("assertion.sub")],
    "who may see a service account": lambda: [
        *by_accounts(),
        member(
            "sees",
            principal("test"),
            None,
            "roles/iam.serviceAccountViewer",
            kind=accounts.IMPERSONATION[0],
            serviceAccountId=PRODS_ACCOUNT,
        ),
    ],
}


@pytest.mark.parametrize("way", HARMLESS)
def test_an_ordinary_stack_raises_nothing(way: str) -> None:
    verdict = evaluate(HARMLESS[way](), {}, ["common/"])
    assert (verdict.breaches, verdict.undecided) == ((), ())
