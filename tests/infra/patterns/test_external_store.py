"""The output `external_store` of each cloud's access component: the namespace's own identity, and no other."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from secret_access import InvalidArgument
from tests.infra.azure.answers import CLIENT
from tests.infra.azure.component import BOUND, azure_access
from tests.infra.components import GKE_PROVIDER, POOL_PROVIDER, aws_access, gcp_access
from tests.infra.engine import CLUSTER_ARN, run
from tests.infra.messages import assert_all_in
from tests.infra.vault.component import ADDRESS, POLICY, vault_access

SERVICE_ACCOUNT = "kubernetes:core/v1:ServiceAccount"
OWN = {"name": "secret-access"}
GCP = {"workload_identity_provider": GKE_PROVIDER}
EXTERNAL: dict[str, Callable[..., Callable[[], object]]] = {
    "aws": aws_access,
    "azure": azure_access,
    "gcp": lambda **changed: gcp_access(**{**GCP, **changed}),
    "vault": vault_access,
}


def store(cloud: str, **changed: Any) -> dict[str, Any]:
    found: dict[str, Any] = run(EXTERNAL[cloud](external_secrets=True, **changed)).outputs["test"]["externalStore"]
    return found


@pytest.mark.parametrize("cloud", EXTERNAL)
def test_it_is_the_namespaces_own(cloud: str) -> None:
    """The namespace, its prefix and its ServiceAccount, as the access component has them."""
    found = store(cloud)
    provider = found.pop("provider")
    assert found == {
        "namespace": "test",
        "service_account_name": "secret-access",
        "secret_prefix": "test/",
        "backend": cloud,
    }
    assert len(provider) == 1


@pytest.mark.parametrize("cloud", EXTERNAL)
def test_it_is_there_only_where_it_was_asked_for(cloud: str) -> None:
    """Without `external_secrets` nothing in the cluster but the sidecar may use the identity."""
    world = run(EXTERNAL[cloud]())
    assert world.outputs["test"].get("externalStore") is None
    annotations = world.one(SERVICE_ACCOUNT).inputs["metadata"]["annotations"]
    assert all(name.startswith("secret-access/") for name in annotations)


def test_aws_reads_with_the_role_of_the_service_account() -> None:
    """The operator finds the role in the annotation of IRSA, which is there too."""
    assert store("aws")["provider"] == {
        "aws": {"service": "SecretsManager", "region": "us-east-1", "auth": {"jwt": {"serviceAccountRef": OWN}}}
    }
    account = run(EXTERNAL["aws"](external_secrets=True)).one(SERVICE_ACCOUNT).inputs
    role = account["metadata"]["annotations"]["eks.amazonaws.com/role-arn"]
    assert role == "arn:aws:iam::111122223333:role/secret-access-test"


def test_google_reads_with_the_principal_or_the_service_account() -> None:
    """Only a service account is named by an annotation; the cluster is the one whose tokens the pool trusts."""
    auth = {
        "workloadIdentity": {
            "serviceAccountRef": OWN,
            "clusterProjectID": "my-project",
            "clusterLocation": "europe-west3",
            "clusterName": "blue",
        }
    }
    assert store("gcp")["provider"] == {"gcpsm": {"projectID": "my-project", "auth": auth}}
    assert store("gcp", location="europe-west3")["provider"]["gcpsm"]["location"] == "europe-west3"
    email = "test-secrets@my-project.iam.gserviceaccount.com"
    account = run(EXTERNAL["gcp"](external_secrets=True, google_service_account=email)).one(SERVICE_ACCOUNT).inputs
    assert account["metadata"]["annotations"]["iam.gke.io/gcp-service-account"] == email
    principal = run(EXTERNAL["gcp"](external_secrets=True)).one(SERVICE_ACCOUNT).inputs
    assert "iam.gke.io/gcp-service-account" not in principal["metadata"]["annotations"]


def test_azure_reads_with_the_managed_identity() -> None:
    """The operator finds it in the annotation that AKS's webhook goes by too, on other pods."""
    provider = store("azure", authority_host="https://login.microsoftonline.us/")["provider"]["azurekv"]
    assert provider.pop("vaultUrl").startswith("https://")
    assert provider.pop("tenantId")
    assert provider == {
        "authType": "WorkloadIdentity",
        "serviceAccountRef": OWN,
        "environmentType": "USGovernmentCloud",
    }
    account = run(EXTERNAL["azure"](external_secrets=True)).one(SERVICE_ACCOUNT).inputs
    assert account["metadata"]["annotations"]["azure.workload.identity/client-id"] == CLIENT


def test_vault_reads_with_the_role_of_jwt_auth() -> None:
    """A token of the ServiceAccount for the role's audience, as short as Kubernetes makes them."""
    found = store("vault", auth_path="clusters/blue", mount="team/kv", audience="vault.example")["provider"]
    token = {"serviceAccountRef": OWN, "audiences": ["vault.example"], "expirationSeconds": 600}
    assert found == {
        "vault": {
            "server": ADDRESS,
            "path": "team/kv",
            "version": "v2",
            "auth": {
                "jwt": {
                    "path": "clusters/blue",
                    "role": "secret-access-test",
                    "kubernetesServiceAccountToken": token,
                }
            },
        }
    }


def test_vaults_policy_lets_a_token_look_itself_up_and_end_itself() -> None:
    """The operator does both, and without Vault's policy `default` they are refused; nothing else is added."""
    own, external = (
        json.loads(run(vault_access(external_secrets=given)).one(POLICY).inputs["policy"])["path"]
        for given in (False, True)
    )
    assert external == {
        **own,
        "auth/token/lookup-self": {"capabilities": ["read"]},
        "auth/token/revoke-self": {"capabilities": ["update"]},
    }


@pytest.mark.parametrize(
    ("cloud", "changed", "said"),
    [
        (
            "aws",
            {"oidc_provider_arn": None, "pod_identity": "role_per_namespace", "eks_cluster_arn": CLUSTER_ARN},
            ["external_secrets beside pod_identity", "for its own pods alone", "use IRSA"],
        ),
        ("gcp", {"workload_identity_provider": POOL_PROVIDER}, ["a pool that is not GKE's", POOL_PROVIDER]),
        ("azure", BOUND, ["external_secrets beside an AKS identity binding", "leave out one"]),
        (
            "azure",
            {"authority_host": "https://login.example"},
            ["authority_host", "https://login.example", "https://login.microsoftonline.us"],
        ),
    ],
)
def test_identities_that_the_operator_cannot_use_are_refused(cloud: str, changed: Any, said: list[str]) -> None:
    """It would fail at each refresh, and say so where nobody looks; nothing is made."""
    world = run(EXTERNAL[cloud](**{**changed, "external_secrets": False}))
    assert world.outputs["test"].get("externalStore") is None, "the rest of the arguments is right"
    with pytest.raises(InvalidArgument) as error:
        run(EXTERNAL[cloud](**{**changed, "external_secrets": True}))
    assert_all_in(said, error)
