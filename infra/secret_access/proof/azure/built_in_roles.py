"""Built-in roles of Azure, as far as secrets are concerned. Pure.

Source: Azure RBAC, "Azure built-in roles".
"""

from collections.abc import Mapping, Sequence

SECRETS = "Microsoft.KeyVault/vaults/secrets"
IDENTITIES = "Microsoft.ManagedIdentity/userAssignedIdentities"
MACHINES = ("Microsoft.Compute/virtualMachines", "Microsoft.Compute/virtualMachineScaleSets")
_AKS, _ARC = "Microsoft.ContainerService/managedClusters", "Microsoft.Kubernetes/connectedClusters"
_WRITER = ("apps/*", "batch/*", "extensions/*", "pods/*", "replicationcontrollers/*", "secrets/*", "serviceaccounts/*")
_READER = ("apps/*/read", "batch/*/read", "configmaps/read", "extensions/*/read", "pods/read", "serviceaccounts/read")


def _kubernetes(cluster: str, *operations: str) -> Mapping[str, Sequence[str]]:
    return {"dataActions": [f"{cluster}/{each}" for each in operations]}


_IN_CLUSTERS: Mapping[str, tuple[str, Mapping[str, Sequence[str]]]] = {
    "7f6c6a51-bcf8-42ba-9220-52d62157d7db": (
        "Azure Kubernetes Service RBAC Reader",
        _kubernetes(_AKS, *_READER),
    ),
    "a7ffa36f-339b-4b5c-8bdf-e2c188b2c0eb": (
        "Azure Kubernetes Service RBAC Writer",
        _kubernetes(_AKS, *_WRITER),
    ),
    "3498e952-d568-435e-9b2c-8d77e338d7f7": ("Azure Kubernetes Service RBAC Admin", _kubernetes(_AKS, "*")),
    "b1ff04bb-8a4e-4dc4-8eb5-8693973ce19b": ("Azure Kubernetes Service RBAC Cluster Admin", _kubernetes(_AKS, "*")),
    "63f0a09d-1495-4db4-a681-037d84835eb4": ("Azure Arc Kubernetes Viewer", _kubernetes(_ARC, *_READER)),
    "5b999177-9696-4545-85c7-50de3797e5a1": ("Azure Arc Kubernetes Writer", _kubernetes(_ARC, *_WRITER)),
    "dffb1e0c-446f-4dde-a09f-99eb5cc68b96": (
        "Azure Arc Kubernetes Admin",
        _kubernetes(_ARC, *_WRITER, "rbac.authorization.k8s.io/*"),
    ),
    "8393591c-06b9-48a2-a542-1bd6b377f6a2": ("Azure Arc Kubernetes Cluster Admin", _kubernetes(_ARC, "*")),
}
_OF_OTHER_SERVICES: Mapping[str, tuple[str, str]] = {
    "ba92f5b4-2d11-453d-a403-e96b0029c9fe": ("Storage Blob Data Contributor", "Microsoft.Storage"),
    "b7e6dc6d-f1e8-4753-8033-0f276bb0955b": ("Storage Blob Data Owner", "Microsoft.Storage"),
    "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1": ("Storage Blob Data Reader", "Microsoft.Storage"),
    "db58b8e5-c6ad-4a2a-8342-4190687cbf4a": ("Storage Blob Delegator", "Microsoft.Storage"),
    "aba4ae5f-2193-4029-9191-0cb91df5e314": ("Storage File Data SMB Share Reader", "Microsoft.Storage"),
    "974c5e8b-45b9-4653-ba55-5f855dd0fb88": ("Storage Queue Data Contributor", "Microsoft.Storage"),
    "8a0f0c08-91a1-4084-bc3d-661d67233fed": ("Storage Queue Data Message Processor", "Microsoft.Storage"),
    "c6a89b2d-59bc-44d0-9896-0f6e12d7b80a": ("Storage Queue Data Message Sender", "Microsoft.Storage"),
    "19e7f393-937e-4f77-808e-94535e297925": ("Storage Queue Data Reader", "Microsoft.Storage"),
    "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3": ("Storage Table Data Contributor", "Microsoft.Storage"),
    "090c5cfd-751d-490a-894a-3ce6f1109419": ("Azure Service Bus Data Owner", "Microsoft.ServiceBus"),
    "4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0": ("Azure Service Bus Data Receiver", "Microsoft.ServiceBus"),
    "69a216fc-b8fb-44d8-bc22-1f3c2cd27a39": ("Azure Service Bus Data Sender", "Microsoft.ServiceBus"),
    "f526a384-b230-433a-b45c-95f59c4a2dec": ("Azure Event Hubs Data Owner", "Microsoft.EventHub"),
    "a638d3c7-ab3a-418d-83e6-5f17a39d4fde": ("Azure Event Hubs Data Receiver", "Microsoft.EventHub"),
    "2b629674-e913-4c01-ae53-ef4638d8f975": ("Azure Event Hubs Data Sender", "Microsoft.EventHub"),
    "3913510d-42f4-4e42-8a64-420c390055eb": ("Monitoring Metrics Publisher", "Microsoft.Insights"),
}
"""Roles that have nothing but this service's operations, and the reading of rights and resource groups."""
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
    **_IN_CLUSTERS,
    **{
        key: (name, {"actions": [f"{service}/*"], "dataActions": [f"{service}/*"]})
        for key, (name, service) in _OF_OTHER_SERVICES.items()
    },
}
"""The built-in roles about Key Vault, identities and rights, in clusters, and those that pods are often given."""
