"""A value for each argument of each component: its docstring's example or default, unless one here is needed."""

import ast
import inspect
import json
import re
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi.provider.experimental.analyzer import ComponentDefinition, PropertyDefinition, PropertyType

import secret_access
from secret_access import SecretAccess
from secret_access.packaging import Package
from secret_access.pods import caller
from tests.infra.azure.answers import CLIENT
from tests.infra.azure.component import BOUND, EXISTING_IDENTITY, VAULT_ID, azure_args
from tests.infra.components import GKE_CLUSTER, GKE_PROVIDER, POOL, aws_args, gcp_args, shared_args
from tests.infra.engine import CLUSTER_ARN, ISSUER_HOST, PROJECT_NUMBER, PROVIDER_ARN
from tests.infra.vault.component import ADDRESS

COMPONENTS = [
    found
    for name in secret_access.__all__
    if inspect.isclass(found := getattr(secret_access, name))
    and issubclass(found, pulumi.ComponentResource)
    and found is not SecretAccess
]
PACKAGE = Package(COMPONENTS)
DEFINITIONS: dict[str, ComponentDefinition] = PACKAGE._component_defs

CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
SUBJECT = "system:serviceaccount:test:secret-access"
ROLE_ARN = "arn:aws:iam::111122223333:role/shared"
ACCESS: dict[str, Any] = {
    "namespace": "test",
    "service_account_name": "secret-access",
    "sidecar": {
        "name": "secrets",
        "image": "s:1",
        "restartPolicy": "Always",
        "volumeMounts": [{"name": "token", "mountPath": "/t"}],
    },
    "volumes": [{"name": "token", "projected": {"sources": [{"serviceAccountToken": {"path": "token"}}]}}],
    "pod_labels": {"team": "a"},
    "pod_annotations": {"eks.amazonaws.com/skip-containers": "app,secrets"},
    "url": "http://localhost:8200",
}


def access_of(namespace: str) -> dict[str, Any]:
    """The output `workload_access` of a namespace on AWS, with a secret."""
    settings = {
        "SECRETS_BACKEND": "aws",
        "SECRETS_NAMESPACE": namespace,
        "SECRETS_PREFIX": f"{namespace}/",
        "SECRETS_NAMES": "database-password",
        "AWS_REGION": "us-east-1",
        "AWS_ROLE_ARN": f"arn:aws:iam::111122223333:role/{namespace}",
    }
    env = [{"name": name, "value": value} for name, value in settings.items()]
    return {**ACCESS, "namespace": namespace, "sidecar": {**ACCESS["sidecar"], "env": env}}


GROUP = VAULT_ID.rpartition("/Microsoft.KeyVault/")[0]
ACCOUNT_OF_STORE = {"serviceAccountRef": {"name": "secret-access"}, "audiences": ["vault"]}


@dataclass(frozen=True)
class Secret:
    """A value that the program gets as a secret Output."""

    value: str


