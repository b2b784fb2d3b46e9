"""What Azure computes of the resources that a program asks for, as the mock monitor answers it."""

from typing import Any

from pulumi.runtime.mocks import MockResourceArgs

IDENTITY = "azure-native:managedidentity:UserAssignedIdentity"
CREDENTIAL = "azure-native:managedidentity:FederatedIdentityCredential"
BINDING = "azure-native:containerservice:IdentityBinding"
VAULT = "azure-native:keyvault:Vault"
TENANT = "11111111-1111-1111-1111-111111111111"
SUBSCRIPTION = "22222222-2222-2222-2222-222222222222"
CLIENT = "33333333-3333-3333-3333-333333333333"
PRINCIPAL = "44444444-4444-4444-4444-444444444444"
GROUP_ID = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/secrets"


def _identity(args: MockResourceArgs) -> tuple[str, dict[str, Any]]:
    name = args.inputs["resourceName"]
    known = {"name": name, "clientId": CLIENT, "principalId": PRINCIPAL, "tenantId": TENANT}
    return f"{GROUP_ID}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{name}", {**args.inputs, **known}


def _vault(args: MockResourceArgs) -> tuple[str, dict[str, Any]]:
    name = args.inputs["vaultName"]
    properties = {**args.inputs["properties"], "vaultUri": f"https://{name}.vault.azure.net/"}
    return f"{GROUP_ID}/providers/Microsoft.KeyVault/vaults/{name}", {**args.inputs, "properties": properties}


def _credential(args: MockResourceArgs) -> tuple[str, dict[str, Any]]:
    group = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{args.inputs['resourceGroupName']}"
    identity = f"{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{args.inputs['resourceName']}"
    name = args.inputs["federatedIdentityCredentialResourceName"]
    return f"{identity}/federatedIdentityCredentials/{name}", dict(args.inputs)


def _binding(args: MockResourceArgs) -> tuple[str, dict[str, Any]]:
    group = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{args.inputs['resourceGroupName']}"
    cluster = f"{group}/providers/Microsoft.ContainerService/managedClusters/{args.inputs['resourceName']}"
    return f"{cluster}/identityBindings/{args.inputs['identityBindingName']}", dict(args.inputs)


ANSWERS = {IDENTITY: _identity, CREDENTIAL: _credential, VAULT: _vault, BINDING: _binding}
"""Each resource's id and state, by its type."""
