"""What is written down at Azure, as pure functions of names: who may become the identity, and what it may do where.

Sources: Entra, "Important considerations and restrictions for federated identity credentials"; Key Vault, "Provide
access to Key Vault keys, certificates, and secrets with Azure role-based access control"; Azure RBAC, "Built-in roles
for Security"; AKS, "Identity bindings".
"""

import hashlib
import uuid
from dataclasses import dataclass
from typing import Any

from ..checks import Access

AUDIENCE = "api://AzureADTokenExchange"
"""What Entra expects as `aud` of a token that it exchanges."""
BINDING_AUDIENCE = "api://AKSIdentityBinding"
"""What AKS's token proxy expects instead."""
SECRETS_USER = "4633458b-17de-408a-b874-0445c86b69e6"
"""Key Vault Secrets User: secrets/getSecret and secrets/readMetadata, which values, events and probes need."""
SECRETS_OFFICER = "b86a8fe4-44ce-4948-aee5-eccb2c155cd7"
"""Key Vault Secrets Officer: all of secrets/*. No smaller built-in role sets and deletes secrets."""
Document = dict[str, Any]


@dataclass(frozen=True)
class ResourceId:
    """The parts of a resource's id in Azure Resource Manager."""

    subscription_id: str
    resource_group: str
    name: str
    text: str


def role_of(access: Access) -> str:
    """Return the role that reading, or reading and writing, needs."""
    return SECRETS_OFFICER if access is Access.READ_WRITE else SECRETS_USER


def role_definition_id(vault_id: str, role: str) -> str:
    """Return a role's id in the vault's subscription, as Azure spells it in its answers."""
    subscription = vault_id.split("/")[2]
    return f"/subscriptions/{subscription}/providers/Microsoft.Authorization/roleDefinitions/{role}"


def secret_scope(vault_id: str, secret: str) -> str:
    """Return the scope of one secret, which Azure RBAC takes; it takes no prefix of secrets."""
    return f"{vault_id}/secrets/{secret}"


def assignment_name(scope: str, principal_id: str, role: str) -> str:
    """Return a role assignment's name, a UUID: the same for the same assignment, so that no run makes it twice."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{scope}#{principal_id}#{role}".lower()))


def credential_name(issuer: str, subject: str) -> str:
    """Return a federated credential's name, which never changes: one for each issuer and subject."""
    return f"secret-access-{uuid.uuid5(uuid.NAMESPACE_URL, f'{issuer}#{subject}').hex}"


def binding_name(identity_id: str) -> str:
    """Return an identity binding's name: AKS takes lowercase letters, digits and `-`, an identity's name has more."""
    return f"secret-access-{uuid.uuid5(uuid.NAMESPACE_URL, identity_id.lower()).hex}"


def default_vault_name(namespace: str, resource_group: str, tenant_id: str) -> str:
    """Return a vault's name; no two vaults of the world share one, so a digest of where it is stands behind."""
    digest = hashlib.sha256(f"{tenant_id}/{resource_group}/{namespace}".lower().encode()).hexdigest()
    return f"{namespace}-{digest[:8]}"


def vault_properties(tenant_id: str, *, purge_protection: bool, recover: bool) -> Document:
    """Return a vault's properties: role assignments decide who may read, and what is deleted can be recovered.

    Purge protection cannot be switched off again, so it is left out where it is not wanted.
    """
    return {
        "tenantId": tenant_id,
        "sku": {"family": "A", "name": "standard"},
        "enableRbacAuthorization": True,
        "enableSoftDelete": True,
        **({"enablePurgeProtection": True} if purge_protection else {}),
        **({"createMode": "recover"} if recover else {}),
    }


def binding_rule(client_id: str) -> Document:
    """Return the rule by which AKS's token proxy lets a ServiceAccount use the identity."""
    return {"apiGroups": ["cid.wi.aks.azure.com"], "resources": [client_id], "verbs": ["use-managed-identity"]}