STORE = {
    "namespace": "test",
    "service_account_name": "secret-access",
    "secret_prefix": "test/",
    "backend": "vault",
    "provider": {"vault": {"server": ADDRESS, "auth": {"jwt": {"kubernetesServiceAccountToken": ACCOUNT_OF_STORE}}}},
}
REQUIRED: dict[str, dict[str, Any]] = {
    "AwsSecretAccess": dict(aws_args()),
    "AzureAuditTrail": {
        "vault_ids": {"test": VAULT_ID},
        "workspace_id": f"{GROUP}/Microsoft.OperationalInsights/workspaces/audit",
    },
    "AzureSecretAccess": dict(azure_args()),
    "GcpSecretAccess": dict(gcp_args()),
    "GcpClusterTrust": {"project": "my-project", "issuer": f"https://{ISSUER_HOST}", "pool_id": "blue-cluster"},
    "SecretWorkload": {"access": ACCESS, "image": "registry.example/shop:1.4.2"},
    "DeveloperAccess": {"groups": ["team-a"]},
    "ExternalSecretAccess": {"store": STORE},
    "IsolationProbe": {"accesses": {name: access_of(name) for name in ("test", "prod")}},
    "KubernetesSecret": {"values": {"url": Secret("postgres://database")}},
    "ServiceAccountGuard": {"deployer_groups": ["deployers"]},
    "SidecarInjection": {"access": ACCESS},
    "SharedSecretService": {"backend": shared_args()["backend"]},
    "VaultSecretAccess": {"address": ADDRESS},
}
"""Arguments without which a component refuses the others; those with an example in their docstring need none here."""
POD_IDENTITY = {"oidc_provider_arn": None, "pod_identity": "role_per_namespace", "eks_cluster_arn": CLUSTER_ARN}
EXISTING_VAULT = {"vault_id": VAULT_ID, "secrets": ["database-password"]}
GKE = {"workload_identity_provider": GKE_PROVIDER}
BESIDE: dict[tuple[str, str], dict[str, Any]] = {
    ("AwsSecretAccess", "oidc_provider_arns"): {"oidc_provider_arn": None},
    ("AwsSecretAccess", "existing_role_arn"): {"oidc_provider_arn": None},
    ("AwsSecretAccess", "eks_cluster_arn"): POD_IDENTITY,
    ("AwsSecretAccess", "pod_identity"): {**POD_IDENTITY, "existing_role_arn": ROLE_ARN},
    ("AwsSecretAccess", "target_role_arn"): POD_IDENTITY,
    ("AwsSecretAccess", "pod_identity_agent_url"): POD_IDENTITY,
    **dict.fromkeys([("AzureSecretAccess", name) for name in EXISTING_IDENTITY], EXISTING_IDENTITY),
    **dict.fromkeys([("AzureSecretAccess", name) for name in BOUND if name != "issuers"], BOUND),
    **dict.fromkeys([("AzureSecretAccess", name) for name in ("shared_vault", "vault_id")], EXISTING_VAULT),
    ("GcpAuditTrail", "sink_name"): {"sink_destination": "storage.googleapis.com/audit-my-project"},
    ("AzureSecretAccess", "write_role_id"): {"access": "read_write"},
    ("GcpClusterTrust", "gke_cluster"): {"issuer": None, "pool_id": None},
    ("GcpSecretAccess", "external_secrets"): GKE,
    ("GcpSecretAccess", "events_role"): {"events": True},
    ("GcpSecretAccess", "write_role"): {"access": "read_write"},
    ("GcpSecretAccess", "granted_locations"): {"location": "europe-west3"},
}
"""Arguments that one goes with; None leaves out what it excludes."""
TRUST = {"StringEquals": {"aws:PrincipalOrgID": ["o-a1b2c3d4e5"]}}
OWN_POLICY = "arn:aws:iam::444455556666:policy/boundary"
VALUES: dict[tuple[str, str], Any] = {
    ("AwsAuditTrail", "bucket_name"): "trail-of-the-platform",
    ("AzureAuditTrail", "action_group_ids"): [f"{GROUP}/Microsoft.Insights/actionGroups/security"],
    ("AzureAuditTrail", "storage_account_id"): f"{GROUP}/Microsoft.Storage/storageAccounts/audit",
    ("AwsSecretAccess", "pod_identity"): "session_tags",
    ("AwsSecretAccess", "session_duration"): 7200,
    ("AwsSecretAccess", "existing_role_arn"): ROLE_ARN,
    ("AwsSecretAccess", "trust_conditions"): {"IpAddress": {"aws:SourceIp": ["192.0.2.0/24"]}},
    ("AwsTargetRole", "permissions_boundary"): OWN_POLICY,
    ("AwsTargetRole", "policy_arns"): [OWN_POLICY],
    ("AwsTargetRole", "trust_conditions"): TRUST,
    ("ClusterTrust", "existing_provider_arn"): PROVIDER_ARN,
    ("GcpClusterTrust", "gke_cluster"): GKE_CLUSTER,
    ("GcpSecretAccess", "pool_project_number"): PROJECT_NUMBER,
    ("ExternalSecretAccess", "ca_bundle"): CERTIFICATE,
    ("PodEgress", "cidrs"): ["10.20.0.0/24"],
    ("KubernetesSecret", "type"): "Opaque",
    ("SecretWorkload", "caller"): caller.access("https://secrets.platform.svc:8080", "vault", 3600, "secrets-ca"),
    ("SecretWorkload", "kind"): "StatefulSet",
    ("SecretWorkload", "spec"): {"minReadySeconds": 5},
    ("ServiceAccountGuard", "policy_name"): "secret-access-guard-test",
    ("VaultClusterTrust", "ca_pem"): CERTIFICATE,
}
OF_ALL: dict[str, Any] = {
    "resources": {"requests": {"cpu": "100m"}},
    "role_name": "secret-access-blue-test",
    "sidecar_resources": {"requests": {"cpu": "100m"}},
    "image_pull_policy": "Always",
}
"""The same for an argument that several components have."""


