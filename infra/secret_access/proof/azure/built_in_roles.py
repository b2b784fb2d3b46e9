"""Built-in roles of Azure, as far as secrets are concerned. Pure.

Source: Azure RBAC, "Azure built-in roles".
"""

from collections.abc import Mapping, Sequence

SECRETS = "Microsoft.KeyVault/vaults/secrets"
IDENTITIES = "Microsoft.ManagedIdentity/userAssignedIdentities"
MACHINES = ("Microsoft.Compute/virtualMachines", "Microsoft.Compute/virtualMachineScaleSets")
BUILT_IN: Mapping[str, tuple[str, Mapping[str, Sequence[str]]]] = {
    "4633458b-17de-408a-b874-0445c86b69e6": (
        "Key Vault Secrets User",
        {"dataActions": [f"{SECRETS}/getSecret/action", f"{SECRETS}/readMetadata/action"]},
    ),
    "b86a8fe4-44ce-4948-aee5-eccb2c155cd7": ("Key Vault Secrets Officer", {"dataActions": [f"{SECRETS}/*"]}),
    "00482a5a-887f-4fb3-b363-3b7fe8e74483": (
        "Key Vault Administrator",
        {"dataActions": ["Microsoft.KeyVault/vaults/*"]},
    ),
    "21090545-7ca7-4776-b22c-e363652d74d2": (
        "Key Vault Reader",
        {"dataActions": ["Microsoft.KeyVault/vaults/*/read", f"{SECRETS}/readMetadata/action"]},
    ),
    "db79e9a7-68ee-4b58-9aeb-b90e7c24fcba": (
        "Key Vault Certificate User",
        {"dataActions": [f"{SECRETS}/getSecret/action", f"{SECRETS}/readMetadata/action"]},
    ),
    "a4417e6f-fecd-4de8-b567-7b0420556985": (
        "Key Vault Certificates Officer",
        {"dataActions": ["Microsoft.KeyVault/vaults/certificates/*", "Microsoft.KeyVault/vaults/certificatecas/*"]},
    ),
    "14b46e9e-c2b7-41b4-b07b-48a6ebf60603": (
        "Key Vault Crypto Officer",
        {"dataActions": ["Microsoft.KeyVault/vaults/keys/*"]},
    ),
    "12338af0-0e69-4776-bea7-57ae8d297424": (
        "Key Vault Crypto User",
        {"dataActions": ["Microsoft.KeyVault/vaults/keys/*"]},
    ),
    "e147488a-f6f5-4113-8e2d-b22465e65bf6": (
        "Key Vault Crypto Service Encryption User",
        {"dataActions": ["Microsoft.KeyVault/vaults/keys/*"]},
    ),
    "8b54135c-b56d-4d72-a534-26097cfdc8d8": (
        "Key Vault Data Access Administrator",
        {"actions": ["Microsoft.Authorization/roleAssignments/*", "Microsoft.KeyVault/vaults/*/read"]},
    ),
    "f25e0fa2-a7c8-4377-a976-54943a77a395": (
        "Key Vault Contributor",
        {"actions": ["Microsoft.KeyVault/*", "Microsoft.Authorization/*/read"]},
    ),
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635": ("Owner", {"actions": ["*"]}),
    "b24988ac-6180-42a0-ab88-20f7382dd24c": (
        "Contributor",
        {
            "actions": ["*"],
            "notActions": [
                "Microsoft.Authorization/*/Delete",
                "Microsoft.Authorization/*/Write",
                "Microsoft.Authorization/elevateAccess/Action",
            ],
        },
    ),
    "acdd72a7-3385-48ef-bd42-f606fba81ae7": ("Reader", {"actions": ["*/read"]}),
    "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9": (
        "User Access Administrator",
        {"actions": ["*/read", "Microsoft.Authorization/*"]},
    ),
    "f58310d9-a9f6-439a-9e8d-f62e7b41a168": (
        "Role Based Access Control Administrator",
        {"actions": ["*/read", "Microsoft.Authorization/roleAssignments/*"]},
    ),
    "e40ec5ca-96e0-45a2-b4ff-59039f2c2b59": (
        "Managed Identity Contributor",
        {"actions": [f"{IDENTITIES}/*", "Microsoft.Authorization/*/read"]},
    ),
    "7e559ce2-48d7-4b27-9128-fa1b247f1308": (
        "Managed Identity Federated Identity Credential Contributor",
        {"actions": [f"{IDENTITIES}/federatedIdentityCredentials/*", "Microsoft.Authorization/*/read"]},
    ),
    "f1a07417-d97a-45cb-824c-7a7467783830": (
        "Managed Identity Operator",
        {"actions": [f"{IDENTITIES}/*/read", f"{IDENTITIES}/*/assign/action"]},
    ),
    "4d97b98b-1d4f-4787-a291-c67834d212e7": ("Network Contributor", {"actions": ["Microsoft.Network/*"]}),
    "b12aa53e-6015-4669-85d0-8515ebb3ae7f": (
        "Private DNS Zone Contributor",
        {"actions": ["Microsoft.Network/privateDnsZones/*"]},
    ),
    "befefa01-2a29-4197-83a8-272ff33ce314": ("DNS Zone Contributor", {"actions": ["Microsoft.Network/dnsZones/*"]}),
    "7f951dda-4ed3-4680-a7ca-43fe172d538d": (
        "AcrPull",
        {"actions": ["Microsoft.ContainerRegistry/registries/pull/read"]},
    ),
    "43d0d8ad-25c7-4714-9337-8ba259a9fe05": ("Monitoring Reader", {"actions": ["*/read"]}),
    "9980e02c-c2be-4d73-94e8-173b1dc7cf3c": (
        "Virtual Machine Contributor",
        {"actions": [f"{machine}/*" for machine in MACHINES]},
    ),
}
"""The built-in roles about Key Vault, identities and rights, and those that clusters are often given."""
