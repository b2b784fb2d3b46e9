"""Which clusters' tokens AzureSecretAccess trusts: federated credentials, or an identity binding."""

import re
from typing import Any

import pytest

from secret_access.azure import documents
from tests.infra.azure.answers import (
    BINDING,
    CLIENT,
    CREDENTIAL,
    GROUP_ID,
    IDENTITY,
)
from tests.infra.azure.component import (
    BLUE,
    BOUND,
    GREEN,
    SUBJECT,
    made,
)
from tests.infra.components import environment
from tests.infra.engine import Later


def test_the_identity_trusts_the_service_account_of_the_cluster_alone() -> None:
    """Issuer as AKS spells it, subject and audience."""
    world = made(tags={"team": "a"})
    assert world.one(IDENTITY).inputs == {
        "resourceGroupName": "secrets",
        "location": "westeurope",
        "resourceName": "secret-access-test",
        "tags": {"team": "a"},
    }
    assert world.one(CREDENTIAL).inputs == {
        "resourceGroupName": "secrets",
        "resourceName": "secret-access-test",
        "federatedIdentityCredentialResourceName": documents.credential_name(BLUE, SUBJECT),
        "issuer": BLUE,
        "subject": SUBJECT,
        "audiences": ["api://AzureADTokenExchange"],
    }


def test_credentials_of_several_clusters_are_written_one_at_a_time() -> None:
    """Azure refuses two writes at a time to one identity: each waits for the one before it."""
    third = BLUE.replace("0a1b2c3d", "55556666")
    credentials = made(issuers={"blue": BLUE, "green": Later(GREEN), "old": third}).of(CREDENTIAL)
    waits = {asked.name: asked.waits_for & {one.name for one in credentials} for asked in credentials}
    assert waits == {
        "test-credential/blue": set(),
        "test-credential/green": {"test-credential/blue"},
        "test-credential/old": {"test-credential/green"},
    }
    assert [asked.inputs["issuer"] for asked in credentials] == [BLUE, GREEN, third]


def test_a_cluster_that_goes_leaves_the_others_credentials_as_they_are() -> None:
    """Resources are named by cluster, and credentials by issuer, not by their place in the list."""
    both, one = made(issuers={"blue": BLUE, "green": GREEN}), made(issuers={"green": GREEN})
    green = {asked.name: asked.inputs for asked in both.of(CREDENTIAL)}["test-credential/green"]
    assert one.one(CREDENTIAL).inputs == green


def test_twenty_clusters_are_taken() -> None:
    """The limit itself is within it."""
    assert len(made(issuers={f"c{n}": f"https://issuer.example/{n}" for n in range(20)}).of(CREDENTIAL)) == 20


@pytest.mark.parametrize(
    "issuer",
    [
        "https://issuer.example/",
        "https://issuer.example",
        "https://10.78.0.1:6443",
        "https://oidc.eks.us-east-1.amazonaws.com/id/EXAMPLED539",
        "https://germanywestcentral.oic.prod-aks.azure.com/t/c/",
        "https://oidc.prod-aks.azure.com/0a1b2c3d-0000-1111-2222-333344445555/",
        "https://usgovvirginia.oic.cx.aks.azure.us/t/c/",
    ],
)
@pytest.mark.parametrize("delay", [lambda value: value, Later])
def test_issuers_are_taken_as_they_spell_themselves(issuer: str, delay: Any) -> None:
    """Entra compares them with `iss` as text."""
    assert made(issuers={"blue": delay(issuer)}).one(CREDENTIAL).inputs["issuer"] == issuer


def test_an_identity_binding_takes_the_place_of_credentials() -> None:
    """AKS writes the only one; the token's audience is its own, and RBAC says which ServiceAccount may use it."""
    world = made(**BOUND)
    assert world.of(CREDENTIAL) == []
    identity_id = f"{GROUP_ID}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/secret-access-test"
    assert world.one(BINDING).inputs == {
        "resourceGroupName": "aks",
        "resourceName": "blue",
        "identityBindingName": documents.binding_name(identity_id),
        "properties": {"managedIdentity": {"resourceId": identity_id}},
    }
    role = world.one("kubernetes:rbac.authorization.k8s.io/v1:ClusterRole").inputs
    assert role["rules"] == [
        {"apiGroups": ["cid.wi.aks.azure.com"], "resources": [CLIENT], "verbs": ["use-managed-identity"]}
    ]
    bound = world.one("kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding").inputs
    assert bound["subjects"] == [{"kind": "ServiceAccount", "name": "secret-access", "namespace": "test"}]
    assert bound["roleRef"]["name"] == role["metadata"]["name"] == "secret-access:test:secret-access"
    token = world.outputs["test"]["volumes"][0]["projected"]["sources"][0]["serviceAccountToken"]
    assert token["audience"] == "api://AKSIdentityBinding"


def test_a_binding_has_a_name_that_aks_takes_whatever_the_identity_is_called() -> None:
    """AKS takes lowercase letters, digits and `-`; an identity's name has more, and each has a binding of its own."""
    names = {
        made(**BOUND, identity_name=name).one(BINDING).inputs["identityBindingName"]
        for name in ("secret-access-blue-eu_test", "Secrets-of-Shop", "x" * 128)
    }
    assert len(names) == 3
    assert all(re.fullmatch("[a-z0-9-]{1,63}", name) for name in names)


def test_the_sidecar_reaches_the_token_proxy_by_the_clusters_own_certificates() -> None:
    """The ConfigMap that Kubernetes keeps in every namespace; files of the platform's own stay beside it."""
    world = made(**BOUND, sidecar_files={"/etc/ca": {"configMap": {"name": "ca"}}})
    told, outputs = environment(world), world.outputs["test"]
    assert told["AZURE_KUBERNETES_TOKEN_PROXY"] == "https://blue.hcp.westeurope.azmk8s.io"
    assert told["AZURE_KUBERNETES_SNI_NAME"] == "a1b2.ests.aks"
    assert told["AZURE_KUBERNETES_CA_FILE"] == "/var/run/secrets/secret-access/token-proxy/ca.crt"
    mounts = {mount["mountPath"]: mount["name"] for mount in outputs["sidecar"]["volumeMounts"]}
    volumes = {volume.pop("name"): volume for volume in outputs["volumes"]}
    assert volumes[mounts["/var/run/secrets/secret-access/token-proxy"]] == {"configMap": {"name": "kube-root-ca.crt"}}
    assert volumes[mounts["/etc/ca"]] == {"configMap": {"name": "ca"}}
