"""Stacks on Azure with a mistake: who can use what is not its own, and by which statement."""

from collections.abc import Callable, Mapping
from typing import Any

from secret_access.proof.azure import documents
from secret_access.proof.preview import Resource
from tests.infra.proof.azure_documents import (
    ADMINISTRATOR,
    CONTRIBUTOR,
    GROUP,
    IDENTITY_CONTRIBUTOR,
    OWNER,
    SHARED,
    SUBSCRIPTION,
    admitted,
    assigned,
    bound,
    credential,
    custom,
    identity,
    secret,
    urn,
    vault,
    with_binding,
    with_own_vaults,
    with_shared_vault,
)

OPEN: dict[str, Any] = {"enableRbacAuthorization": False}
READS: Mapping[str, Any] = {"dataActions": ["Microsoft.KeyVault/vaults/secrets/getSecret/action"]}
WIDENED: dict[str, tuple[Callable[[], list[Resource]], tuple[str, str | None], str]] = {
    "a role on all of a shared vault": (
        lambda: [*with_shared_vault("test", "prod"), assigned("test", SHARED)],
        ("test", "prod"),
        "role assignment test-more of Key Vault Secrets User on the vault shared (Microsoft.KeyVault/vaults/",
    ),
    "a secret of another": (
        lambda: [*with_shared_vault("test", "prod"), assigned("test", secret("prod/db"))],
        ("test", "prod"),
        "on the secret prod--db of the vault shared",
    ),
    "a secret of another, in other case": (
        lambda: [*with_shared_vault("test", "prod"), assigned("test", secret("prod/db").upper())],
        ("test", "prod"),
        "on the secret prod--db of the vault shared",
    ),
    "a secret whose name begins alike": (
        lambda: [*with_shared_vault("test", "test-eu"), assigned("test", secret("test-eu/db"))],
        ("test", "test-eu"),
        "on the secret test-eu--db",
    ),
    "another's own vault": (
        lambda: [*with_own_vaults("test", "prod"), assigned("test", vault("prod"))],
        ("test", "prod"),
        "on the vault prod-1a2b3c4d",
    ),
    "a secret with its own name in another's vault": (
        lambda: [*with_own_vaults("test", "prod"), assigned("test", secret("test/db", f"{SHARED[:-6]}prod-1a2b3c4d"))],
        ("test", "prod"),
        "on the secret test--db of the vault prod-1a2b3c4d",
    ),
    "the resource group": (
        lambda: [*with_own_vaults("test", "prod"), assigned("test", GROUP)],
        ("test", "prod"),
        "on the resource group secrets",
    ),
    "the subscription": (
        lambda: [*with_own_vaults("test", "prod"), assigned("test", SUBSCRIPTION)],
        ("test", "prod"),
        "on the subscription 22222222",
    ),
    "a management group": (
        lambda: [
            *with_own_vaults("test", "prod"),
            assigned("test", "/providers/Microsoft.Management/managementGroups/all"),
        ],
        ("test", "prod"),
        "on a management group",
    ),
    "another resource group, with vaults that nobody declared": (
        lambda: [*with_own_vaults("test", "prod"), assigned("test", f"{SUBSCRIPTION}/resourceGroups/other")],
        ("test", "prod"),
        "on the resource group other",
    ),
    "one identity for two namespaces": (
        lambda: [*with_own_vaults("test"), credential("prod", of="test"), *with_own_vaults("prod")],
        ("prod", "test"),
        "federated credential test-credential/prod, which takes system:serviceaccount:prod:secret-access",
    ),
    "a credential whose subject is a pattern": (
        lambda: [
            *with_own_vaults("test", "prod"),
            credential(
                "any",
                of="test",
                subject=None,
                claimsMatchingExpression={"value": "claims['sub'] matches 'system:serviceaccount:pro*:secret-access'"},
            ),
        ],
        ("prod", "test"),
        "federated credential test-credential/any",
    ),
    "one bound identity for two namespaces": (
        lambda: [*with_binding("test"), *with_binding("prod"), *bound("prod", of="test")],
        ("prod", "test"),
        "identity binding test-binding, which ClusterRoleBinding secret-access:prod:test",
    ),
    "every bound identity": (
        lambda: [
            *with_binding("test"),
            *with_binding("prod"),
            *bound("prod", of="x", rules=[{"apiGroups": ["*"], "verbs": ["*"], "resources": ["*"]}]),
        ],
        ("prod", "test"),
        "identity binding test-binding, which ClusterRoleBinding secret-access:prod:x",
    ),
    "a role that may assign roles": (
        lambda: [*with_shared_vault("test", "prod"), assigned("test", SHARED, ADMINISTRATOR)],
        ("test", "prod"),
        "of User Access Administrator on the vault shared (Microsoft.Authorization/roleAssignments/write)",
    ),
    "the owner of a secret of another": (
        lambda: [*with_shared_vault("test", "prod"), assigned("test", secret("prod/db"), OWNER)],
        ("test", "prod"),
        "of Owner on the secret prod--db",
    ),
    "a role that replaces values by the control plane": (
        lambda: [*with_own_vaults("test", "prod"), assigned("test", vault("prod"), CONTRIBUTOR)],
        ("test", "prod"),
        "of Key Vault Contributor on the vault prod-1a2b3c4d (Microsoft.KeyVault/vaults/secrets/write)",
    ),
    "a role that becomes another identity": (
        lambda: [*with_own_vaults("test", "prod"), assigned("test", identity("prod"), IDENTITY_CONTRIBUTOR)],
        ("test", "prod"),
        "role assignment test-more of Managed Identity Contributor on the resource prod-identity",
    ),
    "through two identities": (
        lambda: [
            *with_own_vaults("test", "shop", "prod"),
            assigned("test", identity("shop"), IDENTITY_CONTRIBUTOR),
            assigned("shop", identity("prod"), IDENTITY_CONTRIBUTOR),
        ],
        ("test", "prod"),
        "by which identity test-identity becomes it; role assignment shop-more",
    ),
    "a role of one's own": (
        lambda: [*with_shared_vault("test", "prod"), *custom("test", SHARED, READS)],
        ("test", "prod"),
        "of the role Custom on the vault shared",
    ),
    "a wildcard in a role of one's own": (
        lambda: [
            *with_shared_vault("test", "prod"),
            *custom("test", SHARED, {"dataActions": ["microsoft.keyvault/vaults/*/BACKUP/action"]}),
        ],
        ("test", "prod"),
        "(Microsoft.KeyVault/vaults/secrets/backup/action)",
    ),
    "what one permission excludes and the next allows": (
        lambda: [
            *with_shared_vault("test", "prod"),
            *custom("test", SHARED, {"dataActions": ["*"], "notDataActions": ["*"]}, READS),
        ],
        ("test", "prod"),
        "(Microsoft.KeyVault/vaults/secrets/getSecret/action)",
    ),
    "a role that nobody knows": (
        lambda: [*with_shared_vault("test", "prod"), assigned("test", SHARED, "12345678-0000-0000-0000-000000000000")],
        ("test", "prod"),
        "(counted as one that allows all)",
    ),
    "a condition": (
        lambda: [
            *with_shared_vault("test", "prod"),
            assigned("test", SHARED, condition="@Resource[a] StringEquals 'b'"),
        ],
        ("test", "prod"),
        "whose condition counts as one that holds",
    ),
    "an eligible role": (
        lambda: [
            *with_shared_vault("test", "prod"),
            Resource(
                urn("x", "eligible"),
                f"azure-native:{documents.ELIGIBLE}",
                assigned("test", SHARED).inputs,
                assigned("test", SHARED).depends_on,
            ),
        ],
        ("test", "prod"),
        "role assignment eligible",
    ),
    "an access policy of a shared vault": (
        lambda: [
            *with_shared_vault("test", "prod"),
            (shared := vault("shared", **OPEN)),
            admitted("test", "List", "Get", of=shared),
        ],
        ("test", "prod"),
        "access policy of the vault shared-1a2b3c4d that allows Get",
    ),
    "a vault's own list of access policies": (
        lambda: [
            *with_shared_vault("test", "prod"),
            Resource(
                (shared := vault("shared", **OPEN)).urn,
                shared.type,
                {
                    **shared.inputs,
                    "properties": {**OPEN, "accessPolicies": [admitted("test", "all", of=shared).inputs["policy"]]},
                },
                {"properties": (identity("test").urn,)},
            ),
        ],
        ("test", "prod"),
        "access policy of the vault shared-1a2b3c4d that allows all",
    ),
    "a role that writes access policies": (
        lambda: [
            *with_shared_vault("test", "prod"),
            vault("shared", **OPEN),
            *custom("test", f"{SHARED}-1a2b3c4d", {"actions": ["Microsoft.KeyVault/vaults/accessPolicies/write"]}),
        ],
        ("test", "prod"),
        "(Microsoft.KeyVault/vaults/accessPolicies/write)",
    ),
    "deployments that read secrets": (
        lambda: [
            *with_shared_vault("test", "prod"),
            vault("shared", enabledForTemplateDeployment=True),
            *custom("test", f"{SHARED}-1a2b3c4d", {"actions": ["Microsoft.KeyVault/vaults/deploy/action"]}),
        ],
        ("test", "prod"),
        "(Microsoft.KeyVault/vaults/deploy/action)",
    ),
}
