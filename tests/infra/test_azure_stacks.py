"""What holds of stacks on Azure: issuers, identity bindings, what exists already, and Azure's other clouds."""

import pytest

from secret_access import InvalidSetting
from tests.infra.engine import World
from tests.infra.program import on_its_cluster, up
from tests.infra.stack_files import changed, config_of

CLUSTER_ID = (
    "/subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/c/providers/"
    "Microsoft.ContainerService/managedClusters/blue"
)
BINDING = {
    "identity_binding_cluster_id": CLUSTER_ID,
    "token_proxy_url": "https://blue.hcp.westeurope.azmk8s.io",
    "token_proxy_sni_name": "a1b2c3.ests.aks",
}


def test_aks_identity_bindings_come_from_the_clusters_stack() -> None:
    """With `identity_binding: true` a namespace has one in place of a credential; a cluster without is refused."""
    config = changed(config_of("azure-prod"), "secret-access:namespaces.prod.identity_binding", True)
    cluster = {**config_of("azure-cluster"), **{f"secret-access:{key}": value for key, value in BINDING.items()}}
    world = World(stacks={"organization/secret-access/azure-cluster": up(cluster).outputs["stack"]})
    up(config, world)
    assert len(world.of("azure-native:containerservice:IdentityBinding")) == 1
    assert world.of("azure-native:managedidentity:FederatedIdentityCredential") == []
    with pytest.raises(
        InvalidSetting,
        match=r"identity_binding: the stack of the cluster blue has no output identity_",
    ):
        on_its_cluster(config)


def test_an_identity_on_azure_may_trust_further_clusters() -> None:
    """The stack's own cluster, and those whose issuers the namespace names."""
    further = {"green": "https://oidc.example/green"}
    world = on_its_cluster(changed(config_of("azure-prod"), "secret-access:namespaces.prod.issuers", further))
    credentials = world.of("azure-native:managedidentity:FederatedIdentityCredential")
    own = config_of("azure-cluster")["secret-access:issuer"]
    assert {asked.inputs["issuer"] for asked in credentials} == {own, further["green"]}


def test_an_identity_and_a_vault_on_azure_that_exist_get_nothing_of_the_stacks() -> None:
    """A stack has a resource group, a location and tags for what it creates; here it creates neither."""
    group = "/subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/prod/providers"
    existing = {
        "identity_id": f"{group}/Microsoft.ManagedIdentity/userAssignedIdentities/prod",
        "client_id": "44444444-4444-4444-4444-444444444444",
        "principal_id": "55555555-5555-5555-5555-555555555555",
        "vault_id": f"{group}/Microsoft.KeyVault/vaults/prod",
        "secrets": ["database-password"],
    }
    world = on_its_cluster(changed(config_of("azure-prod"), "secret-access:namespaces.prod", existing))
    made = {asked.type for asked in world.asked if asked.type.startswith("azure-native:")}
    assert made == {
        "azure-native:authorization:RoleAssignment",
        "azure-native:managedidentity:FederatedIdentityCredential",
    }


@pytest.mark.parametrize(
    ("environment", "given", "authority"),
    [
        ("public", None, None),
        ("usgovernment", None, "https://login.microsoftonline.us"),
        ("china", None, "https://login.partner.microsoftonline.cn"),
        ("china", "https://login.chinacloudapi.cn", "https://login.chinacloudapi.cn"),
    ],
)
def test_the_cloud_of_a_stack_on_azure_is_the_sidecars_too(
    environment: str, given: str | None, authority: str | None
) -> None:
    """Its Entra is asked, unless the stack names another."""
    config = changed(config_of("azure-prod"), "secret-access:azure.environment", environment)
    if given is not None:
        config = changed(config, "secret-access:azure.authority_host", given)
    (workload,) = on_its_cluster(config).of("kubernetes:apps/v1:Deployment")
    told = workload.inputs["spec"]["template"]["spec"]["initContainers"][0]["env"]
    assert {one["name"]: one.get("value") for one in told}.get("AZURE_AUTHORITY_HOST") == authority