def value_of(component: str, name: str, definition: PropertyDefinition) -> Any:
    """A value that the argument takes; raises KeyError if the docstring has none and nor has a table here."""
    if (component, name) in VALUES:
        return VALUES[component, name]
    if name in OF_ALL:
        return OF_ALL[name]
    if component in REQUIRED and name in REQUIRED[component]:
        return REQUIRED[component][name]
    if name in BESIDE.get((component, name), {}):
        return BESIDE[component, name][name]
    return _from_docstring(component, name, definition)


def _from_docstring(component: str, name: str, definition: PropertyDefinition) -> Any:
    text = " ".join((definition.description or "").split())
    if definition.type is PropertyType.BOOLEAN:
        return "Default: true" not in text
    if definition.ref and (found := PACKAGE._type_defs.get(definition.ref.split(":")[-1])) and found.enum:
        return [member.value for member in found.enum][-1]
    given = re.search(r"Example: `(.*?)`[.,;](?= |$)", text) or re.search(
        r"Default: `?([^`]*?)`?(?:[.,;] |[.,;]?$)", text
    )
    if given is None:
        raise KeyError(f"{component}.{name} has no example and no default that a test can use: add one")
    return _literal(given[1], is_text=definition.type is PropertyType.STRING)


def _literal(text: str, *, is_text: bool) -> Any:
    if is_text:
        return text
    try:
        return json.loads(text)
    except ValueError:
        return ast.literal_eval(text)


def there() -> dict[str, dict[str, Any]]:
    """What exists already for a component that takes it over: by id, the state."""
    identities = {
        "secret-access/role-arn": "arn:aws:iam::111122223333:role/secret-access-test",
        "secret-access/google-identity": f"principal://iam.googleapis.com/{POOL}/subject/{SUBJECT}",
        "secret-access/vault-role": "auth/jwt/role/secret-access-test",
        "secret-access/client-id": CLIENT,
    }
    return {
        "test/secret-access": {"metadata": {"name": "secret-access", "annotations": identities}},
        PROVIDER_ARN: {"arn": PROVIDER_ARN, "clientIdLists": ["sts.amazonaws.com"]},
    }


def arguments_with(component: str, name: str) -> dict[str, Any]:
    """Arguments that a component takes, this one among them."""
    definition = DEFINITIONS[component]
    required = {
        python: value_of(component, python, given)
        for given_name, given in definition.inputs.items()
        if not given.optional and (python := definition.inputs_mapping[given_name])
    }
    value = value_of(component, name, definition.inputs[_schema_name(component, name)])
    given = {**required, **REQUIRED.get(component, {}), **BESIDE.get((component, name), {}), name: value}
    return {key: item for key, item in given.items() if item is not None}


def _schema_name(component: str, name: str) -> str:
    return next(schema for schema, python in DEFINITIONS[component].inputs_mapping.items() if python == name)


ARGUMENTS = [
    (component, python)
    for component, definition in DEFINITIONS.items()
    for python in definition.inputs_mapping.values()
]
