"""The components can be packaged for any language: Pulumi's own analyzer makes a schema of them."""

import json
from typing import Any

import pytest

from secret_access import (
    AwsAuditTrail,
    AwsSecretAccess,
    AwsSharedRole,
    AwsTargetRole,
    AzureAuditTrail,
    AzureSecretAccess,
    ClusterTrust,
    DeveloperAccess,
    ExternalSecretAccess,
    GcpAuditTrail,
    GcpClusterTrust,
    GcpSecretAccess,
    KubernetesSecret,
    PodEgress,
    SecretWorkload,
    ServiceAccountGuard,
    SharedSecretService,
    SidecarInjection,
    VaultAuditTrail,
    VaultClusterTrust,
    VaultSecretAccess,
)
from secret_access.packaging import Package

COMPONENTS = [
    AwsAuditTrail,
    AwsSecretAccess,
    AwsSharedRole,
    AwsTargetRole,
    AzureAuditTrail,
    AzureSecretAccess,
    ClusterTrust,
    DeveloperAccess,
    ExternalSecretAccess,
    GcpAuditTrail,
    GcpClusterTrust,
    GcpSecretAccess,
    KubernetesSecret,
    PodEgress,
    SecretWorkload,
    ServiceAccountGuard,
    SharedSecretService,
    SidecarInjection,
    VaultAuditTrail,
    VaultClusterTrust,
    VaultSecretAccess,
]


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    provider = Package(COMPONENTS)
    loaded: dict[str, Any] = json.loads(provider.schema or "")
    return loaded


def test_every_component_is_in_the_schema_under_the_type_it_registers(schema: dict[str, Any]) -> None:
    """The types in state are the same, whether imported in Python or used from another language."""
    assert set(schema["resources"]) == {f"secret-access:index:{component.__name__}" for component in COMPONENTS}


def test_every_input_and_output_is_described(schema: dict[str, Any]) -> None:
    """Each attribute's docstring reaches the schema; inputs that may be left out give their default."""
    for name, resource in schema["resources"].items():
        required = resource["requiredInputs"]
        for key, value in {**resource["inputProperties"], **resource["properties"]}.items():
            assert value.get("description"), f"{name}.{key}"
        for key, value in resource["inputProperties"].items():
            assert key in required or "Default: " in value["description"], f"{name}.{key}"
            assert "Example: " in value["description"] or "Default: " in value["description"], f"{name}.{key}"


def test_access_is_an_enumeration(schema: dict[str, Any]) -> None:
    """Other languages see the two words."""
    values = [value["value"] for value in schema["types"]["secret-access:index:Access"]["enum"]]
    assert values == ["read", "read_write"]


def test_required_inputs_are_few(schema: dict[str, Any]) -> None:
    """A namespace needs three things said, and by which of AWS's ways it gets its identity."""
    assert schema["resources"]["secret-access:index:AwsSecretAccess"]["requiredInputs"] == [
        "namespace",
        "region",
        "sidecarImage",
    ]
