"""Stacks on Azure to judge: the component's own documents, as resources of a first preview."""

from collections.abc import Mapping
from typing import Any

from secret_access.azure import documents
from secret_access.proof.azure import documents as kinds
from secret_access.proof.azure.stack import evaluate
from secret_access.proof.isolation import Breach
from secret_access.proof.preview import UNKNOWN, Resource

SUBSCRIPTION = "/subscriptions/22222222-2222-2222-2222-222222222222"
GROUP = f"{SUBSCRIPTION}/resourceGroups/secrets"
VAULTS = f"{GROUP}/providers/Microsoft.KeyVault/vaults"
SHARED = f"{VAULTS}/shared"
OFFICER = documents.SECRETS_OFFICER
OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
ADMINISTRATOR = "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9"
CONTRIBUTOR = "f25e0fa2-a7c8-4377-a976-54943a77a395"
IDENTITY_CONTRIBUTOR = "e40ec5ca-96e0-45a2-b4ff-59039f2c2b59"
READER = "21090545-7ca7-4776-b22c-e363652d74d2"


def urn(kind: str, name: str) -> str:
    return f"urn:pulumi:test::secret-access::{kind}::{name}"


def component(namespace: str) -> str:
    return urn(kinds.COMPONENT, namespace)


def made(
    kind: str,
    name: str,
    of: str | None,
    depends_on: Mapping[str, tuple[str, ...]] | None = None,
    /,
    **inputs: Any,
) -> Resource:
    """A resource of Azure's; `of` is the namespace whose component it belongs to."""
    module, _, called = kind.partition(":")
    token = f"azure-native:{module}:{called}"
    return Resource(urn(token, name), token, inputs, depends_on or {}, "" if of is None else component(of))


def identity(name: str) -> Resource:
    return made(kinds.IDENTITY, f"{name}-identity", name, resourceGroupName="secrets")


def credential(namespace: str, of: str | None = None, **inputs: Any) -> Resource:
    """What lets the namespace's ServiceAccount become an identity, its own by default."""
    owner = of or namespace
    given = {
        "resourceName": UNKNOWN,
        "resourceGroupName": "secrets",
        "issuer": "https://westeurope.oic.prod-aks.azure.com/1/2/",
        "subject": f"system:serviceaccount:{namespace}:secret-access",
        "audiences": [documents.AUDIENCE],
        **inputs,
    }
    depends_on = {"resourceName": (identity(owner).urn,)}
    return made(kinds.CREDENTIAL, f"{owner}-credential/{namespace}", owner, depends_on, **given)


def vault(namespace: str, of: str | None = None, tags: Mapping[str, str] | None = None, **properties: Any) -> Resource:
    given = documents.vault_properties("tenant", purge_protection=True, recover=False)
    return made(
        kinds.VAULT,
        f"{namespace}-vault",
        of,
        vaultName=f"{namespace}-1a2b3c4d",
        resourceGroupName="secrets",
        properties={**given, **properties},
        tags=tags,
    )


def assigned(
    namespace: str,
    scope: str | Resource,
    role: str = documents.SECRETS_USER,
    *,
    name: str = "more",
    of: str | None = None,
    **inputs: Any,
) -> Resource:
    """A role of the namespace's identity; a scope of the same stack is not known yet."""
    depends_on = {"principalId": (identity(namespace).urn,)}
    if isinstance(scope, Resource):
        depends_on["scope"] = (scope.urn,)
    definition = f"{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{role}"
    given = {
        "principalId": UNKNOWN,
        "principalType": "ServicePrincipal",
        "roleDefinitionId": definition,
        "scope": UNKNOWN if isinstance(scope, Resource) else scope,
        **inputs,
    }
    return made(kinds.ASSIGNMENT, f"{namespace}-{name}", of, depends_on, **given)


def with_own_vaults(*names: str) -> list[Resource]:
    """What the component makes for namespaces with a vault each, in a first preview."""
    return [
        each
        for name in names
        for each in (
            identity(name),
            credential(name),
            vault(name, name),
            assigned(name, vault(name), name="role", of=name, roleDefinitionId=UNKNOWN),
        )
    ]


def secret(name: str, of: str = SHARED) -> str:
    return documents.secret_scope(of, name.replace("/", "--"))


def with_shared_vault(*names: str) -> list[Resource]:
    """What the component makes for namespaces in one vault, which exists."""
    return [
        each
        for name in names
        for each in (
            identity(name),
            credential(name),
            assigned(name, secret(f"{name}/db"), name=f"role/{name}--db", of=name),
        )
    ]


def with_binding(namespace: str) -> list[Resource]:
    """What the component makes for an identity that is bound to the cluster."""
    one = identity(namespace)
    binding = made(
        kinds.BINDING,
        f"{namespace}-binding",
        namespace,
        {"properties": (one.urn,)},
        properties={"managedIdentity": {"resourceId": UNKNOWN}},
    )
    return [
        one,
        binding,
        *bound(namespace),
        assigned(namespace, secret(f"{namespace}/db"), name="role/x", of=namespace),
    ]


def bound(namespace: str, of: str | None = None, **inputs: Any) -> list[Resource]:
    """The cluster's right to use an identity, the namespace's own by default."""
    owner, rbac = of or namespace, "kubernetes:rbac.authorization.k8s.io/v1"
    name = f"secret-access:{namespace}:{owner}"
    rule = Resource(
        urn(f"{rbac}:ClusterRole", name),
        f"{rbac}:ClusterRole",
        {"metadata": {"name": name}, "rules": [UNKNOWN], **inputs},
        {"rules": (identity(owner).urn,)},
    )
    subject = {"kind": "ServiceAccount", "name": "secret-access", "namespace": namespace}
    allowed = {"roleRef": {"kind": "ClusterRole", "name": name}, "subjects": [subject]}
    kind = f"{rbac}:ClusterRoleBinding"
    return [rule, Resource(urn(kind, name), kind, allowed, {})]


def defined(*permissions: Mapping[str, Any]) -> Resource:
    return made(kinds.DEFINITION, "custom", None, roleName="Custom", permissions=list(permissions))


def custom(namespace: str, scope: str, *permissions: Mapping[str, Any]) -> list[Resource]:
    """A role that the stack defines, and its assignment."""
    role = defined(*permissions)
    given = assigned(namespace, scope, roleDefinitionId=UNKNOWN)
    return [role, Resource(given.urn, given.type, given.inputs, {**given.depends_on, "roleDefinitionId": (role.urn,)})]


def admitted(namespace: str, *secrets: str, of: Resource) -> Resource:
    """An access policy for the namespace's identity."""
    return made(
        kinds.POLICY,
        f"{namespace}-policy",
        None,
        {"policy": (identity(namespace).urn,), "vaultName": (of.urn,)},
        resourceGroupName="secrets",
        vaultName=of.inputs["vaultName"],
        policy={"objectId": UNKNOWN, "tenantId": "t", "permissions": {"secrets": list(secrets)}},
    )


def breaches(of: list[Resource]) -> dict[tuple[str, str | None], Breach]:
    return {(each.namespace, each.owner): each for each in evaluate(of, {}).breaches}
