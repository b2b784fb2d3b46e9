"""What is wrong in a stack's file, in each cloud's own terms: key, value given, value expected and fix."""

from typing import Any

import pytest

from secret_access import InvalidSetting
from tests.infra.stack_files import GONE, changed, config_of, load

UUID = "11111111-1111-1111-1111-111111111111"
AKS = f"https://westeurope.oic.prod-aks.azure.com/{UUID}/{UUID}"
VAULT_ID = f"/subscriptions/{UUID}/resourceGroups/s/providers/Microsoft.KeyVault/vaults/v"
NAMESPACE = "secret-access:namespaces.prod"
WRONG = {
    "azure-cluster": [
        ("issuer", GONE, ["secret-access:issuer is missing", "aks.azure.com"]),
        ("issuer", AKS, ["secret-access:issuer: an issuer of AKS has lost its closing /", f"write {AKS}/"]),
        ("issuer", "westeurope.oic.prod-aks.azure.com/a/b/", ["secret-access:issuer: an issuer is a host"]),
        ("issuer", "/subscriptions/x", ["secret-access:issuer: an issuer is a resource's id"]),
        ("token_proxy_sni_name", "a.b.ests.aks", ["secret-access: an AKS identity binding is incomplete", "set iden"]),
        ("identity_binding_cluster_id", "blue", ["secret-access:identity_binding_cluster_id", "is a name"]),
        ("token_proxy_url", "x", ["secret-access:token_proxy_url: given 'x'", "an https URL"]),
        ("existing_provider_arn", "x", ["secret-access:existing_provider_arn is unknown"]),
    ],
    "azure-prod": [
        ("azure", GONE, ["secret-access:azure is missing", "tenant_id"]),
        ("azure.tenant_id", "example.com", ["secret-access:azure.tenant_id: given 'example.com'", "a UUID"]),
        ("azure.subscription_id", "*", ["secret-access:azure.subscription_id: given '*'", "az account show"]),
        ("azure.resource_group", VAULT_ID, ["secret-access:azure.resource_group", "is a resource's id", "write s"]),
        ("azure.location", "West Europe", ["secret-access:azure.location: given 'West Europe'", "write westeurope"]),
        ("azure.environment", "german", ["secret-access:azure.environment: given 'german'", "usgovernment"]),
        ("azure.authority_host", "login", ["secret-access:azure.authority_host: given 'login'", "an https URL"]),
        ("azure.metadata_host", "https://x", ["secret-access:azure.metadata_host", "10.78.0.1:4571"]),
        ("azure.tennant_id", UUID, ["secret-access:azure.tennant_id is unknown", "did you mean tenant_id?"]),
        ("namespaces.prod.vault_name", "a" * 25, ["prod.vault_name: vault_name has 25 characters", "never cut"]),
        ("namespaces.prod.vault_name", "a--b", ["prod.vault_name: vault_name has two hyphens"]),
        ("namespaces.prod.vault_id", "https://v.vault.azure.net", ["prod.vault_id: vault_id is a URL"]),
        ("namespaces.prod.identity_id", UUID, ["prod.identity_id: identity_id is a UUID"]),
        ("namespaces.prod.client_id", "app", ["prod.client_id: given 'app'", "a UUID"]),
        ("namespaces.prod.principal_id", "app", ["prod.principal_id: given 'app'", "a UUID"]),
        ("namespaces.prod.issuers", {"green": AKS}, ["prod.issuers: an issuer of AKS has lost its closing /"]),
        (
            "namespaces.prod.issuers",
            {f"c{number}": f"https://i/{number}" for number in range(20)},
            ["prod.issuers: issuers has 21 clusters", "at most 20", "identity_binding"],
        ),
        ("namespaces.prod.issuers", {"cluster": "https://i/1"}, ["prod.issuers: given 'cluster'", "rename it"]),
        ("namespaces.prod.identity_binding", "yes", ["prod.identity_binding: given 'yes'", "true or false"]),
        ("namespaces.prod.shared_vault", "yes", ["prod.shared_vault: given 'yes'", "true or false"]),
        ("namespaces.prod.vault_url", "v", ["prod.vault_url: given 'v'", "an https URL"]),
        ("namespaces.prod.write_role_id", "Writer", ["prod.write_role_id: write_role_id is a name", "az role def"]),
        ("namespaces.prod.aad_pod_identity_binding", "a b", ["prod.aad_pod_identity_binding: given 'a b'"]),
        ("namespaces.prod.secret_prefix", "prod", ["prod.secret_prefix", "expected 'prod/'"]),
        ("namespaces.prod.secret_prefix", "Prod_/", ["prod.secret_prefix", "lowercase letters"]),
        ("namespaces.prod.secrets", ["other/key"], ["prod.secrets: ", "outside the namespace's prefix"]),
        ("namespaces.prod.role_name", "r", ["prod.role_name is unknown"]),
        ("namespaces.prod.sidecar_env", {"AZURE_CLIENT_SECRET": "x"}, ["prod.sidecar_env", "no credentials"]),
    ],
    "gcp-cluster": [
        ("gke_cluster", GONE, ["secret-access: no cluster is named", "issuer, or gke_cluster"]),
        ("gke_cluster", "blue", ["secret-access:gke_cluster: given 'blue'", "a cluster's full name"]),
        (
            "gke_cluster",
            "projects/other-project/locations/europe-west3/clusters/blue",
            ["secret-access:gke_cluster: gke_cluster is of another project", "a cluster of my-project"],
        ),
        ("issuer", "https://oidc.example", ["secret-access: both clusters are named", "remove one"]),
        ("pool_id", "gcp-blue", ["secret-access:pool_id: pool_id begins with gcp-"]),
        ("pool_id", "blue-cluster", ["secret-access:pool_id: pool_id beside gke_cluster", "leave it out"]),
        ("jwks_json", '{"keys": [{"kty": "RSA"}]}', ["secret-access:jwks_json: jwks_json beside gke_cluster"]),
        ("jwks_json", "x", ["secret-access:jwks_json", "a JSON object"]),
        ("gcp.project", "123456789012", ["secret-access:gcp.project: project is a number", "project_number"]),
        ("gcp.project_number", "my-project", ["secret-access:gcp.project_number: given 'my-project'", "digits"]),
        ("gcp.project_number", 123456789012, ["secret-access:gcp.project_number: given 123456789012", "in quotes"]),
        ("tags", {"team": "a"}, ["secret-access:tags is unknown"]),
    ],
    "gcp-staging": [
        ("gcp", GONE, ["secret-access:gcp is missing", "project_number"]),
        ("gcp.project", "*", ["secret-access:gcp.project: given '*'", "gcloud projects list"]),
        ("gcp.endpoint", "x", ["secret-access:gcp.endpoint", "10.78.0.1:4570"]),
        ("namespaces.staging.grant", "all", ["staging.grant: given 'all'", "secrets or prefix"]),
        ("namespaces.staging.secrets", GONE, ["staging.secrets: secrets is empty", "or set grant to prefix"]),
        ("namespaces.staging.location", "europe-west3-a", ["staging.location", "write europe-west3"]),
        ("namespaces.staging.granted_locations", ["europe-west3"], ["staging.granted_locations", "with global"]),
        ("namespaces.staging.google_service_account", "test", ["staging.google_service_account", "the email"]),
        ("namespaces.staging.google_service_account_id", "a@b", ["staging.google_service_account_id", "6 to 30"]),
        ("namespaces.staging.events", "yes", ["staging.events: given 'yes'", "true or false"]),
        ("namespaces.staging.events_role", "roles/owner", ["staging.events_role", "a role of Secret Manager's"]),
        ("namespaces.staging.write_role", "roles/editor", ["staging.write_role", "a role of Secret Manager's"]),
        ("namespaces.staging.shared_identity", 1, ["staging.shared_identity: given 1", "true or false"]),
        ("namespaces.staging.exclusive", 1, ["staging.exclusive: given 1", "true or false"]),
        ("namespaces.staging.secret_prefix", "staging", ["staging.secret_prefix", "expected 'staging/'"]),
        ("namespaces.staging.sidecar_env", {"GCP_TOKEN_FILE": "x"}, ["staging.sidecar_env", "set by the component"]),
    ],
    "vault-cluster": [
        ("issuer", GONE, ["secret-access:issuer is missing"]),
        ("issuer", "oidc.example", ["secret-access:issuer: issuer is a host", "write https://oidc.example"]),
        ("auth_path", "auth/jwt", ["secret-access:auth_path: auth_path begins with auth/", "write jwt"]),
        ("jwks_url", "x", ["secret-access:jwks_url: given 'x'"]),
        ("ca_pem", "x", ["secret-access:ca_pem", "certificates"]),
        ("public_keys", [], ["secret-access:public_keys: given []", "one key or more"]),
        ("vault.address", "vault.example", ["secret-access:vault.address: address is a host", "write https://vault"]),
        ("tags", {"team": "a"}, ["secret-access:tags is unknown"]),
    ],
    "vault-prod": [
        ("vault", GONE, ["secret-access:vault is missing", "address"]),
        ("vault.address", "https://u:p@v", ["secret-access:vault.address", "no user and no password"]),
        ("vault.address", "https://v/v1", ["secret-access:vault.address: address has a path", "write https://v"]),
        ("vault.namespace", "root", ["secret-access:vault.namespace", "leave it out for the root namespace"]),
        ("vault.token", "s.x", ["secret-access:vault.token is unknown"]),
        ("audience", "*", ["secret-access:audience: audience holds a *"]),
        ("namespaces.prod.mount", "*", ["prod.mount: mount holds a wildcard"]),
        ("namespaces.prod.mount", "secret/data", ["prod.mount: mount holds a part", "write secret"]),
        ("namespaces.prod.role_name", "Reader", ["prod.role_name: role_name has capital letters", "write reader"]),
        ("namespaces.prod.role_name", "default", ["prod.role_name: role_name is a policy of Vault's own"]),
        ("namespaces.prod.role_name", "r" * 129, ["prod.role_name: role_name has 129 characters", "never cut"]),
        ("namespaces.prod.token_ttl", 5, ["prod.token_ttl: given 5", "60 to 86400"]),
        ("namespaces.prod.events", "yes", ["prod.events: given 'yes'", "true or false"]),
        ("namespaces.prod.secret_prefix", "prod", ["prod.secret_prefix", "expected 'prod/'"]),
        ("namespaces.prod.sidecar_env", {"VAULT_TOKEN": "x"}, ["prod.sidecar_env", "no credentials"]),
        ("namespaces.prod.sidecar_env", {"VAULT_ADDR": "x"}, ["prod.sidecar_env", "the argument address"]),
    ],
}


@pytest.mark.parametrize(
    ("stack", "path", "value", "message"), [(stack, *case) for stack, cases in WRONG.items() for case in cases]
)
def test_a_wrong_setting_is_named(stack: str, path: str, value: Any, message: list[str]) -> None:
    """The example of the stack file is right, and wrong with this one key."""
    with pytest.raises(InvalidSetting) as error:
        load(changed(config_of(stack), f"secret-access:{path}", value))
    missing = [part for part in message if part not in str(error.value)]
    assert not missing, str(error.value)
